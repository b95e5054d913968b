// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension Planner {
    /// When the last partition of a table that isn't grown ends.
    struct Ending {
        /// A sentence's end: `its last partition ends at 2026-12-01, 3.2 days from now`.
        var words: String
        /// It ends within the buffer, and not so long ago that nobody seems to use the table.
        var isNear: Bool
    }

    /// - Returns: nil for tables whose growth is none of ours for another reason than that we lack something, and where there is no end.
    func ending(of table: PartitionedTable, left: LeftAlone) -> Ending? {
        switch left.reason {
        case .notOwned, .notInferable, .ambiguousZone: break
        case .kind, .extensionMember, .maintainedByPartman, .unreadableBound, .dormant, .policyMismatch, .notFound:
            return nil
        }
        guard let type = table.key.first?.type, let codec = CoordinateCodec(type) else { return nil }
        let ranges = PolicyInference.ranges(of: table).filter { !$0.partition.isDetachPending }.map(\.range)
        guard let last = ranges.max(by: { $0.upper < $1.upper }), last.upper != .max, last.upper != .min else {
            return nil
        }
        let now =
            type == .timestamptz
            ? snapshot.server.now.microseconds
            : (snapshot.namedZone ?? .utc).civil(snapshot.server.now).microseconds
        let (remaining, overflow) = last.upper.subtractingReportingOverflow(now)
        guard !overflow else { return nil }
        let day = 86_400_000_000.0
        let tenths = remaining.magnitude / UInt64(day / 10)
        let distance = "\(tenths / 10).\(tenths % 10) days"
        // As a policy's patience, with the last partition for its period.
        let buffer = Double(settings.bufferDays) * day
        let period = last.isFinite ? Double(last.upper) - Double(last.lower) : 0
        return Ending(
            words: remaining >= 0
                ? "its last partition ends at \(codec.literal(last.upper)), \(distance) from now"
                : "its last partition ended at \(codec.literal(last.upper)), \(distance) ago",
            isNear: Double(remaining) < buffer && -Double(remaining) <= max(buffer, 3 * period)
        )
    }
}
