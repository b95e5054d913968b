// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A day of the proleptic Gregorian calendar, the calendar that PostgreSQL's `date` counts in.
///
/// Years are astronomical: 0 is 1 BC, -1 is 2 BC. The days that exist are those whose midnight 64-bit microseconds
/// since 1970 can express (290309 BC to 294247 AD); PostgreSQL's own, narrower limits belong to ``Grid`` and
/// ``CoordinateCodec``.
package struct CivilDate: Hashable, Comparable, Sendable {
    static let supportedDays = -106_751_992...106_751_991

    /// Days since 1970-01-01, negative before.
    package let daysSinceEpoch: Int

    /// - Parameter daysSinceEpoch: Clamped to the days that exist, so that no arithmetic on a date can overflow.
    package init(daysSinceEpoch: Int) {
        self.daysSinceEpoch = min(max(daysSinceEpoch, Self.supportedDays.lowerBound), Self.supportedDays.upperBound)
    }

    /// - Parameter year: Astronomical; 0 is 1 BC.
    /// - Returns: `nil` for a day that the calendar doesn't have (30 February) and outside the supported years.
    package init?(year: Int, month: Int, day: Int) {
        guard (-290_308...294_247).contains(year), (1...12).contains(month),
            day >= 1, day <= Self.daysIn(month: month, year: year)
        else { return nil }
        let days = Self.daysSinceEpoch(year: year, month: month, day: day)
        guard Self.supportedDays.contains(days) else { return nil }
        daysSinceEpoch = days
    }

    package var year: Int { components.year }
    package var month: Int { components.month }
    package var day: Int { components.day }

    /// 1 is Monday and 7 is Sunday, as in ISO 8601.
    package var weekday: Int {
        // 1970-01-01 was a Thursday.
        (daysSinceEpoch + 3).flooredQuotientAndRemainder(dividingBy: 7).remainder + 1
    }

    /// 1…4.
    package var quarter: Int { (month - 1) / 3 + 1 }

    /// 1…366.
    package var dayOfYear: Int {
        daysSinceEpoch - Self.daysSinceEpoch(year: year, month: 1, day: 1) + 1
    }

    /// The ISO 8601 week, whose year is the one its Thursday lies in.
    package var isoWeek: (year: Int, week: Int) {
        let thursday = Self.components(ofDay: daysSinceEpoch - weekday + 4)
        let firstOfYear = Self.daysSinceEpoch(year: thursday.year, month: 1, day: 1)
        return (thursday.year, (daysSinceEpoch - weekday + 4 - firstOfYear) / 7 + 1)
    }

    /// The same day of another month, or that month's last day where it is shorter.
    ///
    /// Always add to the anchor: 31 January + 1 month is 28 February, + 2 months is 31 March.
    ///
    /// - Returns: `nil` outside the supported years.
    package func adding(months: Int) -> CivilDate? {
        let start = components
        let (total, overflow) = (start.year * 12 + start.month - 1).addingReportingOverflow(months)
        guard !overflow else { return nil }
        let (year, monthIndex) = total.flooredQuotientAndRemainder(dividingBy: 12)
        let month = monthIndex + 1
        return CivilDate(year: year, month: month, day: min(start.day, Self.daysIn(month: month, year: year)))
    }

    /// - Returns: `nil` outside the supported years.
    package func adding(days: Int) -> CivilDate? {
        let (sum, overflow) = daysSinceEpoch.addingReportingOverflow(days)
        guard !overflow, Self.supportedDays.contains(sum) else { return nil }
        return CivilDate(daysSinceEpoch: sum)
    }

    /// - Returns: 28…31, or 0 for a month that isn't one of 1…12.
    package static func daysIn(month: Int, year: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        case 1, 3, 5, 7, 8, 10, 12: 31
        default: 0
        }
    }

    package static func < (left: CivilDate, right: CivilDate) -> Bool {
        left.daysSinceEpoch < right.daysSinceEpoch
    }
}

extension CivilDate {
    static func isLeap(_ year: Int) -> Bool {
        year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
    }

    var components: (year: Int, month: Int, day: Int) { Self.components(ofDay: daysSinceEpoch) }

    // Both directions count in eras of 400 years (146 097 days) whose years begin in March, so that the leap day comes
    // last: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".

    static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int {
        let (era, yearOfEra) = (month <= 2 ? year - 1 : year).flooredQuotientAndRemainder(dividingBy: 400)
        let monthFromMarch = month > 2 ? month - 3 : month + 9
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    static func components(ofDay daysSinceEpoch: Int) -> (year: Int, month: Int, day: Int) {
        let (era, dayOfEra) = (daysSinceEpoch + 719_468).flooredQuotientAndRemainder(dividingBy: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}

extension CivilDate: CustomStringConvertible {
    /// As PostgreSQL prints a `date` under `DateStyle = ISO`: `2026-11-01`, `0044-03-15 BC`.
    package var description: String {
        TimestampText.postgresYear(year) + TimestampText.monthAndDay(self) + TimestampText.eraSuffix(year)
    }

    /// Reads what ``description`` writes. A time of day makes it `nil`.
    package init?(parsing text: String) {
        guard let parsed = TimestampText(parsing: text), parsed.microsecondOfDay == nil, let date = parsed.date else {
            return nil
        }
        self = date
    }
}

extension CivilDate: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = CivilDate(parsing: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a date")
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
