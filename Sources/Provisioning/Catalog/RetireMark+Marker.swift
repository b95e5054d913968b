// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import PartitionMap
package import Partitioning

extension RetireMark {
    /// The retire protocol's mark, as it stands in a partition's comment.
    ///
    /// A sighting that can't be read is none: the wait begins again, which is the safe side.
    package init(_ marker: RetiringMarker) {
        self.init(
            drainingSince: marker.drainingSince.microseconds,
            sighting: marker.sighting.flatMap { sighting in
                guard let lsn = try? LogSequenceNumber(parsing: sighting.lsn) else { return nil }
                return Sighting(version: sighting.version, lsn: lsn, at: sighting.at.microseconds)
            },
            keptUntil: marker.keptUntil?.microseconds
        )
    }
}

extension RetiringMarker {
    /// What is written into the comment.
    package init(_ mark: RetireMark) {
        self.init(
            drainingSince: Instant(microseconds: mark.drainingSince),
            sighting: mark.sighting.map {
                Sighting(version: $0.version, lsn: $0.lsn.description, at: Instant(microseconds: $0.at))
            },
            keptUntil: mark.keptUntil.map(Instant.init(microseconds:))
        )
    }
}
