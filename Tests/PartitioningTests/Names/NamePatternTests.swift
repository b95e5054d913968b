// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import Partitioning
import Testing

@Suite("Name patterns")
struct NamePatternTests {
    @Test(
        "standard ones",
        arguments: [
            ("month", "{table}_{yyyy}_{mm}", "events_2026_06"), ("3 months", "{table}_{yyyy}_{mm}", "events_2026_06"),
            ("day", "{table}_{yyyy}_{mm}_{dd}", "events_2026_06_22"),
            ("week", "{table}_{iyyy}_w{iw}", "events_2026_w26"),
            ("week (sunday)", "{table}_{yyyy}_{mm}_{dd}", "events_2026_06_22"),
            ("quarter", "{table}_{yyyy}_q{q}", "events_2026_q2"),
            ("year", "{table}_{yyyy}", "events_2026"),
            ("hour", "{table}_{yyyy}_{mm}_{dd}_{hh}{mi}", "events_2026_06_22_1345"),
            ("15 minutes", "{table}_{yyyy}_{mm}_{dd}_{hh}{mi}", "events_2026_06_22_1345"),
        ]
    )
    func standard(text: String, pattern: String, name: String) throws {
        let standard = NamePattern.standard(for: try period(text))
        #expect(standard.description == pattern)
        #expect(try NamePattern(parsing: pattern) == standard)
        #expect(standard.name(table: "events", lower: try civil("2026-06-22 13:45:00")) == name)
        #expect(standard.isInjective(for: try period(text)))
    }

    @Test("render every token")
    func tokens() throws {
        let pattern = try NamePattern(parsing: "{{x}{table}|{yyyy}|{yy}|{q}|{mm}|{dd}|{ddd}|")
        #expect(pattern.name(table: "T", lower: try civil("2026-02-03 00:00:00")) == "{x}T|2026|26|1|02|03|034|")
        let clock = try NamePattern(parsing: "{iyyy}|{iw}|{hh}{mi}{ss}|{unix}")
        #expect(clock.name(table: "T", lower: try civil("2026-12-31 23:04:05")) == "2026|53|230405|1798758245")
        #expect(clock.name(table: "T", lower: try civil("1969-12-31 23:59:59.5")) == "1970|01|235959|m1")
        #expect(try NamePattern(parsing: "{yyyy}").name(table: "", lower: civil("0044-03-15 00:00:00 BC")) == "0044bc")
    }

    @Test(
        "survive being written, and JSON",
        arguments: ["{table}_{yyyy}", "{{{yyyy}}", "été {yyyy}\"x\"", "{yyyy}{mm}"]
    )
    func text(_ text: String) throws {
        let pattern = try NamePattern(parsing: text)
        #expect(pattern.description == text)
        #expect(try JSONDecoder().decode(NamePattern.self, from: JSONEncoder().encode(pattern)) == pattern)
    }

    @Test(
        "are not read from what is none, and the error says why",
        arguments: [
            ("", "empty"), ("{month}", "{month}"), ("{yyyy", "without a }"), ("{}", "{}"),
            ("{table}{table}{yyyy}", "once"),
            ("a\0{yyyy}", "NUL"), ("{table}" + String(repeating: "x", count: 44), "too long"),
            (String(repeating: "x", count: 64), "too long"),
        ]
    )
    func rejects(text: String, part: String) {
        let error = #expect(throws: NamePatternError.self) { try NamePattern(parsing: text) }
        #expect(error?.message.contains(part) == true)
    }

