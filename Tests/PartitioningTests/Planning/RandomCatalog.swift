// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import SeededRandom

/// A catalog with one table such as hands and programs leave behind: an interval in some zone, kept up well or badly, with
/// holes, odd partitions, limits without end, detaches begun, at any moment.
struct RandomCatalog: Sendable {
    let snapshot: CatalogSnapshot
    let settings: PlanSettings
    let table: PartitionedTable
    /// Whether the partitions are named after their bounds.
    let hasPattern: Bool

    /// - Returns: nil where the numbers drawn make no table.
    init?(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        guard let zone = ZoneRules.handWritten.randomElement(using: &generator),
            let key = [KeyType.date, .timestamp, .timestamptz, .timestamptz].randomElement(using: &generator),
            let period = Self.period(for: key, &generator), let codec = CoordinateCodec(key)
        else { return nil }
        let grid = Grid(period: period, timeline: key == .timestamptz ? .zoned(zone) : .civil)
        let now = Self.now(near: zone, &generator)
        // Some twenty cells at the most, to keep thousands of these quick.
        let days = Int(period.approximateMicroseconds / 86_400_000_000)
        let buffer = Int.random(in: 1...min(400, max(1, 20 * days)), using: &generator)
        let policy = GrowthPolicy(grid: grid, zone: zone, names: .standard(for: period), buffer: Buffer(days: buffer))
        let current = grid.index(containing: policy.coordinate(of: now))

        var ranges = Self.run(around: current, on: grid, &generator)
        ranges += Self.extras(around: current, on: grid, &generator)
        ranges = Self.withoutOverlaps(ranges)
        guard !ranges.isEmpty else { return nil }

        var table = PartitionedTable(
            oid: 1000,
            name: RelationName(schema: "public", name: "events"),
            strategy: .range,
            key: [.init(column: "event_ts", sql: "event_ts", type: key, typeName: "\(key)")],
            partitions: []
        )
        let isOurs = Bool.random(using: &generator)
        // Reading a pattern off names takes the longest by far, and has tests of its own.
        hasPattern = Int.random(in: 0..<4, using: &generator) == 0
        for (index, range) in ranges.shuffled(using: &generator).enumerated() {
            var partition = Partition(
                oid: 1001 + UInt32(index),
                name: RelationName(
                    schema: "public",
                    name: hasPattern ? Self.name(of: range, on: grid) : Self.odd(index)
                ),
                bound: .known(.range(lower: [Self.datum(range.lower, codec)], upper: [Self.datum(range.upper, codec)]))
            )
            if isOurs {
                // Made in good time or not, but not after now.
                let late = Int64.random(in: -30...3, using: &generator) * 86_400_000_000
                let at = range.lower == .min ? now.microseconds : min(now.microseconds, range.lower + late)
                partition.marker = PartitionMarker(parent: "public.events", createdAt: Instant(microseconds: at))
            }
            partition.isDetachPending = Int.random(in: 0..<40, using: &generator) == 0
            table.partitions.append(partition)
        }
        if Bool.random(using: &generator) {
            table.partitions.append(
                Partition(
                    oid: 9000,
                    name: RelationName(schema: "public", name: "events_default"),
                    bound: .known(.default)
                )
            )
        }
        self.table = table
        // With a zone that somebody named, or with those that the server found.
        let isNamed = Bool.random(using: &generator) || key != .timestamptz
        snapshot = CatalogSnapshot(
            server: ServerFacts(version: 180_004, now: now, database: "app", role: "owner"),
            tables: [table],
            zoneCandidates: isNamed ? [:] : [table.oid: [zone, zone.renamed("Zz/Same")]],
            namedZone: isNamed ? zone : nil
        )
        settings = PlanSettings(
            bufferDays: buffer,
            timeZone: isNamed ? zone.name : nil,
            stepsPerTable: 100_000,
            stepsPerRun: 100_000
        )
    }

    private static func period(for key: KeyType, _ generator: inout SeededGenerator) -> Period? {
        var texts = [
            "day", "day", "week", "week (sunday)", "month", "month", "quarter", "year", "2 weeks", "6 months",
            "10 days",
        ]
        if key != .date { texts += ["hour", "6 hours", "90 minutes"] }
        return texts.randomElement(using: &generator).flatMap { try? Period(parsing: $0) }
    }

    /// Often within a day of a change of the clock.
    private static func now(near zone: ZoneRules, _ generator: inout SeededGenerator) -> Instant {
        let day: Int64 = 86_400_000_000
        let base = zone.transitions.randomElement(using: &generator)?.at.microseconds ?? 1_795_000_000_000_000
        let distance = [day, 60 * day, 500 * day].randomElement(using: &generator) ?? day
        return Instant(microseconds: base + Int64.random(in: -distance...distance, using: &generator))
    }

    /// Cells in a row that end before, at or after now, some of them missing.
    private static func run(around current: Int, on grid: Grid, _ generator: inout SeededGenerator) -> [KeyRange] {
        let last = current + Int.random(in: -3...6, using: &generator)
        let length = Int.random(in: 1...8, using: &generator)
        let hasHoles = Int.random(in: 0..<3, using: &generator) == 0
        return ((last - length + 1)...last).compactMap { index in
            hasHoles && Int.random(in: 0..<4, using: &generator) == 0 ? nil : grid.range(index)
        }
    }

    private static func extras(around current: Int, on grid: Grid, _ generator: inout SeededGenerator) -> [KeyRange] {
        var ranges: [KeyRange] = []
        func boundary(_ distance: Int) -> Int64 { grid.boundary(current + distance) ?? 0 }
        // A cell far ahead; a wide legacy partition; the past or the future without end.
        switch Int.random(in: 0..<12, using: &generator) {
        case 0: ranges += grid.range(current + Int.random(in: 7...400, using: &generator)).map { [$0] } ?? []
        case 1: ranges.append(KeyRange(lower: boundary(-40), upper: boundary(-15)))
        case 2: ranges.append(KeyRange(lower: Int64.min, upper: boundary(Int.random(in: -20...0, using: &generator))))
        case 3: ranges.append(KeyRange(lower: boundary(Int.random(in: 1...20, using: &generator)), upper: Int64.max))
        case 4:
            // The rest of a cell that somebody made by hand, at a midnight of its own.
            let lower = boundary(-1)
            ranges.append(KeyRange(lower: lower, upper: lower + (boundary(0) - lower) / 2))
        default: break
        }
        return ranges
    }

    private static func withoutOverlaps(_ ranges: [KeyRange]) -> [KeyRange] {
        ranges.reduce(into: []) { kept, range in
            if !range.isEmpty, !kept.contains(where: { $0.overlaps(range) }) { kept.append(range) }
        }
    }

    private static func name(of range: KeyRange, on grid: Grid) -> String {
        let index = grid.index(containing: range.lower)
        let name = NamePattern.standard(for: grid.period).name(table: "events", grid: grid, index: index)
        return range.isFinite ? name ?? "events_old" : "events_rest"
    }

    /// A name without a date: `part_a`, `part_aa`…
    static func odd(_ number: Int) -> String { "part_" + String(repeating: "a", count: number + 1) }

    private static func datum(_ coordinate: Int64, _ codec: CoordinateCodec) -> BoundDatum {
        switch coordinate {
        case .min: .minValue
        case .max: .maxValue
        default: .literal(codec.literal(coordinate))
        }
    }
}
