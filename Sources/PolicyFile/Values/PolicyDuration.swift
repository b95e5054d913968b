// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import Partitioning

/// A length of time as people say it: `60d`, `13 months`.
package struct PolicyDuration: Hashable, Sendable {
    package enum Unit: String, Hashable, Sendable, CaseIterable {
        case minute, hour, day, week, month, year
    }

    static let counts = 1...999_999

    /// 1…999 999.
    package let count: Int
    package let unit: Unit

    /// - Returns: nil unless `count` is in 1…999 999.
    package init?(_ count: Int, _ unit: Unit) {
        guard Self.counts.contains(count) else { return nil }
        self.count = count
        self.unit = unit
    }

    /// How far ahead that is: never less than what was said, a month being 31 days and a year 366.
    package var buffer: Buffer {
        switch unit {
        case .minute: Buffer(minutes: count)
        case .hour: Buffer(minutes: count * 60)
        case .day: Buffer(days: count)
        case .week: Buffer(days: count * 7)
        case .month: Buffer(days: count * 31)
        case .year: Buffer(days: count * 366)
        }
    }

    /// To compare two of them: a month is a twelfth of 365.2425 days.
    package var approximateSeconds: Int {
        switch unit {
        case .minute: count * 60
        case .hour: count * 3600
        case .day: count * 86_400
        case .week: count * 604_800
        case .month: count * 2_629_746
        case .year: count * 31_556_952
        }
    }
}

extension PolicyDuration: CustomStringConvertible {
    /// `60d`, `36h`, `90min`, `2 weeks`, `13 months`, `1 year`: ``init(parsing:)`` reads it back.
    package var description: String {
        switch unit {
        case .minute: "\(count)min"
        case .hour: "\(count)h"
        case .day: "\(count)d"
        case .week, .month, .year: "\(count) \(unit.rawValue)\(count == 1 ? "" : "s")"
        }
    }
}

extension PolicyDuration: PolicyValue {
    init(policy scalar: YAMLScalar) throws(PolicyValueError) {
        try self.init(parsing: scalar.text)
    }

    package init(parsing text: String) throws(PolicyValueError) {
        let parts = CountAndWord(text)
        guard !parts.number.isEmpty else {
            throw PolicyValueError("\(Quoted(text)) is not a duration, which is a number and a unit: 60d, 13 months")
        }
        guard let count = parts.count else {
            throw PolicyValueError(
                "\(Quoted(text)) is not a duration: its number must be whole, from 1 to \(Self.counts.upperBound)"
            )
        }
        guard !parts.word.isEmpty else {
            throw PolicyValueError("\(Quoted(text)) has no unit", suggestion: "\(count)d")
        }
        guard parts.word != "m", parts.word != "M" else {
            throw PolicyValueError(
                "\(Quoted(text)) may be minutes or months: write \"\(count)min\" or \"\(count) months\""
            )
        }
        guard let unit = Self.units[parts.word], parts.spaces <= 1 else {
            let meant = NearestWord.to(parts.word, among: Self.units.keys.sorted()) ?? parts.word.lowercased()
            throw PolicyValueError(
                "\(Quoted(text)) is not a duration: the units are min, h, d, weeks, months and years",
                suggestion: Self.units[meant].flatMap { PolicyDuration(count, $0)?.description }
            )
        }
        self.count = count
        self.unit = unit
    }

    private static let units: [String: Unit] = [
        "min": .minute, "minute": .minute, "minutes": .minute,
        "h": .hour, "hour": .hour, "hours": .hour,
        "d": .day, "day": .day, "days": .day,
        "w": .week, "week": .week, "weeks": .week,
        "month": .month, "months": .month,
        "y": .year, "year": .year, "years": .year,
    ]
}
