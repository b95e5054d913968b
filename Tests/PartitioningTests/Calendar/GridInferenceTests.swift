// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import SeededRandom
import Testing

@Suite("Grids inferred from existing partitions")
struct GridInferenceTests {
    /// Ranges between consecutive local times; `…` between two texts leaves a gap.
    private static func ranges(_ texts: [String], _ timeline: Timeline = .civil) throws -> [KeyRange] {
        try zip(texts, texts.dropFirst()).compactMap { lower, upper in
            guard lower != "…", upper != "…" else { return nil }
            return KeyRange(
                lower: timeline.coordinate(of: try civil(lower)),
                upper: timeline.coordinate(of: try civil(upper))
            )
        }
    }

    private static func cells(_ grid: Grid, endingBefore text: String, _ count: Int) throws -> [KeyRange] {
        let end = grid.index(containing: grid.timeline.coordinate(of: try civil(text)))
        return try (end - count..<end).map { try #require(grid.range($0)) }
    }

    @Test(
        "from a single partition",
        arguments: [
            ("2026-06-01", "2026-07-01", "month", "2000-01-01"), ("2026-02-01", "2026-03-01", "month", "2000-01-01"),
            ("2026-06-15", "2026-07-15", "month", "2026-06-15"), ("2026-06-10", "2026-06-11", "day", "2000-01-01"),
            ("2026-06-22", "2026-06-29", "week", "2000-01-03"),
            ("2026-06-21", "2026-06-28", "week (sunday)", "2000-01-02"),
            ("2026-06-24", "2026-07-01", "week (wednesday)", "2000-01-05"),
            ("2026-04-01", "2026-07-01", "quarter", "2000-01-01"),
            ("2026-02-01", "2026-05-01", "3 months", "2026-02-01"), ("2026-01-01", "2027-01-01", "year", "2000-01-01"),
            ("2026-04-01", "2027-04-01", "year", "2026-04-01"), ("2026-01-01", "2026-07-01", "6 months", "2000-01-01"),
            ("2026-06-22", "2026-07-06", "2 weeks", "2026-06-22"),
            ("2026-06-10 13:00:00", "2026-06-10 14:00:00", "hour", "2000-01-01"),
            ("2026-06-10 18:00:00", "2026-06-11", "6 hours", "2000-01-01"),
            ("2026-06-10 13:15:00", "2026-06-10 13:30:00", "15 minutes", "2000-01-01"),
            ("2026-06-10 13:07:00", "2026-06-10 14:07:00", "hour", "2026-06-10 13:07:00"),
            ("2026-06-10 06:00:00", "2026-06-11 06:00:00", "day", "2026-06-10 06:00:00"),
        ]
    )
    func single(lower: String, upper: String, every: String, anchor: String) throws {
        for timeline in [Timeline.civil, .zoned(.paris), .zoned(.kolkata), .zoned(.utc)] {
            let ranges = try Self.ranges([lower, upper], timeline)
            let grid = try GridInference.infer(ranges: ranges, timeline: timeline).get()
            #expect(grid.period == (try period(every)))
            #expect(grid.range(grid.index(containing: ranges[0].lower)) == ranges[0])
            // Six hours apart in elapsed time have another phase in summer than on 2000-01-01.
            #expect(grid.anchor == (try civil(anchor)) || (every == "6 hours" && timeline == .zoned(.paris)))
        }
    }

    @Test(
        "from a single partition of an odd length are not inferred",
        arguments: [
            ("2026-06-05", "2026-07-01"), ("2023-01-01", "2026-01-01"), ("2020-03-01", "2026-07-01"),
            ("2026-06-10", "2026-06-10 07:00:00"),
            ("2026-06-10", "2026-06-10 00:00:30"), ("2026-06-10 00:00:00.5", "2026-06-11"),
            ("2026-06-10", "2026-06-11 12:00:00"),
            ("4714-11-24 BC", "294247-01-10"),
        ]
    )
    func oddSingle(lower: String, upper: String) throws {
        let failure = try #require(throws: GridInferenceFailure.self) {
            try GridInference.infer(ranges: Self.ranges([lower, upper]), timeline: .civil).get()
        }
        #expect(failure.code == .notCalendarShaped)
        #expect(failure.reason.contains(try civil(lower).description) && failure.reason.contains("every:"))
    }

