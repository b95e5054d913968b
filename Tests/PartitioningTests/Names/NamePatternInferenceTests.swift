// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Testing

@Suite("Name patterns inferred from existing names")
struct NamePatternInferenceTests {
    private static func infer(_ table: String, _ samples: [(String, String)]) throws -> String? {
        NamePattern.infer(table: table, samples: try samples.map { ($0.0, try civil($0.1)) })?.description
    }

    @Test(
        "from a single name",
        arguments: [
            ("events", "events_2026_06", "2026-06-01", "{table}_{yyyy}_{mm}"),
            ("events", "events_2026_01", "2026-01-01", "{table}_{yyyy}_{mm}"),
            ("events", "events_p20260601", "2026-06-01", "{table}_p{yyyy}{mm}{dd}"),
            ("events", "events_p20260601_000000", "2026-06-01", "{table}_p{yyyy}{mm}{dd}_{hh}{mi}{ss}"),
            ("events", "events_p20260601_130000", "2026-06-01 13:00:00", "{table}_p{yyyy}{mm}{dd}_{hh}{mi}{ss}"),
            ("events", "events_2024_w26", "2024-06-24", "{table}_{iyyy}_w{iw}"),
            ("events", "events_p2024w26", "2024-06-24", "{table}_p{iyyy}w{iw}"),
            ("events", "events_2024_q1", "2024-01-01", "{table}_{yyyy}_q{q}"),
            ("events", "events_2024", "2024-01-01", "{table}_{yyyy}"),
            ("events", "events_2026_01_01", "2026-01-01", "{table}_{yyyy}_{mm}_{dd}"),
            ("events", "ev_202606", "2026-06-01", "ev_{yyyy}{mm}"),
            ("events", "p_events_2026_06", "2026-06-01", "p_{table}_{yyyy}_{mm}"),
            ("events", "events_06_2026", "2026-06-01", "{table}_{mm}_{yyyy}"),
            ("EVENTS", "EVENTS_2026_06", "2026-06-01", "{table}_{yyyy}_{mm}"),
            ("Events", "events_2026_06", "2026-06-01", "events_{yyyy}_{mm}"),
            ("événements", "événements_2026_06", "2026-06-01", "{table}_{yyyy}_{mm}"),
            ("日志", "日志2026年06月", "2026-06-01", "{table}{yyyy}年{mm}月"),
            ("2026", "2026_2026_06", "2026-06-01", "{table}_{yyyy}_{mm}"),
            ("v2_events", "v2_events_2026_06", "2026-06-01", "{table}_{yyyy}_{mm}"),
            ("events", "metrics2_2026_06", "2026-06-01", "metrics2_{yyyy}_{mm}"),
            ("events", "events_2026_152", "2026-06-01", "{table}_{yyyy}_{ddd}"),
            ("events", "events_1780272000", "2026-06-01", "{table}_{unix}"),
            ("events", "events_26_06", "2026-06-01", "{table}_{yy}_{mm}"),
            ("e{x}", "e{x}_2026_06", "2026-06-01", "{table}_{yyyy}_{mm}"),
            ("t", "a{b}_2026_06", "2026-06-01", "a{{b}_{yyyy}_{mm}"),
            ("my events", "my events.2026-06", "2026-06-01", "{table}.{yyyy}-{mm}"),
        ]
    )
    func single(table: String, name: String, lower: String, expected: String) throws {
        let pattern = try Self.infer(table, [(name, lower)])
        #expect(pattern == expected)
    }

    @Test(
        "are none if the names don't follow from the bounds",
        arguments: [
            ("events", "events_current", "2026-06-01"), ("events", "events_2025_07", "2026-06-01"),
            ("events", "", "2026-06-01"), ("", "", "2026-06-01"),
            ("events", "events_jun_25a", "2026-07-01"),
            ("events", String(repeating: "2026_06_", count: 30), "2026-06-01"), ("events", "events", "2026-06-01"),
        ]
    )
    func nothing(table: String, name: String, lower: String) throws {
        #expect(try Self.infer(table, [(name, lower)]) == nil)
        #expect(NamePattern.infer(table: table, samples: []) == nil)
    }

