// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A time of day during which something may be done, every day: `02:00-05:00`, or `22:00-04:00` over midnight.
package struct DailyWindow: Hashable, Sendable {
    /// Minutes since midnight on the wall clock, 0…1439, inclusive.
    package let start: Int
    /// Minutes since midnight on the wall clock, 0…1439, exclusive; before ``start`` where midnight lies between.
    package let end: Int

    /// - Returns: nil unless both are in 0…1439 and different.
    package init?(start: Int, end: Int) {
        guard (0..<1440).contains(start), (0..<1440).contains(end), start != end else { return nil }
        self.start = start
        self.end = end
    }

    /// Reads two times of day, `02:00-05:00`, nothing left out and nothing else.
    package init?(parsing text: String) {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map(Self.minute)
        guard ends.count == 2, let start = ends[0], let end = ends[1] else { return nil }
        self.init(start: start, end: end)
    }

    /// Minutes since midnight of a time of day like `02:00`; nil for anything else.
    package static func minute(_ text: Substring) -> Int? {
        let bytes = Array(text.utf8)
        guard bytes.count == 5, bytes[2] == UInt8(ascii: ":") else { return nil }
        let digits = [bytes[0], bytes[1], bytes[3], bytes[4]].map { Int($0) - Int(UInt8(ascii: "0")) }
        guard digits.allSatisfy((0...9).contains) else { return nil }
        let (hour, minute) = (digits[0] * 10 + digits[1], digits[2] * 10 + digits[3])
        return hour < 24 && minute < 60 ? hour * 60 + minute : nil
    }

    /// - Parameter minute: since midnight on the wall clock, 0…1439.
    package func contains(_ minute: Int) -> Bool {
        start < end ? (start..<end).contains(minute) : minute >= start || minute < end
    }

    /// In minutes, 1…1439, on a day without a change of clocks.
    package var length: Int { start < end ? end - start : end + 1440 - start }
}

extension DailyWindow: CustomStringConvertible {
    package var description: String { "\(Self.clock(start))-\(Self.clock(end))" }

    private static func clock(_ minute: Int) -> String {
        [minute / 60, minute % 60].map { ($0 < 10 ? "0" : "") + String($0) }.joined(separator: ":")
    }
}
