// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Date and time texts of a document, in the proleptic Gregorian calendar. No zone rules: offsets come from outside.
///
/// Forms: `2026-11-01`, `2026-11-01T06:00:00`, with six digits of a fraction where there is one, followed by nothing, an
/// offset (`+01:00`, with seconds only where it has them) or `Z`. Years beyond 9999 and before 0 carry a sign, as ISO
/// 8601 has it.
enum CivilTime {
    static let microsecondsPerSecond: Int64 = 1_000_000
    static let microsecondsPerDay: Int64 = 86_400 * microsecondsPerSecond
    /// PostgreSQL's offsets stay within ±15:59:59.
    static let offsets = -57_599...57_599

    /// The day that holds the microsecond, and the microseconds since its midnight.
    static func split(_ microseconds: Int64) -> (day: Int64, microsecondOfDay: Int64) {
        let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: microsecondsPerDay)
        return remainder < 0 ? (quotient - 1, remainder + microsecondsPerDay) : (quotient, remainder)
    }

    static func date(day: Int64) -> (year: Int64, month: Int64, dayOfMonth: Int64) {
        // Days since 0000-03-01, in eras of 400 years, so that the leap day ends a year.
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }

    /// - Parameter year: within ±400,000.
    static func day(year: Int64, month: Int64, dayOfMonth: Int64) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + dayOfMonth - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    static func dateText(_ microseconds: Int64) -> String {
        let (year, month, dayOfMonth) = date(day: split(microseconds).day)
        let digits = padded(year.magnitude, 4)
        let sign = year < 0 ? "-" : year > 9999 ? "+" : ""
        return "\(sign)\(digits)-\(padded(month.magnitude, 2))-\(padded(dayOfMonth.magnitude, 2))"
    }

    /// Always with a time.
    static func dateTimeText(_ microseconds: Int64) -> String {
        let (_, microsecondOfDay) = split(microseconds)
        let (second, fraction) = microsecondOfDay.quotientAndRemainder(dividingBy: microsecondsPerSecond)
        let clock = [second / 3600, second / 60 % 60, second % 60].map { padded($0.magnitude, 2) }
        let tail = fraction == 0 ? "" : "." + padded(fraction.magnitude, 6)
        return "\(dateText(microseconds))T\(clock.joined(separator: ":"))\(tail)"
    }

    /// A plain date at midnight, else a date-time.
    static func civilText(_ microseconds: Int64) -> String {
        split(microseconds).microsecondOfDay == 0 ? dateText(microseconds) : dateTimeText(microseconds)
    }

    /// RFC 3339 in UTC.
    static func instantText(_ microseconds: Int64) -> String { dateTimeText(microseconds) + "Z" }

    static func offsetText(_ seconds: Int) -> String {
        let magnitude = seconds.magnitude
        let parts = [magnitude / 3600, magnitude / 60 % 60] + (magnitude % 60 == 0 ? [] : [magnitude % 60])
        return (seconds < 0 ? "-" : "+") + parts.map { padded($0, 2) }.joined(separator: ":")
    }

    private static func padded(_ value: some BinaryInteger, _ width: Int) -> String {
        let digits = String(value)
        guard digits.utf8.count < width else { return digits }
        return String(repeating: "0", count: width - digits.utf8.count) + digits
    }
}

/// A date, perhaps a time, perhaps an offset, as read from text.
struct CivilText {
    /// Microseconds since 1970-01-01 00:00 of the text's own civil time.
    let microseconds: Int64
    let hasTime: Bool
    /// Seconds east of UTC; nil when the text has none.
    let offset: Int?

    /// Microseconds since 1970 UTC; nil without an offset.
    var instant: Int64? {
        guard let offset else { return nil }
        return microseconds - Int64(offset) * CivilTime.microsecondsPerSecond
    }

    /// Nil for anything but the forms of ``CivilTime``; a space for the `T`, missing seconds and one to six digits of a
    /// fraction are read too, since people and PostgreSQL write them. Years lie within ±290,000.
    init?(_ text: String) {
        var scanner = DigitScanner(text)
        let sign: Int64 = scanner.take("-") ? -1 : 1
        if sign == 1 { _ = scanner.take("+") }
        guard let year = scanner.number(4...6), year <= 290_000, scanner.take("-"),
            let month = scanner.number(2...2), (1...12).contains(month), scanner.take("-"),
            let dayOfMonth = scanner.number(2...2), (1...31).contains(dayOfMonth)
        else { return nil }
        let day = CivilTime.day(year: sign * year, month: month, dayOfMonth: dayOfMonth)
        // A day that the month doesn't have comes back as another one.
        guard CivilTime.date(day: day).dayOfMonth == dayOfMonth else { return nil }
        var microseconds = day * CivilTime.microsecondsPerDay
        guard !scanner.atEnd else {
            (self.microseconds, hasTime, offset) = (microseconds, false, nil)
            return
        }
        guard scanner.take("T") || scanner.take(" "), let time = scanner.clock() else { return nil }
        microseconds += time
        (self.microseconds, hasTime) = (microseconds, true)
        if scanner.atEnd {
            offset = nil
        } else {
            guard let seconds = scanner.offset(), scanner.atEnd else { return nil }
            offset = seconds
        }
    }
}

private struct DigitScanner {
    private var rest: Substring.UTF8View

    init(_ text: String) {
        rest = text[...].utf8
    }

    var atEnd: Bool { rest.isEmpty }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard let byte = rest.first, UInt32(byte) == character.value else { return false }
        rest.removeFirst()
        return true
    }

    mutating func number(_ digits: ClosedRange<Int>) -> Int64? {
        let run = rest.prefix { (0x30...0x39).contains($0) }
        guard digits.contains(run.count), let value = Int64(Substring(run)) else { return nil }
        rest = rest.dropFirst(run.count)
        return value
    }

    /// `HH:MM[:SS[.f…]]` as microseconds since midnight; 24:00 isn't one.
    mutating func clock() -> Int64? {
        guard let hour = number(2...2), hour < 24, take(":"), let minute = number(2...2), minute < 60 else {
            return nil
        }
        var time = (hour * 60 + minute) * 60 * CivilTime.microsecondsPerSecond
        guard take(":") else { return time }
        guard let second = number(2...2), second < 60 else { return nil }
        time += second * CivilTime.microsecondsPerSecond
        guard take(".") else { return time }
        let width = rest.prefix { (0x30...0x39).contains($0) }.count
        guard var fraction = number(1...6) else { return nil }
        for _ in width..<6 { fraction *= 10 }
        return time + fraction
    }

    /// `Z` or `±HH[:MM[:SS]]`, in seconds.
    mutating func offset() -> Int? {
        if take("Z") { return 0 }
        let sign: Int64 = take("-") ? -1 : 1
        guard sign == -1 || take("+"), let hours = number(2...2) else { return nil }
        var seconds = hours * 3600
        if take(":") {
            guard let minutes = number(2...2), minutes < 60 else { return nil }
            seconds += minutes * 60
            if take(":") {
                guard let rest = number(2...2), rest < 60 else { return nil }
                seconds += rest
            }
        }
        let offset = Int(sign * seconds)
        return CivilTime.offsets.contains(offset) ? offset : nil
    }
}
