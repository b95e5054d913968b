// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A date and a time of day without a zone: what a clock on the wall shows, and what PostgreSQL's `timestamp` holds.
package struct CivilDateTime: Hashable, Comparable, Sendable {
    /// Microseconds since 1970-01-01 00:00:00 on the same wall clock, every day counted as 24 hours.
    package let microseconds: Int64

    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    package init(midnightOf date: CivilDate) {
        let (product, overflow) = Int64(date.daysSinceEpoch).multipliedReportingOverflow(by: Microseconds.perDay)
        // Only the very first day begins before the first microsecond that can be expressed.
        microseconds = overflow ? .min : product
    }

    /// - Returns: `nil` for a time of day that doesn't exist; 24:00 and leap seconds are not accepted.
    package init?(date: CivilDate, hour: Int = 0, minute: Int = 0, second: Int = 0, microsecond: Int = 0) {
        guard (0..<24).contains(hour), (0..<60).contains(minute), (0..<60).contains(second),
            (0..<1_000_000).contains(microsecond)
        else { return nil }
        let ofDay = Int64(hour * 3600 + minute * 60 + second) * Microseconds.perSecond + Int64(microsecond)
        let (sum, overflow) = CivilDateTime(midnightOf: date).microseconds.addingReportingOverflow(ofDay)
        guard !overflow else { return nil }
        microseconds = sum
    }

    package var date: CivilDate {
        CivilDate(daysSinceEpoch: Int(microseconds.floored(dividedBy: Microseconds.perDay)))
    }

    /// Microseconds since this day's midnight, `0 ..< 86_400_000_000`.
    package var microsecondOfDay: Int64 {
        microseconds.flooredQuotientAndRemainder(dividingBy: Microseconds.perDay).remainder
    }

    package var hour: Int { Int(microsecondOfDay / Microseconds.perHour) }
    package var minute: Int { Int(microsecondOfDay / Microseconds.perMinute % 60) }
    package var second: Int { Int(microsecondOfDay / Microseconds.perSecond % 60) }
    package var microsecond: Int { Int(microsecondOfDay % Microseconds.perSecond) }
    package var isMidnight: Bool { microsecondOfDay == 0 }

    package static func < (left: CivilDateTime, right: CivilDateTime) -> Bool {
        left.microseconds < right.microseconds
    }
}

extension CivilDateTime: CustomStringConvertible {
    /// As PostgreSQL prints a `timestamp` under `DateStyle = ISO`: `2026-11-01 00:00:00`, `0044-03-15 12:30:00.5 BC`.
    package var description: String {
        let date = date
        return TimestampText.postgresYear(date.year) + TimestampText.monthAndDay(date) + " "
            + TimestampText.timeOfDay(self)
            + TimestampText.eraSuffix(date.year)
    }

    /// Reads what ``description`` writes; a date alone is its midnight. An offset makes it `nil`.
    package init?(parsing text: String) {
        guard let parsed = TimestampText(parsing: text), parsed.offset == nil,
            let microseconds = parsed.civilMicroseconds
        else { return nil }
        self.init(microseconds: microseconds)
    }
}

extension CivilDateTime: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = CivilDateTime(parsing: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a date and time")
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
