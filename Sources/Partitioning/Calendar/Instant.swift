// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A moment on the time line that everybody shares, in microseconds since 1970-01-01T00:00:00Z: `timestamptz`'s
/// resolution.
package struct Instant: Hashable, Comparable, Sendable {
    package let microseconds: Int64

    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// Reads ISO 8601 with an offset or `Z`: what ``description`` writes and what PostgreSQL prints for a
    /// `timestamptz`.
    ///
    /// - Returns: `nil` for anything else, a missing offset included.
    package init?(parsing text: String) {
        guard let parsed = TimestampText(parsing: text), let offset = parsed.offset,
            let civil = parsed.civilMicroseconds
        else { return nil }
        let (microseconds, overflow) = civil.subtractingReportingOverflow(Int64(offset) * Microseconds.perSecond)
        guard !overflow else { return nil }
        self.init(microseconds: microseconds)
    }

    package static func < (left: Instant, right: Instant) -> Bool {
        left.microseconds < right.microseconds
    }
}

extension Instant: CustomStringConvertible {
    /// ISO 8601 in UTC, `2026-11-01T00:00:00Z`; years outside 0…9999 have a sign (`-0043` is 44 BC), as the standard
    /// asks.
    package var description: String {
        let civil = CivilDateTime(microseconds: microseconds)
        return TimestampText.isoYear(civil.date.year) + TimestampText.monthAndDay(civil.date) + "T"
            + TimestampText.timeOfDay(civil) + "Z"
    }
}

extension Instant: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Instant(parsing: text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an ISO 8601 instant")
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
