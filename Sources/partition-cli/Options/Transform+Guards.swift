// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import Partitioning

extension Transform {
    /// `5s`, `500ms`, `2min`; a bare number is seconds. From 100 ms to an hour.
    @Sendable static func duration(_ text: String) throws -> Duration {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }.lowercased()
        guard let count = Int64(digits), let factor = milliseconds[unit] else { throw notDuration }
        let (length, overflow) = count.multipliedReportingOverflow(by: factor)
        guard !overflow, (100...3_600_000).contains(length) else { throw notDuration }
        return .milliseconds(length)
    }

    /// `0` and `none` for no limit at all.
    static func limit<Value>(
        _ transform: @escaping @Sendable (String) throws -> Value
    ) -> @Sendable (String) throws -> Limit<Value> {
        { text in ["0", "none"].contains(text.lowercased()) ? .off : .value(try transform(text)) }
    }

    /// Bytes as elsewhere, not so few that every slot lags.
    @Sendable static func slotLag(_ text: String) throws -> Int64 {
        guard let bytes = count(ofBytes: text), (1_000_000...16 << 40).contains(bytes) else {
            throw ValidationError("give bytes from 1MB to 16TiB, \(byteUnits), such as 256MiB")
        }
        return bytes
    }

    @Sendable static func window(_ text: String) throws -> DailyWindow {
        guard let window = DailyWindow(parsing: text) else {
            throw ValidationError("give two different times of day, 00:00 to 23:59, such as 02:00-05:00")
        }
        return window
    }

    private static let milliseconds: [String: Int64] = [
        "": 1000, "ms": 1, "s": 1000, "min": 60_000, "m": 60_000, "h": 3_600_000,
    ]

    private static var notDuration: ValidationError {
        ValidationError("give a duration from 100ms to 1h, such as 5s, or none")
    }
}
