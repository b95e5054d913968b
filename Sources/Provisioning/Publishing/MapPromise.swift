// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import PartitionMap
package import Partitioning

/// Until when a published map promises its partitions to stay, so that routers which are cut off from the registry may go on writing:
/// all of them, since no run of this version retires any, and for two weeks at least.
///
/// The promise moves once a week, so that a map isn't another one in each run; and the map of the week before is as good until
/// the next run.
package struct MapPromise: Hashable, Sendable {
    private static let week = 7 * 86_400 * 1_000_000 as Int64
    /// 1970-01-05, midnight UTC.
    private static let monday = 4 * 86_400 * 1_000_000 as Int64

    /// The week, counted from ``monday`` on.
    private let number: Int64

    package init(at now: Instant) {
        number = Self.number(of: now)
    }

    private static func number(of now: Instant) -> Int64 {
        let (quotient, remainder) = (now.microseconds - monday).quotientAndRemainder(dividingBy: week)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// Microseconds since 1970 UTC: from 14 to 21 days ahead.
    var until: Int64 { (number + 3) * Self.week + Self.monday }

    /// From the first bound of an active partition on that is a value; nil where there is none.
    package func promise(of entries: [PartitionMapDocument.Entry]) -> PartitionMapDocument.KeepPromise? {
        for entry in entries where entry.state == .active {
            guard case .range(let start, _)? = entry.path.first else { continue }
            switch start.first {
            case .minValue?, .maxValue?, nil: continue
            // In UTC, as it is written.
            case .instant(let microseconds, _)?:
                return .init(from: .instant(microseconds: microseconds, utcOffset: 0), until: until)
            case let datum?: return .init(from: datum, until: until)
            }
        }
        return nil
    }

    /// Whether a stored map is the one that would be published now, or was in the week before.
    package static func isCurrent(_ stored: PartitionMapDocument, for document: PartitionMapDocument) -> Bool {
        if stored == document { return true }
        guard let keep = document.keep,
            stored.keep == PartitionMapDocument.KeepPromise(from: keep.from, until: keep.until - week)
        else { return false }
        return stored.table == document.table && stored.key == document.key && stored.timezone == document.timezone
            && stored.entries == document.entries
    }
}
