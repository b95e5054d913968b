// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import Partitioning
import Testing

@Suite("Grids")
struct GridTests {
    @Test(
        "of hours have 25 and 23 cells on the days on which clocks change, without a gap",
        arguments: [
            (ZoneRules.paris, "2026-10-25", 25), (.paris, "2026-03-29", 23), (.paris, "2026-03-30", 24),
            (.havana, "2026-11-01", 24), (.havana, "2026-10-31", 25), (.havana, "2026-03-08", 23),
            (.saoPaulo, "2018-11-04", 23), (.saoPaulo, "2019-02-16", 25), (.kolkata, "2026-10-25", 24),
        ]
    )
    func hoursOfADay(rules: ZoneRules, day: String, count: Int) throws {
        let date = try #require(CivilDate(parsing: day))
        let days = Grid(period: .day, timeline: .zoned(rules))
        let hours = Grid(period: .hour, timeline: .zoned(rules))
        let cell = try #require(days.range(date.daysSinceEpoch - days.anchor.date.daysSinceEpoch))
        let first = hours.index(containing: cell.lower)
        let last = hours.index(containing: cell.upper - 1)
        #expect(last - first + 1 == count)
        #expect(hours.boundary(first) == cell.lower)
        #expect(hours.boundary(last + 1) == cell.upper)
        #expect(
            Set((first...last).compactMap { NamePattern.standard(for: .hour).name(table: "e", grid: hours, index: $0) })
                .count == count
        )
    }

    @Test("of months count from the anchor: nothing is lost on a 31st")
    func monthsFromThe31st() throws {
        let grid = Grid(period: .month, anchor: try civil("2026-01-31 00:00:00"), timeline: .civil)
        let bounds = (-2...4).compactMap { grid.boundary($0) }.map { CivilDateTime(microseconds: $0).date.description }
        #expect(
            bounds == [
                "2025-11-30", "2025-12-31", "2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31",
            ]
        )
        #expect(grid.civilBoundary(25)?.description == "2028-02-29 00:00:00")
    }

    @Test("do not drift after a midnight that was skipped")
    func skippedMidnight() throws {
        let grid = Grid(period: .day, timeline: .zoned(.saoPaulo))
        let day = grid.index(containing: try instant("2018-11-04T12:00:00Z").microseconds)
        let bounds = (day...day + 2).compactMap { grid.boundary($0) }.map { Instant(microseconds: $0).description }
        #expect(bounds == ["2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z", "2018-11-06T02:00:00Z"])
        #expect(grid.civilBoundary(day)?.description == "2018-11-04 00:00:00")
    }

    @Test("put weeks on their weekday and quarters on theirs months")
    func weeksAndQuarters() throws {
        let coordinate = try civil("2026-06-25 13:00:00").microseconds  // a Thursday
        func lower(_ text: String) throws -> String? {
            let grid = Grid(period: try period(text), timeline: .civil)
            return grid.civilBoundary(grid.index(containing: coordinate))?.description
        }
        #expect(try lower("week") == "2026-06-22 00:00:00")
        #expect(try lower("week (sunday)") == "2026-06-21 00:00:00")
        #expect(try lower("week (friday)") == "2026-06-19 00:00:00")
        #expect(try lower("quarter") == "2026-04-01 00:00:00")
        #expect(try lower("6 months") == "2026-01-01 00:00:00")
        #expect(try lower("10 years") == "2020-01-01 00:00:00")
        #expect(try lower("15 minutes") == "2026-06-25 13:00:00")
    }

    @Test("keep six hours apart in elapsed time when clocks change")
    func sixHours() throws {
        let grid = Grid(period: try period("6 hours"), timeline: .zoned(.paris))
        let k = grid.index(containing: try instant("2026-03-28T23:00:00Z").microseconds)
        let local = (k...k + 4).compactMap { grid.civilBoundary($0)?.description }
        #expect(
            local == [
                "2026-03-29 00:00:00", "2026-03-29 07:00:00", "2026-03-29 13:00:00", "2026-03-29 19:00:00",
                "2026-03-30 01:00:00",
            ]
        )
    }

    @Test("have an empty cell for the day that a zone skips, and never answer with it")
    func skippedDay() throws {
        let grid = Grid(period: .day, timeline: .zoned(.apia))
        let day = try #require(CivilDate(parsing: "2011-12-30")).daysSinceEpoch - grid.anchor.date.daysSinceEpoch
        #expect(grid.boundary(day) == grid.boundary(day + 1))
        #expect(grid.range(day) == nil)
        let boundary = try #require(grid.boundary(day))
        #expect(grid.index(containing: boundary) == day + 1)
        let after = try #require(grid.range(day + 1))
        #expect(grid.range(day - 1)?.isAdjacent(to: after) == true)
    }

    @Test("find the day again after clocks were put back twice in a night")
    func twiceInANight() throws {
        // Local time runs to 00:30, again from 23:30 to 00:30, and again from 23:30 on.
        let rules = ZoneRules(
            name: "odd",
            initialOffset: 7200,
            transitions: [
                .init(at: try instant("2026-06-09T22:30:00Z"), offset: 3600),
                .init(at: try instant("2026-06-09T23:30:00Z"), offset: 0),
            ]
        )
        let grid = Grid(period: .day, timeline: .zoned(rules))
        let day = grid.index(containing: try instant("2026-06-10T12:00:00Z").microseconds)
        let boundary = try #require(grid.boundary(day))
        for minutes in Int64(0)...120 {
            #expect(grid.index(containing: boundary + minutes * 60_000_000) == day)
        }
        #expect(grid.index(containing: boundary - 1) == day - 1)
    }

    @Test(
        "end where PostgreSQL's timestamps do, and never trap",
        arguments: ["minute", "1000000 hours", "day", "week", "month", "quarter", "1000000 years"]
    )
    func limits(text: String) throws {
        // Offsets that no zone has, as a file might hold them.
        let wild = ZoneRules(
            name: "wild",
            initialOffset: .max,
            transitions: [.init(at: Instant(microseconds: 0), offset: .min)]
        )
        for rules in ZoneRules.handWritten + [wild] {
            for anchor in [CivilDateTime(microseconds: .min), .init(microseconds: 0), .init(microseconds: .max)] {
                let grid = Grid(period: try period(text), anchor: anchor, timeline: .zoned(rules))
                #expect(grid.boundary(.max) == nil)
                #expect(grid.boundary(.min) == nil)
                #expect(grid.range(.max) == nil)
                #expect(grid.civilBoundary(.max) == nil)
                for coordinate in [Int64.min, Int64.min + 1, -1, 0, Int64.max - 1, .max] {
                    _ = grid.index(containing: coordinate)
                }
            }
        }
        let grid = Grid(period: .day, timeline: .civil)
        let first = grid.index(containing: .min)
        #expect(grid.civilBoundary(first)?.description == "4714-11-24 00:00:00 BC")
        #expect(grid.boundary(first - 1) == nil)
        let last = grid.index(containing: .max)
        #expect(grid.civilBoundary(last)?.description == "294247-01-10 00:00:00")
        #expect(grid.boundary(last + 1) == nil)
    }

    @Test("survive JSON", arguments: [Timeline.civil, .zoned(.havana)])
    func codable(timeline: Timeline) throws {
        let grid = Grid(period: try period("2 weeks (sunday)"), timeline: timeline)
        #expect(try JSONDecoder().decode(Grid.self, from: JSONEncoder().encode(grid)) == grid)
    }
}
