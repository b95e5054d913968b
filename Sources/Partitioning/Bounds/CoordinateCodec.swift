// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Translates between the text of a bound and the 64-bit coordinate it stands for.
///
/// `date` and `timestamp`: microseconds since 1970 on the wall clock; `timestamptz`: microseconds since 1970 UTC;
/// integers: their value. `infinity` is `Int64.max` and `-infinity` is `Int64.min`, as MAXVALUE and MINVALUE are: no
/// finite value lies between.
package struct CoordinateCodec: Hashable, Sendable {
    package let keyType: KeyType

    /// - Returns: `nil` for a type that has no coordinates.
    package init?(_ keyType: KeyType) {
        if case .other = keyType { return nil }
        self.keyType = keyType
    }

    /// - Parameter literal: As the server prints it under `DateStyle = ISO`, any TimeZone.
    /// - Throws: ``BoundError`` with code `malformed`, or `outOfRange` for a value that the type doesn't have or that
    ///   microseconds since 1970 in 64 bits can't express: dates from 294247-01-11 on, timestamps after 294247-01-10
    ///   04:00:54.775806.
    package func coordinate(_ literal: String) throws(BoundError) -> Int64 {
        switch keyType {
        case .int2: return try Self.integer(literal, Int64(Int16.min)...Int64(Int16.max), "smallint")
        case .int4: return try Self.integer(literal, Int64(Int32.min)...Int64(Int32.max), "integer")
        case .int8: return try Self.integer(literal, Int64.min...Int64.max, "bigint")
        case .date, .timestamp, .timestamptz: return try temporal(literal)
        case .other(let name): throw BoundError(.unsupported, "values of type \(name) have no coordinates")
        }
    }

    /// The text of a bound, without quotes; it doesn't depend on the session's TimeZone, and under any DateStyle it is
    /// read the same.
    ///
    /// `2026-11-01`, `2026-11-01 00:00:00`, `2026-11-01 00:00:00+00`, `42`. A `date` is the day that `coordinate` lies
    /// in.
    package func literal(_ coordinate: Int64) -> String {
        switch keyType {
        case .int2, .int4, .int8, .other: return String(coordinate)
        case .date, .timestamp, .timestamptz: break
        }
        if coordinate == .max { return "infinity" }
        if coordinate == .min { return "-infinity" }
        let civil = CivilDateTime(microseconds: coordinate)
        switch keyType {
        case .date: return civil.date.description
        case .timestamptz:
            let date = civil.date
            return TimestampText.postgresYear(date.year) + TimestampText.monthAndDay(date) + " "
                + TimestampText.timeOfDay(civil) + "+00" + TimestampText.eraSuffix(date.year)
        default: return civil.description
        }
    }

    private static func integer(_ text: String, _ range: ClosedRange<Int64>, _ type: String) throws(BoundError) -> Int64
    {
        let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        guard !digits.isEmpty, digits.allSatisfy(ByteScanner.isDigit) else {
            throw BoundError(.malformed, "\"\(shortened(text))\" is not a whole number")
        }
        guard let value = Int64(text), range.contains(value) else {
            throw BoundError(.outOfRange, "\(shortened(text)) is out of range for type \(type)")
        }
        return value
    }

    private func temporal(_ text: String) throws(BoundError) -> Int64 {
        if text == "infinity" { return .max }
        if text == "-infinity" { return .min }
        guard text.utf8.first.map(ByteScanner.isDigit) == true, let parsed = TimestampText(parsing: text),
            hasExpectedParts(parsed), parsed.year != 0 || text.hasSuffix(" BC"),
            parsed.day <= CivilDate.daysIn(month: parsed.month, year: parsed.year)
        else {
            throw BoundError(
                .malformed,
                "\"\(Self.shortened(text))\" is not a \(typeName) as printed under DateStyle ISO"
            )
        }
        guard let civil = parsed.civilMicroseconds else { throw outOfRange(text) }
        let coordinate = Int128(civil) - Int128(parsed.offset ?? 0) * Int128(Microseconds.perSecond)
        guard let coordinate = Int64(exactly: coordinate), CoordinateLimits.finite.contains(coordinate) else {
            throw outOfRange(text)
        }
        return coordinate
    }

    private func hasExpectedParts(_ parsed: TimestampText) -> Bool {
        switch keyType {
        case .date: parsed.microsecondOfDay == nil && parsed.offset == nil
        case .timestamptz: parsed.offset != nil
        default: parsed.offset == nil
        }
    }

    private var typeName: String {
        switch keyType {
        case .date: "date"
        case .timestamptz: "timestamp with time zone"
        default: "timestamp without time zone"
        }
    }

    private func outOfRange(_ text: String) -> BoundError {
        BoundError(.outOfRange, "\(Self.shortened(text)) is outside what can be handled, 4714-11-24 BC to 294247-01-10")
    }

    private static func shortened(_ text: String) -> String {
        text.utf8.count <= 80 ? text : String(text.unicodeScalars.prefix(80)) + "…"
    }
}
