// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// How far ahead of now partitions must exist, in elapsed time: a day is 24 hours, also where clocks change.
package struct Buffer: Hashable, Codable, Sendable {
    /// 1 or more for every buffer that somebody may write.
    package let minutes: Int

    package init(minutes: Int) {
        self.minutes = minutes
    }

    /// - Parameter days: of 24 hours; more than can be counted in minutes are as many as can.
    package init(days: Int) {
        let (minutes, overflow) = days.multipliedReportingOverflow(by: Self.minutesPerDay)
        self.minutes = overflow ? (days < 0 ? .min : .max) : minutes
    }

    /// In days, with a fraction.
    package var days: Double { Double(minutes) / Double(Self.minutesPerDay) }

    /// In days, rounded up.
    package var wholeDays: Int { minutes / Self.minutesPerDay + (minutes % Self.minutesPerDay > 0 ? 1 : 0) }

    /// nil where that can't be expressed.
    package var microseconds: Int64? {
        let (product, overflow) = Int64(minutes).multipliedReportingOverflow(by: 60_000_000)
        return overflow ? nil : product
    }

    package static let minutesPerDay = 1440
}

extension Buffer: CustomStringConvertible {
    /// In the largest unit that it is a whole number of: `60 days`, `1 day`, `36 hours`, `90 minutes`.
    package var description: String {
        let (size, unit) =
            minutes % Self.minutesPerDay == 0
            ? (Self.minutesPerDay, "day") : minutes % 60 == 0 ? (60, "hour") : (1, "minute")
        let count = minutes / size
        return "\(count) \(unit)\(count == 1 ? "" : "s")"
    }
}
