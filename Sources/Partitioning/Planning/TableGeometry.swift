// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// What is covered of one table's key, what must be, and the difference, cut along the grid.
struct TableGeometry {
    /// A row that a client stamps with a clock ahead of the server's may arrive this long before its range begins.
    static let clockAllowance: Int64 = 600_000_000

    let policy: GrowthPolicy
    let codec: CoordinateCodec
    /// Whole cells, from the one that holds now to the end of the buffer.
    let required: KeyRange
    let hasDefault: Bool
    private let nowCoordinate: Int64
    private let tableName: RelationName
    private let ranges: [(partition: Partition, range: KeyRange)]
    /// Ranges that no new partition may overlap: attached ones and those whose detach is pending.
    private let occupied: Coverage
    /// Ranges in which a row finds its partition: pending detaches refuse it.
    private let serving: Coverage

    init(table: PartitionedTable, policy: GrowthPolicy, codec: CoordinateCodec, now: Instant, required: KeyRange) {
        self.policy = policy
        self.codec = codec
        self.required = required
        hasDefault = table.defaultPartition != nil
        nowCoordinate = policy.coordinate(of: now)
        tableName = table.name
        ranges = PolicyInference.ranges(of: table)
        occupied = Coverage(ranges.map(\.range))
        serving = Coverage(ranges.filter { !$0.partition.isDetachPending }.map(\.range))
    }

    /// What must be covered and isn't. A table may begin, or have a hole, in the part of now's cell that is already over:
    /// that is the past, like any other.
    private var missing: [KeyRange] {
        serving.gaps(within: required).filter { $0.upper > nowCoordinate }
    }

    /// What missed runs left open: rows of the missed days may still be on their way. In key order.
    private var missed: [KeyRange] { unfinished + sinceNewest }

    /// Where the newest partition ended before now, the time since then.
    ///
    /// Only where a run was missed, not where a table was set up anew beside an old partition: the newest partition is
    /// ours, or it ended no longer ago than a set may go unextended. Older gaps are somebody's decision, and only reported.
    private var sinceNewest: [KeyRange] {
        guard !ranges.contains(where: { $0.range.contains(nowCoordinate) }),
            let newest = ranges.filter({ $0.range.upper <= nowCoordinate }).max(by: { $0.range.upper < $1.range.upper }
            ),
            newest.range.upper < required.lower, continues(newest.partition, until: newest.range.upper)
        else { return [] }
        return [KeyRange(lower: newest.range.upper, upper: required.lower)]
    }

    /// What a run after a missed one had no time to fill: gaps before a partition that we made when its time had already come.
    private var unfinished: [KeyRange] {
        guard let first = ranges.map(\.range.lower).min(), first < nowCoordinate else { return [] }
        return occupied.gaps(within: KeyRange(lower: first, upper: nowCoordinate)).filter { gap in
            guard let before = ranges.first(where: { $0.range.upper == gap.lower && !$0.range.isEmpty }),
                let after = ranges.first(where: { $0.range.lower == gap.upper }),
                let createdAt = after.partition.marker?.createdAt
            else { return false }
            return policy.coordinate(of: createdAt) >= gap.upper && continues(before.partition, until: gap.lower)
        }
    }

    /// Whether a gap after this partition, which ended at `end`, is ours to fill.
    private func continues(_ partition: Partition, until end: Int64) -> Bool {
        guard end != Int64.min else { return false }
        let (age, overflow) = nowCoordinate.subtractingReportingOverflow(end)
        return partition.marker != nil || (!overflow && age <= policy.patience)
    }

    /// Uncovered parts between the oldest lower bound and now that nobody is going to fill.
    private var pastGaps: [KeyRange] {
        guard let first = ranges.map(\.range.lower).min(), first < nowCoordinate else { return [] }
        return Coverage(serving.merged + missing + missed).gaps(within: KeyRange(lower: first, upper: nowCoordinate))
    }

