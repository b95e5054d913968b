// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import PartitionMap
import Partitioning

/// Reads the values of options; what isn't one is refused with what would be.
enum Transform {
    /// A whole number in a range.
    static func number(_ range: ClosedRange<Int>, of unit: String) -> @Sendable (String) throws -> Int {
        { text in
            guard let number = Int(text), range.contains(number) else {
                throw ValidationError("give a whole number of \(unit) from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
    }

    /// `80` or `80%`.
    @Sendable static func percentage(_ text: String) throws -> Int {
        let digits = text.hasSuffix("%") ? String(text.dropLast()) : text
        guard let number = Int(digits), (1...100).contains(number) else {
            throw ValidationError("give a whole percentage from 1 to 100, such as 80 or 80%")
        }
        return number
    }

    /// Bytes with a unit: `500GB` is 500 · 10⁹, `2TiB` is 2 · 2⁴⁰; at least one byte.
    @Sendable static func bytes(_ text: String) throws -> Int64 {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }.lowercased()
        guard let count = Int64(digits), count > 0, let factor = units[unit] else { throw notBytes }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: factor)
        guard !overflow else { throw notBytes }
        return bytes
    }

    @Sendable static func table(_ text: String) throws -> EntityName {
        do {
            return try EntityName(parsing: text)
        } catch {
            throw ValidationError(
                "write it as SQL does, in quotes of the shell's: events, app.events or 'app.\"My Events\"'"
            )
        }
    }

    @Sendable static func instant(_ text: String) throws -> Instant {
        guard let instant = Instant(parsing: text), let last = Instant(parsing: "9999-12-31T00:00:00Z"),
            (Instant(microseconds: 0)...last).contains(instant)
        else {
            throw ValidationError(
                "give a moment with its offset from UTC, such as 2026-12-24T02:00:00Z, from 1970 to 9999"
            )
        }
        return instant
    }

    @Sendable static func nonEmpty(_ text: String) throws -> String {
        guard !text.allSatisfy(\.isWhitespace) else { throw ValidationError("it is empty") }
        return text
    }

    private static let units: [String: Int64] = [
        "": 1, "b": 1, "kb": 1000, "mb": 1_000_000, "gb": 1_000_000_000, "tb": 1_000_000_000_000,
        "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
    ]

    private static var notBytes: ValidationError {
        ValidationError("give bytes with a unit of kB, MB, GB, TB, KiB, MiB, GiB or TiB, such as 500GB")
    }
}
