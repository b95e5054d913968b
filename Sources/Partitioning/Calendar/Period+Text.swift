// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension Period: CustomStringConvertible {
    private static let weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

    /// `month`, `6 hours`, `week`, `2 weeks (sunday)`: ``init(parsing:)`` reads it back.
    package var description: String {
        let length = count == 1 ? unit.rawValue : "\(count) \(unit.rawValue)s"
        return weekStart == 1 ? length : "\(length) (\(Self.weekdays[weekStart - 1]))"
    }

    /// Reads `month`, `monthly`, `6 hours`, `15 min`, `2 weeks (sunday)`, and what PostgreSQL prints for an interval of
    /// one unit (`1 mon`, `7 days`, `01:30:00`). Capitals and additional spaces make no difference.
    package init(parsing text: String) throws(PeriodError) {
        var words = text.lowercased().split(whereSeparator: \.isWhitespace)

        var weekStart: Int?
        if let last = words.last, last.hasPrefix("("), last.hasSuffix(")"), words.count > 1 {
            guard let index = Self.weekdays.firstIndex(of: String(last.dropFirst().dropLast())) else {
                throw Self.unknown(text)
            }
            weekStart = index + 1
            words.removeLast()
        }

        let parsed: (count: Int, unit: Unit)? =
            switch words.count {
            case 1: Self.unit(named: words[0]).map { (1, $0) } ?? Self.clockTime(words[0])
            case 2: Self.number(words[0]).flatMap { count in Self.unit(named: words[1]).map { (count, $0) } }
            default: nil
            }
        guard let (count, unit) = parsed else { throw Self.unknown(text) }
        guard let period = Period(count: count, unit: unit, weekStart: weekStart ?? 1) else {
            throw PeriodError(
                message: "\"\(text)\" is not a period: the number must be between 1 and \(Self.counts.upperBound)"
            )
        }
        guard weekStart == nil || unit == .week else {
            throw PeriodError(message: "\"\(text)\" is not a period: only weeks have a day they begin on")
        }
        self = period
    }

    private static func unit(named word: Substring) -> Unit? {
        switch word {
        case "minute", "minutes", "min", "mins", "minutely": .minute
        case "hour", "hours", "hourly": .hour
        case "day", "days", "daily": .day
        case "week", "weeks", "weekly": .week
        case "month", "months", "mon", "mons", "monthly": .month
        case "quarter", "quarters", "quarterly": .quarter
        case "year", "years", "yearly", "annual", "annually": .year
        default: nil
        }
    }

    private static func number(_ word: Substring) -> Int? {
        guard !word.isEmpty, word.utf8.allSatisfy(ByteScanner.isDigit) else { return nil }
        // More digits than an Int has is a number too, only not one in range.
        return Int(word) ?? .max
    }

    /// `hh:mm:ss`, PostgreSQL's way to print an interval below a day.
    private static func clockTime(_ word: Substring) -> (count: Int, unit: Unit)? {
        var scanner = ByteScanner(String(word))
        guard let hours = scanner.digits(2...9)?.value, scanner.take(":"),
            let minutes = scanner.digits(2...2)?.value, minutes < 60, scanner.take(":00"), scanner.isAtEnd
        else { return nil }
        return minutes == 0 ? (hours, .hour) : (hours * 60 + minutes, .minute)
    }

    private static func unknown(_ text: String) -> PeriodError {
        PeriodError(
            message: "\"\(text)\" is not a period: write a unit (minute, hour, day, week, month, quarter, year), "
                + "with a whole number before it if it is more than one, such as \"month\" or \"6 hours\""
        )
    }
}

extension Period: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do {
            try self.init(parsing: container.decode(String.self))
        } catch let error as PeriodError {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.message)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
