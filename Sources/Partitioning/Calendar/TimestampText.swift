// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// The fields of a date, timestamp or timestamptz as text under `DateStyle = ISO`, or in ISO 8601.
///
/// `YYYY-MM-DD[( |T)hh:mm:ss[.ffffff][Z|±hh[:mm[:ss]]]][ BC]`; years have four digits or more and may have a sign.
struct TimestampText {
    /// Astronomical: 0 is 1 BC. Perhaps outside what ``CivilDate`` can express.
    let year: Int
    let month: Int
    let day: Int
    /// `nil` if the text has a date only.
    let microsecondOfDay: Int64?
    /// Seconds east of UTC; `nil` if the text has none.
    let offset: Int?

    /// - Returns: `nil` if the text has another form or a month, day, hour… that can't be. Whether the year has that
    ///   day is for ``date``.
    init?(parsing text: String) {
        var scanner = ByteScanner(text)
        let isNegative = scanner.take("-")
        let isSigned = isNegative || scanner.take("+")
        guard let year = scanner.digits(4...9)?.value, scanner.take("-"),
            let month = scanner.digits(2...2)?.value, scanner.take("-"),
            let day = scanner.digits(2...2)?.value,
            (1...12).contains(month), (1...31).contains(day)
        else { return nil }

        var ofDay: Int64?
        var offset: Int?
        if scanner.next == UInt8(ascii: "T") || (scanner.next == UInt8(ascii: " ") && !scanner.remainderIs(" BC")) {
            scanner.skip()
            guard let parsed = Self.timeOfDay(&scanner) else { return nil }
            ofDay = parsed
            if scanner.take("Z") {
                offset = 0
            } else if scanner.next == UInt8(ascii: "+") || scanner.next == UInt8(ascii: "-") {
                guard let parsed = Self.offset(&scanner) else { return nil }
                offset = parsed
            }
        }
        let isBC = scanner.take(" BC")
        guard scanner.isAtEnd, !(isBC && (isSigned || year == 0)) else { return nil }

        self.year = isBC ? 1 - year : isNegative ? -year : year
        self.month = month
        self.day = day
        microsecondOfDay = ofDay
        self.offset = offset
    }

    /// `nil` if the month has no such day or the year can't be expressed.
    var date: CivilDate? { CivilDate(year: year, month: month, day: day) }

    /// Microseconds since 1970 on the wall clock, the offset left out; `nil` if there is no such day or it can't be
    /// expressed.
    var civilMicroseconds: Int64? {
        guard let date else { return nil }
        let (sum, overflow) = CivilDateTime(midnightOf: date).microseconds.addingReportingOverflow(
            microsecondOfDay ?? 0
        )
        return overflow ? nil : sum
    }

    private static func timeOfDay(_ scanner: inout ByteScanner) -> Int64? {
        guard let hour = scanner.digits(2...2)?.value, scanner.take(":"),
            let minute = scanner.digits(2...2)?.value, scanner.take(":"),
            let second = scanner.digits(2...2)?.value,
            hour < 24, minute < 60, second < 60
        else { return nil }
        var microsecond = 0
        if scanner.take(".") {
            guard let fraction = scanner.digits(1...6) else { return nil }
            microsecond = fraction.value
            for _ in fraction.count..<6 { microsecond *= 10 }
        }
        return Int64(hour * 3600 + minute * 60 + second) * Microseconds.perSecond + Int64(microsecond)
    }

    /// PostgreSQL allows less than 16 hours (`MAX_TZDISP_HOUR`).
    private static func offset(_ scanner: inout ByteScanner) -> Int? {
        let isNegative = scanner.take("-")
        guard isNegative || scanner.take("+"), let hours = scanner.digits(2...2)?.value, hours <= 15 else { return nil }
        var seconds = hours * 3600
        if scanner.take(":") {
            guard let minutes = scanner.digits(2...2)?.value, minutes < 60 else { return nil }
            seconds += minutes * 60
            if scanner.take(":") {
                guard let odd = scanner.digits(2...2)?.value, odd < 60 else { return nil }
                seconds += odd
            }
        }
        return isNegative ? -seconds : seconds
    }
}

extension TimestampText {
    /// `number` in decimal with at least `width` digits; a negative number is written without its sign.
    static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number.magnitude)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    static func postgresYear(_ year: Int) -> String {
        padded(year > 0 ? year : 1 - year, 4)
    }

    static func eraSuffix(_ year: Int) -> String {
        year > 0 ? "" : " BC"
    }

    static func isoYear(_ year: Int) -> String {
        (year < 0 ? "-" : year > 9999 ? "+" : "") + padded(year, 4)
    }

    static func monthAndDay(_ date: CivilDate) -> String {
        "-" + padded(date.month, 2) + "-" + padded(date.day, 2)
    }

    /// `12:30:00`, with as many decimals as are needed.
    static func timeOfDay(_ time: CivilDateTime) -> String {
        var text = padded(time.hour, 2) + ":" + padded(time.minute, 2) + ":" + padded(time.second, 2)
        if time.microsecond != 0 {
            var fraction = Substring(padded(time.microsecond, 6))
            while fraction.last == "0" { fraction.removeLast() }
            text += "." + fraction
        }
        return text
    }
}

extension ByteScanner {
    fileprivate func remainderIs(_ word: StaticString) -> Bool {
        var copy = self
        return copy.take(word) && copy.isAtEnd
    }
}
