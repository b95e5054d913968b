// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import Partitioning
import Testing

@Suite("Periods")
struct PeriodTests {
    @Test(
        "are read from what people write, and from what PostgreSQL prints for an interval",
        arguments: [
            ("month", "month"), ("monthly", "month"), ("1 month", "month"), (" Month ", "month"),
            ("3 months", "3 months"),
            ("1 mon", "month"), ("3 mons", "3 months"), ("day", "day"), ("daily", "day"), ("7 days", "7 days"),
            ("week", "week"),
            ("2 weeks", "2 weeks"), ("week (sunday)", "week (sunday)"), ("2 WEEKS (Saturday)", "2 weeks (saturday)"),
            ("week (monday)", "week"), ("quarter", "quarter"), ("quarterly", "quarter"), ("2 years", "2 years"),
            ("yearly", "year"), ("annually", "year"), ("hour", "hour"), ("6  hours", "6 hours"),
            ("15 minutes", "15 minutes"),
            ("15 min", "15 minutes"), ("01:00:00", "hour"), ("00:15:00", "15 minutes"), ("36:00:00", "36 hours"),
            ("01:30:00", "90 minutes"), ("1000000 days", "1000000 days"),
        ]
    )
    func reads(text: String, canonical: String) throws {
        let parsed = try Period(parsing: text)
        #expect(parsed.description == canonical)
        #expect(try Period(parsing: canonical) == parsed)
        #expect(try JSONDecoder().decode(Period.self, from: JSONEncoder().encode(parsed)) == parsed)
    }

    @Test(
        "are not read from anything else, and the error says what would do",
        arguments: [
            "", " ", "0 days", "-1 day", "1.5 days", "1000001 days", "99999999999999999999 days", "fortnight",
            "month 3", "1 1 day",
            "3 months 2 days", "day (sunday)", "week (noday)", "week (", "(sunday)", "00:00:00", "00:00:30", "٣ days",
            "30 seconds",
        ]
    )
    func rejects(text: String) {
        let error = #expect(throws: PeriodError.self) { try Period(parsing: text) }
        #expect(error?.message.contains("is not a period: ") == true)
    }

    @Test("made of numbers have limits")
    func limits() {
        #expect(Period(count: 0, unit: .day) == nil)
        #expect(Period(count: 1_000_001, unit: .minute) == nil)
        #expect(Period(count: .min, unit: .year) == nil)
        #expect(Period(count: 1, unit: .week, weekStart: 8) == nil)
        #expect(Period(count: 1, unit: .week, weekStart: 0) == nil)
        #expect(Period(count: 1, unit: .month, weekStart: 7) == .month)
    }

    @Test("know their mean length and whether they follow the calendar")
    func lengths() throws {
        #expect(Period.day.approximateMicroseconds == 86_400_000_000)
        #expect(Period.year.approximateMicroseconds == 31_556_952_000_000)
        #expect(try period("1000000 years").approximateMicroseconds == .max)
        #expect(
            Period.Unit.allCases.compactMap { Period(count: 2, unit: $0) }.map(\.isCalendar) == [false, false]
                + Array(repeating: true, count: 5)
        )
    }

    @Test("begin to count on 2000-01-01, weeks on their own first day from then on")
    func anchors() throws {
        #expect(Period.month.standardAnchor.description == "2000-01-01 00:00:00")
        for weekStart in 1...7 {
            let week = try #require(Period(count: 1, unit: .week, weekStart: weekStart))
            let date = week.standardAnchor.date
            #expect(date.weekday == weekStart)
            #expect(date.year == 2000 && date.month == 1 && date.day <= 7)
        }
    }
}
