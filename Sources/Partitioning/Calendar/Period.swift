// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// The length of a partition: a count of calendar or clock units.
///
/// Periods are not converted into each other: `3 months` may begin in any month, a `quarter` begins in January, April,
/// July or October; `24 hours` is not a `day` where clocks are put forward or back.
package struct Period: Hashable, Sendable {
    package enum Unit: String, Hashable, Codable, Sendable, CaseIterable {
        case minute, hour, day, week, month, quarter, year
    }

    static let counts = 1...1_000_000

    /// 1…1 000 000.
    package let count: Int
    package let unit: Unit
    /// The day a week begins on, 1 for Monday to 7 for Sunday; 1 for every other unit.
    package let weekStart: Int

    /// - Returns: `nil` unless `count` is in 1…1 000 000 and `weekStart` in 1…7.
    package init?(count: Int, unit: Unit, weekStart: Int = 1) {
        guard Self.counts.contains(count), (1...7).contains(weekStart) else { return nil }
        self.init(trusting: count, unit, weekStart: weekStart)
    }

    private init(trusting count: Int, _ unit: Unit, weekStart: Int = 1) {
        self.count = count
        self.unit = unit
        self.weekStart = unit == .week ? weekStart : 1
    }

    package static let minute = Period(trusting: 1, .minute)
    package static let hour = Period(trusting: 1, .hour)
    package static let day = Period(trusting: 1, .day)
    package static let week = Period(trusting: 1, .week)
    package static let month = Period(trusting: 1, .month)
    package static let quarter = Period(trusting: 1, .quarter)
    package static let year = Period(trusting: 1, .year)

    /// How a boundary follows from the anchor.
    enum Step: Hashable {
        /// Microseconds of elapsed time.
        case elapsed(Int64)
        case days(Int)
        case months(Int)
    }

    var step: Step {
        switch unit {
        case .minute: .elapsed(Int64(count) * Microseconds.perMinute)
        case .hour: .elapsed(Int64(count) * Microseconds.perHour)
        case .day: .days(count)
        case .week: .days(7 * count)
        case .month: .months(count)
        case .quarter: .months(3 * count)
        case .year: .months(12 * count)
        }
    }

    /// Whether boundaries follow the calendar (days and longer) rather than elapsed time (hours and minutes).
    package var isCalendar: Bool {
        switch unit {
        case .minute, .hour: false
        case .day, .week, .month, .quarter, .year: true
        }
    }

    /// The mean length in microseconds, a month being a twelfth of 365.2425 days. Saturates at `Int64.max`.
    package var approximateMicroseconds: Int64 {
        switch step {
        case .elapsed(let microseconds): microseconds
        case .days(let days): Int64(clamping: Int128(days) * Int128(Microseconds.perDay))
        case .months(let months): Int64(clamping: Int128(months) * 2_629_746 * Int128(Microseconds.perSecond))
        }
    }

    /// Where a grid of this period begins to count unless somebody says otherwise: 2000-01-01 00:00, for weeks the
    /// first `weekStart` from there on. Quarters, half-years, decades and centuries then fall where people expect them.
    package var standardAnchor: CivilDateTime {
        // 2000-01-01 is 10 957 days after 1970-01-01, and was a Saturday.
        CivilDateTime(midnightOf: CivilDate(daysSinceEpoch: 10_957 + (unit == .week ? (weekStart + 1) % 7 : 0)))
    }
}

/// Why a text isn't a period, in a sentence that says what would be.
package struct PeriodError: Error, Hashable, Sendable, CustomStringConvertible {
    package let message: String
    package var description: String { message }
}