    @Test(
        "never make a name longer than 63 bytes, and keep the date",
        arguments: ["{table}_{yyyy}_{mm}", "p{yyyy}{mm}_{table}_x", "{yyyy}_{mm}"]
    )
    func lengths(text: String) throws {
        let pattern = try NamePattern(parsing: text)
        var names: Set<String> = []
        for month in 1...12 {
            for end in ["a", "b", "日本"] {
                let lower = CivilDateTime(midnightOf: try #require(CivilDate(year: 2026, month: month, day: 1)))
                let name = pattern.name(
                    table: String(repeating: "x", count: 62) + end,
                    lower: lower,
                    disambiguator: "_p0100"
                )
                #expect(name.utf8.count <= 63 && name.hasSuffix("_p0100") && name.contains("2026"))
                names.insert(name)
            }
        }
        #expect(names.count == (text.contains("{table}") ? 36 : 12))
    }

    @Test(
        "too coarse for a period are known",
        arguments: [
            ("{table}_{yyyy}_{mm}", "day", false), ("{table}_{yyyy}_{mm}", "month", true),
            ("{table}_{yyyy}_{mm}", "week", false),
            ("{table}_{yyyy}_{mm}", "year", true), ("{table}_{mm}", "month", false), ("{table}_{yyyy}", "month", false),
            ("{table}_{yyyy}", "12 months", true), ("{table}_{yyyy}", "year", true),
            ("{table}_{yyyy}_q{q}", "quarter", true),
            ("{table}_{yyyy}_q{q}", "3 months", true), ("{table}_{yyyy}_q{q}", "2 months", false),
            ("{table}_{yyyy}_{dd}", "day", false),
            ("{table}_{yyyy}_{ddd}", "day", true), ("{table}_{yyyy}{mm}{dd}", "day", true),
            ("{table}_{yyyy}{mm}{dd}", "hour", false),
            ("{table}_{yyyy}{mm}{dd}", "24 hours", false), ("{table}_{yyyy}{mm}{dd}", "48 hours", true),
            ("{table}_{yyyy}{mm}{dd}_{hh}", "hour", true), ("{table}_{yyyy}{mm}{dd}_{hh}", "30 minutes", false),
            ("{table}_{yyyy}{mm}{dd}_{hh}{mi}", "minute", true), ("{table}_{unix}", "minute", true),
            ("{table}_{iyyy}_{iw}", "week", true),
            ("{table}_{yyyy}_{iw}", "week", false), ("{table}_{iyyy}_{iw}", "day", false),
            ("{table}_{iyyy}_{iw}", "month", true),
            ("{table}_{iyyy}", "year", false), ("{table}_{yyyy}_{mm}", "31 days", true),
            ("{table}_{yyyy}_{mm}", "30 days", false),
            ("{table}", "1000000 years", false), ("events", "day", false), ("{table}_{yy}{mm}", "month", true),
        ]
    )
    func injective(text: String, every: String, expected: Bool) throws {
        let pattern = try NamePattern(parsing: text)
        let period = try period(every)
        #expect(pattern.isInjective(for: period) == expected)
        if expected {
            try pattern.validate(for: period)
        } else {
            let error = #expect(throws: NamePatternError.self) { try pattern.validate(for: period) }
            #expect(error?.message.contains(NamePattern.standard(for: period).description) == true)
        }
    }

    @Test(
        "that are fine enough give different names in every zone: ten thousand cells around changes of the clock",
        arguments: ZoneRules.handWritten
    )
    func uniqueNames(rules: ZoneRules) throws {
        let texts = [
            "{table}_{yyyy}_{mm}", "{table}_{yyyy}{mm}{dd}", "{table}_{yyyy}_{mm}_{dd}_{hh}{mi}", "{yyyy}{ddd}{hh}",
            "{iyyy}{iw}", "{yyyy}_{q}",
        ]
        for every in ["15 minutes", "hour", "6 hours", "48 hours", "day", "31 days", "week", "month", "quarter"] {
            for pattern in try texts.map({ try NamePattern(parsing: $0) })
            where try pattern.isInjective(for: period(every)) {
                let grid = Grid(period: try period(every), timeline: .zoned(rules))
                var seen: Set<String> = []
                let middle = grid.index(containing: rules.transitions.last?.at.microseconds ?? 0)
                for k in middle - 300...middle + 300 where grid.range(k) != nil {
                    let name = try #require(pattern.name(table: "e", grid: grid, index: k))
                    #expect(seen.insert(name).inserted, "\(rules.name) \(every) \(name)")
                }
            }
        }
    }

    @Test("tell the repeated hour apart by its offset, and leave a repeated midnight's day alone")
    func repeatedHour() throws {
        let pattern = NamePattern.standard(for: .hour)
        func names(_ rules: ZoneRules, _ from: String, _ count: Int, _ period: Period = .hour) throws -> [String] {
            let grid = Grid(period: period, timeline: .zoned(rules))
            let first = grid.index(containing: try instant(from).microseconds)
            return (first..<first + count).compactMap {
                (period == .hour ? pattern : .standard(for: period)).name(table: "e", grid: grid, index: $0)
            }
        }
        #expect(
            try names(.paris, "2026-10-25T00:00:00Z", 3)
                == ["e_2026_10_25_0200", "e_2026_10_25_0200_p0100", "e_2026_10_25_0300"]
        )
        #expect(try names(.havana, "2026-11-01T04:00:00Z", 2) == ["e_2026_11_01_0000", "e_2026_11_01_0000_m0500"])
        #expect(try names(.havana, "2026-11-01T05:00:00Z", 2, .day) == ["e_2026_11_01", "e_2026_11_02"])
        #expect(try names(.saoPaulo, "2018-11-04T03:00:00Z", 2, .day) == ["e_2018_11_04", "e_2018_11_05"])
        #expect(try names(.lordHowe, "2026-04-04T14:30:00Z", 2) == ["e_2026_04_05_0100", "e_2026_04_05_0130_p1030"])
        #expect(Grid(period: .day, timeline: .civil).boundary(.max) == nil)
        #expect(pattern.name(table: "e", grid: Grid(period: .day, timeline: .civil), index: .max) == nil)
    }
}
