// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning

extension DailyWindow: PolicyValue {
    init(policy scalar: YAMLScalar) throws(PolicyValueError) {
        let text = scalar.text
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map(DailyWindow.minute)
        guard ends.count == 2, let start = ends[0], let end = ends[1] else {
            throw PolicyValueError(
                "\(Quoted(text)) is not a window: write two times of day, 00:00 to 23:59, such as \"02:00-05:00\"",
                suggestion: Self.repaired(text)
            )
        }
        guard let window = DailyWindow(start: start, end: end) else {
            throw PolicyValueError(
                "the window \(Quoted(text)) ends where it begins: leave the key out if every time of day is fine"
            )
        }
        self = window
    }

    private static func minute(hour: Substring, minute: Substring) -> Int? {
        guard !hour.isEmpty, !minute.isEmpty, (hour + minute).utf8.allSatisfy(YAMLScalar.isDigit),
            let hour = Int(hour), let minute = Int(minute), hour < 24, minute < 60
        else { return nil }
        return hour * 60 + minute
    }

    /// What `2:00 - 24:00` and `2-5` were meant to be.
    private static func repaired(_ text: String) -> String? {
        let ends = text.filter { $0 != " " }.split(whereSeparator: { $0 == "-" || $0 == "–" })
        let minutes = ends.compactMap { end -> Int? in
            if end == "24:00" || end == "24" { return 0 }
            let parts = end.split(separator: ":", omittingEmptySubsequences: false)
            return switch parts.count {
            case 1: minute(hour: parts[0], minute: "00")
            case 2: minute(hour: parts[0], minute: parts[1])
            default: nil
            }
        }
        guard ends.count == 2, minutes.count == 2 else { return nil }
        return DailyWindow(start: minutes[0], end: minutes[1])?.description
    }
}