    @Test("take what explains all names where a single one leaves a choice")
    func several() throws {
        #expect(
            try Self.infer("e", [("e_01_01_2026", "2026-01-01"), ("e_02_01_2026", "2026-01-02")])
                == "{table}_{dd}_{mm}_{yyyy}"
        )
        #expect(
            try Self.infer("e", [("e_2026_01", "2025-12-29"), ("e_2026_02", "2026-01-05")]) == "{table}_{iyyy}_{iw}"
        )
        #expect(
            try Self.infer("e", [("e_06_2026_06", "2026-06-01"), ("e_06_2026_07", "2026-07-01")])
                == "{table}_06_{yyyy}_{mm}"
        )
    }

    @Test("follow the newest names, in whatever order they come")
    func newest() throws {
        let samples = [
            ("e_p20260501", "2026-05-01"), ("e_2026_07", "2026-07-01"), ("old", "2020-01-01"),
            ("e_2026_06", "2026-06-01"), ("e_p20260401", "2026-04-01"),
        ]
        #expect(try Self.infer("e", samples) == "{table}_{yyyy}_{mm}")
        #expect(try Self.infer("e", samples.reversed()) == "{table}_{yyyy}_{mm}")
    }

    @Test("are not hidden by an exception at the end")
    func exception() throws {
        let samples = (1...5).map { ("e_2026_0\($0)", "2026-0\($0)-01") } + [("e_next", "2026-06-01")]
        #expect(try Self.infer("e", samples) == "{table}_{yyyy}_{mm}")
        #expect(
            try Self.infer(
                "e",
                [("e_2026_01", "2026-01-01"), ("e_b", "2026-02-01"), ("e_c", "2026-03-01"), ("e_d", "2026-04-01")]
            ) == nil
        )
    }

    @Test("recognise names that were cut to 63 bytes, and the offset of a repeated hour")
    func ownNames() throws {
        let table = String(repeating: "long_table_", count: 5) + "x"
        let grid = Grid(period: .hour, timeline: .zoned(.paris))
        let pattern = NamePattern.standard(for: .hour)
        let first = grid.index(containing: try instant("2026-10-24T22:00:00Z").microseconds)
        for count in [1, 2, 4, 5, 30] {
            let samples = try (first..<first + count).map { k in
                (try #require(pattern.name(table: table, grid: grid, index: k)), try #require(grid.civilBoundary(k)))
            }
            #expect(samples.allSatisfy { $0.0.utf8.count <= 63 && !$0.0.hasPrefix(table) })
            #expect(NamePattern.infer(table: table, samples: samples) == pattern, "\(count)")
        }
    }

    @Test("give back every standard pattern from names made with it, in every zone", arguments: ZoneRules.handWritten)
    func roundTrip(rules: ZoneRules) throws {
        for text in [
            "minute", "15 minutes", "hour", "6 hours", "day", "week", "week (sunday)", "2 weeks", "month", "6 months",
            "quarter", "year",
        ] {
            let period = try period(text)
            let grid = Grid(period: period, timeline: .zoned(rules))
            let pattern = NamePattern.standard(for: period)
            let newest = grid.index(containing: rules.transitions.last?.at.microseconds ?? 1_781_000_000_000_000)
            for count in [1, 3, 30] {
                let samples = try (newest - count + 1...newest).filter { grid.range($0) != nil }.map { k in
                    (
                        try #require(pattern.name(table: "app.events", grid: grid, index: k)),
                        try #require(grid.civilBoundary(k))
                    )
                }
                #expect(
                    NamePattern.infer(table: "app.events", samples: samples) == pattern,
                    "\(rules.name) \(text) \(count)"
                )
            }
        }
    }

    @Test("end in moderate time for names made to be read in many ways")
    func hostile() throws {
        let name = String(repeating: "01_", count: 21)
        let samples = try (1...200).map { _ in (name, try civil("2001-01-01 01:01:01")) }
        _ = NamePattern.infer(table: "0", samples: samples)
        _ = NamePattern.infer(
            table: "",
            samples: try [(String(repeating: "1", count: 63), civil("1111-11-11 11:11:11"))]
        )
    }
}
