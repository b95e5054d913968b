// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// What the catalog remembers of a partition that is to be retired: it stands in the partition's marker comment, so that a crash
/// between any two steps loses nothing. All moments are microseconds since 1970 UTC.
package struct RetireMark: Sendable, Hashable {
    /// From when on every map that is made from the catalog says `draining` of this partition.
    package let drainingSince: Int64
    /// The last time somebody wrote down that a read showed a map with the draining entry; nil before the first time.
    package let sighting: Sighting?
    /// The latest ``PartitionMapDocument/KeepPromise/until`` of any map in which the partition was active, as far as it was seen.
    package let keptUntil: Int64?

    /// A linearizable read that showed a map in which the partition is draining.
    package struct Sighting: Sendable, Hashable {
        /// Of that map.
        package let version: Int64
        /// Of the database's log when that map was made.
        package let lsn: LogSequenceNumber
        /// Not before the read was answered.
        package let at: Int64

        package init(version: Int64, lsn: LogSequenceNumber, at: Int64) {
            self.version = version
            self.lsn = lsn
            self.at = at
        }

        init(of header: PartitionMapHeader, at: Int64) {
            self.init(version: header.version, lsn: header.lsn, at: at)
        }

        func isOf(_ header: PartitionMapHeader) -> Bool { version == header.version && lsn == header.lsn }
    }

    package init(drainingSince: Int64, sighting: Sighting? = nil, keptUntil: Int64? = nil) {
        self.drainingSince = drainingSince
        self.sighting = sighting
        self.keptUntil = keptUntil
    }

    func keeping(until: Int64) -> RetireMark {
        RetireMark(drainingSince: drainingSince, sighting: sighting, keptUntil: until)
    }

    func seeing(_ sighting: Sighting) -> RetireMark {
        RetireMark(drainingSince: drainingSince, sighting: sighting, keptUntil: keptUntil)
    }
}