    @Test(
        "from several partitions",
        arguments: [
            (["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01"], "month"),
            (["2026-01-29", "2026-02-01", "2026-03-01"], "month"),
            // 28 days are a month in February only.
            (["2026-01-04", "2026-02-01", "2026-03-01"], "4 weeks (sunday)"),
            (["2026-01-01", "2026-01-11", "2026-01-21"], "10 days"),
            (["2020-01-01", "2023-01-01", "2026-01-01"], "3 years"),
            (["2026-01-01", "2026-03-15", "2026-04-01", "2026-05-01"], "month"),
            (["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"], "month"),
            (["2025-11-30", "2026-02-28", "2026-05-31"], "3 months"),
            (["2026-01-01", "2026-01-01 05:00:00", "2026-01-01 10:00:00"], "5 hours"),
            (["2024-02-29", "2025-02-28", "2026-02-28"], "year"),
            // A legacy partition in front, and a gap.
            (["2000-01-01", "2026-05-01", "2026-06-01"], "month"),
            (["2023-01-01", "2026-01-01", "2026-02-01", "2026-03-01"], "month"),
            (["2026-01-01", "2026-02-01", "…", "2026-05-01", "2026-06-01"], "month"),
            // The interval changed: the newest ones decide.
            (["2026-03-01", "2026-04-01", "2026-05-01", "2026-05-02", "2026-05-03"], "day"),
            (["2026-04-29", "2026-04-30", "2026-05-01", "2026-06-01", "2026-07-01"], "month"),
            (["2026-04-01", "2026-05-01", "2026-05-02"], "day"),
        ]
    )
    func several(texts: [String], every: String) throws {
        let ranges = try Self.ranges(texts)
        for shown in [ranges, ranges.reversed()] {
            let grid = try GridInference.infer(ranges: shown, timeline: .civil).get()
            #expect(grid.period == (try period(every)))
            #expect(grid.range(grid.index(containing: try #require(ranges.last).lower)) == ranges.last)
        }
    }