    /// The ranges for which partitions have to be made, none larger than a cell of the grid.
    ///
    /// Those of the required range come first, in key order: rows of now find their partition soonest, whatever cuts the
    /// run short. Ranges of a missed run follow.
    ///
    /// - Parameter limit: a small grid and a long buffer can ask for millions; no more than this many are returned.
    /// - Returns: the ranges, and how many more there are.
    func pieces(limit: Int) -> (pieces: [KeyRange], more: Int) {
        var pieces: [KeyRange] = []
        var more = 0
        let ahead = occupied.gaps(within: required).filter { $0.upper > nowCoordinate }
        for gap in ahead + missed.flatMap(occupied.gaps) {
            let cut = cut(gap, limit: max(0, limit - pieces.count))
            pieces += cut
            let rest = cut.last?.upper ?? gap.lower
            // The cells of the grid that the rest touches are counted, not made.
            if rest < gap.upper {
                more += policy.grid.index(containing: gap.upper - 1) - policy.grid.index(containing: rest) + 1
            }
        }
        return (pieces, more)
    }

    /// Cuts a gap along the grid, into `limit` pieces at most.
    private func cut(_ gap: KeyRange, limit: Int) -> [KeyRange] {
        var pieces: [KeyRange] = []
        var lower = gap.lower
        while lower < gap.upper, pieces.count < limit {
            let next = policy.grid.boundary(policy.grid.index(containing: lower) + 1) ?? gap.upper
            let upper = min(max(next, lower + 1), gap.upper)
            pieces.append(KeyRange(lower: lower, upper: upper))
            lower = upper
        }
        return pieces
    }

    func receivesWritesNow(_ range: KeyRange) -> Bool {
        // Not by addition to now, which may lie at the end of what can be expressed; a lower bound lies far from the other end.
        range.lower - Self.clockAllowance <= nowCoordinate
    }

    func reason(for range: KeyRange) -> String {
        if range.contains(nowCoordinate) { return "no partition takes rows of now" }
        if range.upper <= nowCoordinate { return "the partition of this past range was missed" }
        let isInner = ranges.contains { $0.range.lower >= range.upper }
        return isInner
            ? "a gap inside the buffer of \(policy.buffer)" : "inside the buffer of \(policy.buffer)"
    }

    var report: CoverageReport {
        let end = serving.contiguousEnd(from: nowCoordinate)
        return CoverageReport(
            coveredUntil: end,
            coveredUntilText: end.map { $0 == Int64.max ? "infinity" : codec.literal($0) },
            daysRemaining: days(to: end),
            requiredUntil: required.upper,
            requiredUntilText: codec.literal(required.upper),
            missing: missing,
            gapsInThePast: pastGaps,
            hasDefaultPartition: hasDefault
        )
    }

    private func days(to end: Int64?) -> Double? {
        guard let end else { return 0 }
        if end == Int64.max { return nil }
        let (distance, overflow) = end.subtractingReportingOverflow(nowCoordinate)
        return overflow ? nil : Double(distance) / 86_400_000_000
    }

    var findings: [Finding] {
        var findings: [Finding] = []
        for gap in missing {
            let isFree = occupied.gaps(within: gap) == [gap]
            findings.append(
                Finding(
                    .error,
                    .notCovered,
                    table: tableName,
                    "rows of \(tableName) from \(codec.literal(gap.lower)) to \(codec.literal(gap.upper)) have no partition"
                        + (hasDefault ? " but the default one" : ""),
                    remedy: isFree
                        ? "partition-cli rotate creates it"
                        : "complete the detach that is pending there; partition-cli rotate then creates it"
                )
            )
        }
        for gap in pastGaps {
            findings.append(
                Finding(
                    .warning,
                    .gap,
                    table: tableName,
                    "a gap in the past of \(tableName), from \(codec.literal(gap.lower)) to \(codec.literal(gap.upper)): "
                        + "late rows of it "
                        + (hasDefault ? "go to the default partition" : "are refused"),
                    remedy: "if such rows can still arrive, create the partition by hand"
                )
            )
        }
        return findings
    }
}
