// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import Partitioning
import Testing

@Suite("Civil dates")
struct CivilDateTests {
    @Test("agree with Foundation's proleptic calendar on every day from 1601 to 2400")
    func agreesWithFoundation() throws {
        var calendar = Calendar(identifier: .iso8601)
        calendar.timeZone = try #require(TimeZone(secondsFromGMT: 0))
        let first = try #require(CivilDate(year: 1601, month: 1, day: 1)).daysSinceEpoch
        let last = try #require(CivilDate(year: 2400, month: 12, day: 31)).daysSinceEpoch
        #expect(last - first == 292_193)
        for day in stride(from: first, through: last, by: 1) {
            let date = CivilDate(daysSinceEpoch: day)
            let parts = calendar.dateComponents(
                [.year, .month, .day, .weekday, .weekOfYear, .yearForWeekOfYear, .quarter],
                from: Date(timeIntervalSince1970: Double(day) * 86_400)
            )
            guard date.year == parts.year, date.month == parts.month, date.day == parts.day,
                date.weekday % 7 + 1 == parts.weekday, date.isoWeek.week == parts.weekOfYear,
                date.isoWeek.year == parts.yearForWeekOfYear
            else {
                Issue.record("\(date): Foundation has \(parts)")
                return
            }
        }
    }

    @Test("count days without a break over the whole range, and back")
    func roundTripsEveryDay() throws {
        var previous = CivilDate(daysSinceEpoch: -106_751_992)
        for day in stride(from: -106_751_991, through: 106_751_991, by: 997) {
            let date = CivilDate(daysSinceEpoch: day)
            guard CivilDate(year: date.year, month: date.month, day: date.day) == date, previous < date,
                (date.year, date.dayOfYear) >= (previous.year, previous.year == date.year ? previous.dayOfYear : 0)
            else {
                Issue.record("day \(day) is \(date)")
                return
            }
            previous = date
        }
    }

    @Test(
        "have the number of days from 1970 that PostgreSQL has",
        arguments: [
            // select d - date '1970-01-01' from (values (date '4714-11-24 BC'), …) v (d)
            (-4713, 11, 24, -2_440_588), (0, 12, 31, -719_163), (1, 1, 1, -719_162), (1582, 10, 15, -141_427),
            (1900, 2, 28, -25_509), (1970, 1, 1, 0), (2000, 2, 29, 11_016), (2026, 11, 1, 20_758),
            (294_247, 1, 10, 106_751_991),
        ]
    )
    func matchesPostgres(year: Int, month: Int, day: Int, days: Int) {
        #expect(CivilDate(year: year, month: month, day: day)?.daysSinceEpoch == days)
    }

    @Test(
        "that no calendar has don't exist",
        arguments: [
            (2026, 2, 29), (1900, 2, 29), (2026, 4, 31), (2026, 0, 1), (2026, 13, 1), (2026, 1, 0), (2026, 1, -1),
            (294_247, 1, 11), (-290_309, 1, 1), (Int.max, 1, 1), (Int.min, 12, 31), (2026, Int.max, 1),
            (2026, 1, Int.max),
        ]
    )
    func rejectsWhatIsNoDate(year: Int, month: Int, day: Int) {
        #expect(CivilDate(year: year, month: month, day: day) == nil)
    }

    @Test(
        "know ISO weeks around the turn of the year",
        arguments: [
            ("2024-12-30", 2025, 1), ("2026-12-31", 2026, 53), ("2027-01-03", 2026, 53), ("2027-01-04", 2027, 1),
            ("2021-01-01", 2020, 53), ("2026-06-22", 2026, 26),
        ]
    )
    func isoWeeks(text: String, year: Int, week: Int) throws {
        let date = try #require(CivilDate(parsing: text))
        #expect(date.isoWeek.year == year)
        #expect(date.isoWeek.week == week)
    }

    @Test("know quarters and days of the year")
    func quarters() throws {
        let dates = try ["2026-01-01", "2026-03-31", "2026-04-01", "2026-12-31", "2024-12-31"].map {
            try #require(CivilDate(parsing: $0))
        }
        #expect(dates.map(\.quarter) == [1, 1, 2, 4, 4])
        #expect(dates.map(\.dayOfYear) == [1, 90, 91, 365, 366])
    }

    @Test("add months from a 31st without drifting, and clamp to the month's end")
    func addsMonths() throws {
        let anchor = try #require(CivilDate(parsing: "2026-01-31"))
        let months = [-2, -1, 0, 1, 2, 3, 13, 25].map { anchor.adding(months: $0)?.description }
        #expect(
            months == [
                "2025-11-30", "2025-12-31", "2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2027-02-28",
                "2028-02-29",
            ]
        )
    }

    @Test("beyond the range become nil or the limit, and never trap")
    func survivesExtremes() {
        let last = CivilDate(daysSinceEpoch: .max)
        let first = CivilDate(daysSinceEpoch: .min)
        #expect(last.description == "294247-01-10")
        #expect(first.description == "290309-12-21 BC")
        #expect(last.adding(months: 1) == nil)
        #expect(last.adding(months: .max) == nil)
        #expect(last.adding(days: 1) == nil)
        #expect(last.adding(days: .max) == nil)
        #expect(first.adding(months: .min) == nil)
        #expect(first.adding(days: .min) == nil)
        #expect((1...7).contains(first.weekday) && (1...7).contains(last.weekday))
        #expect((1...53).contains(first.isoWeek.week) && (1...53).contains(last.isoWeek.week))
        #expect(CivilDate.daysIn(month: .max, year: .max) == 0)
    }

    @Test(
        "are written as PostgreSQL writes them, and read back",
        arguments: ["2026-11-01", "0044-03-15 BC", "0001-01-01", "12026-01-01"]
    )
    func text(_ text: String) {
        #expect(CivilDate(parsing: text)?.description == text)
    }

    @Test(
        "are not read from other forms",
        arguments: ["", "2026-1-01", "2026-11-01 00:00:00", "0000-01-01 BC", "2026-11-01BC", "26-11-01"]
    )
    func otherText(_ text: String) {
        #expect(CivilDate(parsing: text) == nil)
    }
}
