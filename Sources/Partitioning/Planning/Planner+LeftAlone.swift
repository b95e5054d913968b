// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension Planner {
    /// When the last partition of a table that isn't grown ends.
    struct Ending {
        /// A sentence's end: `its last partition ends at 2026-12-01, 3.2 days from now`.
        var words: String
        /// It ends within the buffer, and not so long ago that nobody seems to use the table.
        var isNear: Bool
        /// Rows of now are refused.
        var lacksNow = false
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
        guard let last = ranges.max(by: { $0.upper < $1.upper }), last.upper != .min else { return nil }
        let now =
            type == .timestamptz
            ? snapshot.server.now.microseconds
            : (snapshot.namedZone ?? .utc).civil(snapshot.server.now).microseconds
        let covered = Coverage(ranges).contiguousEnd(from: now)
        if covered == nil, last.upper > now {
            let hasDefault = table.defaultPartition != nil
            return Ending(
                words:
                    "no partition \(hasDefault ? "but the default one " : "")takes rows of now, though there are later ones",
                isNear: true,
                lacksNow: !hasDefault
            )
        }
        let end = covered ?? last.upper
        if end == .max { return nil }
        let (remaining, overflow) = end.subtractingReportingOverflow(now)
        guard !overflow else { return nil }
        let day = 86_400_000_000.0
        let tenths = remaining.magnitude / UInt64(day / 10)
        let distance = "\(tenths / 10).\(tenths % 10) days"
        // As a policy's patience, with the last partition for its period.
        let buffer = Double(settings.bufferDays) * day
        let period = last.isFinite ? Double(last.upper) - Double(last.lower) : 0
        let words =
            if end < last.upper {
                "it has a gap from \(codec.literal(end)) on, \(distance) from now"
            } else if remaining >= 0 {
                "its last partition ends at \(codec.literal(end)), \(distance) from now"
            } else {
                "its last partition ended at \(codec.literal(end)), \(distance) ago"
            }
        return Ending(
            words: words,
            isNear: Double(remaining) < buffer && -Double(remaining) <= max(buffer, 3 * period)
        )
    }

    /// Of a table that isn't grown and refuses rows of now, whatever it has for later.
    func refusal(of table: PartitionedTable, _ left: LeftAlone, isFailure: Bool) -> Finding {
        Finding(
            isFailure ? .error : .warning,
            .notCovered,
            table: table.name,
            "rows of \(table.name) for now have no partition: they are refused",
            remedy: left.remedy ?? "create the partition by hand"
        )
    }
}
