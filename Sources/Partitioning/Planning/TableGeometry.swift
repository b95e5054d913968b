// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// What is covered of one table's key, what must be, and the difference, cut along the grid.
struct TableGeometry {
    /// A row that a client stamps with a clock ahead of the server's may arrive this long before its range begins.
    static let clockAllowance: Int64 = 600_000_000

    let policy: GrowthPolicy
    let codec: CoordinateCodec
    let now: Instant
    let hasDefault: Bool
    private let tableName: RelationName
    private let ranges: [(partition: Partition, range: KeyRange)]
    /// Ranges that no new partition may overlap: attached ones and those whose detach is pending.
    private let occupied: Coverage
    /// Ranges in which a row finds its partition: pending detaches refuse it.
    private let serving: Coverage

    init(table: PartitionedTable, policy: GrowthPolicy, codec: CoordinateCodec, now: Instant) {
        self.policy = policy
        self.codec = codec
        self.now = now
        tableName = table.name
        hasDefault = table.defaultPartition != nil
        ranges = PolicyInference.ranges(of: table)
        occupied = Coverage(ranges.map(\.range))
        serving = Coverage(ranges.filter { !$0.partition.isDetachPending }.map(\.range))
    }

    private var nowCoordinate: Int64 { policy.coordinate(of: now) }

    /// The ranges for which partitions have to be made, in key order, none larger than a cell of the grid.
    ///
    /// Where the newest partition ended before now, the time since then is filled too: rows of the missed days may
    /// still be on their way. Older gaps are somebody's decision, and only reported.
    func pieces(required: KeyRange) -> [KeyRange] {
        var wanted = required
        if let newest = ranges.map(\.range.upper).filter({ $0 <= nowCoordinate }).max(),
            !ranges.contains(where: { $0.range.upper > nowCoordinate && $0.range.lower <= nowCoordinate })
        {
            wanted = KeyRange(lower: min(newest, required.lower), upper: required.upper)
        }
        return occupied.gaps(within: wanted).flatMap(cut)
    }

    /// Cuts a gap along the grid.
    private func cut(_ gap: KeyRange) -> [KeyRange] {
        var pieces: [KeyRange] = []
        var lower = gap.lower
        while lower < gap.upper {
            let next = policy.grid.boundary(policy.grid.index(containing: lower) + 1) ?? gap.upper
            let upper = min(max(next, lower + 1), gap.upper)
            pieces.append(KeyRange(lower: lower, upper: upper))
            lower = upper
        }
        return pieces
    }

    func receivesWritesNow(_ range: KeyRange) -> Bool {
        range.lower <= nowCoordinate + Self.clockAllowance
    }

    func reason(for range: KeyRange) -> String {
        if range.contains(nowCoordinate) { return "no partition takes rows of now" }
        if range.upper <= nowCoordinate { return "the partition of this past range was missed" }
        let isInner = ranges.contains { $0.range.lower >= range.upper }
        return isInner
            ? "a gap inside the buffer of \(policy.bufferDays) days" : "inside the buffer of \(policy.bufferDays) days"
    }

    func report(required: KeyRange) -> CoverageReport {
        let end = serving.contiguousEnd(from: nowCoordinate)
        let past = pastGaps(before: required.lower)
        return CoverageReport(
            coveredUntil: end,
            coveredUntilText: end.map { $0 == Int64.max ? "infinity" : codec.literal($0) },
            daysRemaining: days(to: end),
            requiredUntil: required.upper,
            requiredUntilText: codec.literal(required.upper),
            missing: serving.gaps(within: required),
            gapsInThePast: past,
            hasDefaultPartition: hasDefault
        )
    }

    private func days(to end: Int64?) -> Double? {
        guard let end else { return 0 }
        if end == Int64.max { return nil }
        let (distance, overflow) = end.subtractingReportingOverflow(nowCoordinate)
        return overflow ? nil : Double(distance) / 86_400_000_000
    }

    /// Uncovered parts between the oldest finite lower bound and the required range.
    private func pastGaps(before end: Int64) -> [KeyRange] {
        guard let first = ranges.map(\.range).filter({ $0.lower < end }).min() else { return [] }
        let upper = min(end, ranges.map(\.range.upper).max() ?? end)
        guard first.lower < upper else { return [] }
        return serving.gaps(within: KeyRange(lower: first.lower, upper: upper))
    }

    func findings(required: KeyRange) -> [Finding] {
        var findings: [Finding] = []
        for gap in serving.gaps(within: required) {
            findings.append(
                Finding(
                    .error,
                    .notCovered,
                    table: tableName,
                    "rows of \(tableName) from \(codec.literal(gap.lower)) to \(codec.literal(gap.upper)) have no partition"
                        + (hasDefault ? " but the default one" : ""),
                    remedy: "partition-cli rotate creates it"
                )
            )
        }
        for gap in pastGaps(before: required.lower) {
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