    @Test(
        "a newest partition of another length than the regular ones before it is ambiguous",
        arguments: ["2026-05-02", "2029-05-01", "2026-05-17", "2026-05-01 00:00:00.5"]
    )
    func ambiguous(end: String) throws {
        let ranges = try Self.ranges(["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01", end])
        let failure = try #require(throws: GridInferenceFailure.self) {
            try GridInference.infer(ranges: ranges, timeline: .civil).get()
        }
        #expect(failure.code == .ambiguous)
        #expect(
            failure.reason.contains("2026-05-01 00:00:00") && failure.reason.contains("every: month")
                && failure.reason.contains("the 4 before")
        )
    }

    @Test("partitions without a limit are left out; if there are no others, that is the reason")
    func unbounded() throws {
        let month = try Self.ranges(["2026-06-01", "2026-07-01"])
        let open = [
            KeyRange(lower: .min, upper: month[0].lower), KeyRange(lower: month[0].upper, upper: .max),
            KeyRange(lower: 5, upper: 5),
        ]
        #expect(try GridInference.infer(ranges: open + month, timeline: .civil).get().period == .month)
        for ranges in [open, []] {
            let failure = #expect(throws: GridInferenceFailure.self) {
                try GridInference.infer(ranges: ranges, timeline: .civil).get()
            }
            #expect(failure?.code == .noFiniteRange)
        }
    }

    @Test(
        "are given back for every zone, period and number of partitions around changes of the clock",
        arguments: ZoneRules.handWritten
    )
    func roundTrip(rules: ZoneRules) throws {
        for text in [
            "15 minutes", "hour", "6 hours", "day", "week", "week (saturday)", "month", "quarter", "6 months", "year",
        ] {
            let grid = Grid(period: try period(text), timeline: .zoned(rules))
            for transition in rules.transitions.prefix(4) {
                let newest = grid.index(containing: transition.at.microseconds) + 2
                for count in [3, 40] {
                    let ranges = (newest - count + 1...newest).compactMap { grid.range($0) }
                    #expect(
                        GridInference.infer(ranges: ranges, timeline: grid.timeline) == .success(grid),
                        "\(rules.name) \(text) \(count)"
                    )
                }
            }
        }
    }

    @Test(
        "know a day that begins in a skipped or a repeated hour",
        arguments: [(ZoneRules.saoPaulo, "2018-11-05"), (.havana, "2026-11-02"), (.cairo, "2024-04-27")]
    )
    func oddMidnight(rules: ZoneRules, end: String) throws {
        let grid = Grid(period: .day, timeline: .zoned(rules))
        #expect(
            GridInference.infer(ranges: try Self.cells(grid, endingBefore: end, 1), timeline: grid.timeline)
                == .success(grid)
        )
    }

    @Test("know days that begin at half past two, also when the newest begins in a skipped hour")
    func skippedTimeOfDay() throws {
        let grid = Grid(period: .day, anchor: try civil("2026-01-01 02:30:00"), timeline: .zoned(.paris))
        let ranges = try Self.cells(grid, endingBefore: "2026-03-30 02:30:00", 4)
        #expect(ranges.last?.lower == (try instant("2026-03-29T01:30:00Z").microseconds))
        let inferred = try GridInference.infer(ranges: ranges, timeline: grid.timeline).get()
        #expect(inferred.period == .day && inferred.anchor.description.hasSuffix("02:30:00"))
        let next = grid.index(containing: try instant("2026-06-01T12:00:00Z").microseconds)
        let cell = try #require(grid.range(next))
        #expect(inferred.range(inferred.index(containing: cell.lower)) == cell)
    }

    @Test("know hours that begin at seven minutes past, also in an hour that is repeated")
    func repeatedHour() throws {
        for text in ["2026-10-25T00:07:00Z", "2026-10-25T01:07:00Z"] {
            let lower = try instant(text).microseconds
            let range = KeyRange(lower: lower, upper: lower + 3_600_000_000)
            let grid = try GridInference.infer(ranges: [range], timeline: .zoned(.paris)).get()
            #expect(grid.period == .hour)
            #expect(grid.range(grid.index(containing: lower)) == range)
        }
    }

    @Test("find the zone whose midnights the boundaries are")
    func zones() throws {
        let timelines = [ZoneRules.utc, .paris, .havana].map { Timeline.zoned($0) }
        for period in [Period.day, .week, .month, .quarter] {
            for rules in [ZoneRules.utc, .paris, .havana] {
                let grid = Grid(period: period, timeline: .zoned(rules))
                for count in [1, 3, 20] {
                    let ranges = try Self.cells(grid, endingBefore: "2026-12-15", count)
                    let match = try GridInference.infer(ranges: ranges, timelines: timelines).get()
                    #expect(match.grid == grid, "\(period) \(rules.name) \(count)")
                    #expect(match.explained == count && match.fitting.contains(grid))
                }
            }
        }
    }

    @Test("name all zones that fit, and take the first given if they fit equally well")
    func severalZonesFit() throws {
        let hours = Grid(period: .hour, timeline: .zoned(.paris))
        let ranges = try Self.cells(hours, endingBefore: "2026-06-15", 48)
        let match = try GridInference.infer(
            ranges: ranges,
            timelines: [.zoned(.utc), .zoned(.paris), .zoned(.kolkata)]
        ).get()
        #expect(match.grid.timeline.zoneName == "UTC")
        #expect(match.fitting.map(\.timeline.zoneName) == ["UTC", "Europe/Paris", "Asia/Kolkata"])
        #expect(match.fitting.allSatisfy { $0.period == .hour })

        let days = try Self.cells(Grid(period: .day, timeline: .zoned(.paris)), endingBefore: "2026-04-02", 6)
        let fitting = try GridInference.infer(ranges: days, timelines: [.zoned(.kolkata), .zoned(.paris)]).get()
        #expect(fitting.grid.timeline.zoneName == "Europe/Paris")
        #expect(throws: GridInferenceFailure.self) { try GridInference.infer(ranges: days, timelines: []).get() }
    }

    @Test("never trap, whatever the ranges: 3000 random sets")
    func fuzz() {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<3000 {
            let scales: [Int64] = [60_000_000, 86_400_000_000, 2_629_746_000_000, .max / 4]
            let scale = scales.randomElement(using: &generator) ?? 1
            var lower = Int64.random(in: -scale...scale, using: &generator)
            var ranges: [KeyRange] = []
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let (upper, overflow) = lower.addingReportingOverflow(
                    scale / Int64.random(in: 1...4, using: &generator)
                )
                guard !overflow else { break }
                ranges.append(KeyRange(lower: lower, upper: upper))
                lower = upper
            }
            ranges.append(
                KeyRange(
                    lower: .random(in: .min ... .max, using: &generator),
                    upper: .random(in: .min ... .max, using: &generator)
                )
            )
            guard let rules = ZoneRules.handWritten.randomElement(using: &generator) else { continue }
            if case .success(let grid) = GridInference.infer(ranges: ranges, timeline: .zoned(rules)) {
                let newest = ranges.filter { $0.isFinite && !$0.isEmpty }.max()
                #expect(newest.map { grid.range(grid.index(containing: $0.lower)) == $0 } == true)
            }
        }
    }
}
