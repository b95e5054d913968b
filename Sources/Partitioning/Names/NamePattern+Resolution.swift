// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension NamePattern {
    /// Whether any two partitions of this period get different names.
    ///
    /// `{yy}` counts as a year, although it repeats after a century. Repeated hours are told apart by their offset
    /// suffix.
    package func isInjective(for period: Period) -> Bool {
        let cell = cell
        switch period.step {
        case .months(let months):
            // Boundaries are on the same day of the month, or on the last one: `months` apart is never in the same run
            // of that many months.
            return cell.months.map { $0 <= months } ?? (cell.days != nil)
        case .days(let days):
            return days >= cell.longestDays
        case .elapsed(let microseconds):
            if let length = cell.elapsed { return microseconds >= length }
            // Local days can be an hour or more longer than 24.
            return cell.longestDays < .max && microseconds / Microseconds.perDay > cell.longestDays
        }
    }

    /// - Throws: A sentence for a pattern that would give two partitions of `period` the same name.
    package func validate(for period: Period) throws(NamePatternError) {
        guard !isInjective(for: period) else { return }
        throw NamePatternError(
            message:
                "the name pattern \"\(self)\" gives several partitions the same name if there is one every \(period); "
                + "a pattern that doesn't is \"\(Self.standard(for: period))\""
        )
    }

    /// The stretch of time that shares a name.
    private enum Cell {
        case months(Int)
        case days(Int)
        case elapsed(Int64)
        case unlimited

        /// The length in whole months if that is what bounds the cell, else `nil`.
        var months: Int? {
            switch self {
            case .months(let months): months
            case .days, .elapsed: nil
            case .unlimited: .max
            }
        }

        var days: Int? {
            switch self {
            case .days(let days): days
            case .elapsed: 1
            case .months, .unlimited: nil
            }
        }

        var elapsed: Int64? {
            if case .elapsed(let length) = self { length } else { nil }
        }

        /// Two days that lie this many days apart are never in the same cell.
        var longestDays: Int {
            switch self {
            case .elapsed: 1
            case .days(let days): days
            case .months(1): 31
            case .months(3): 92
            case .months: 366
            case .unlimited: .max
            }
        }
    }

    private var cell: Cell {
        func has(_ token: Token) -> Bool { parts.contains(.token(token)) }
        if has(.unix) { return .elapsed(Microseconds.perSecond) }
        if has(.yyyy) || has(.yy) {
            if has(.ddd) || has(.mm) && has(.dd) {
                guard has(.hh) else { return .days(1) }
                guard has(.mi) else { return .elapsed(Microseconds.perHour) }
                return .elapsed(has(.ss) ? Microseconds.perSecond : Microseconds.perMinute)
            }
            if has(.iyyy), has(.iw) { return .days(7) }
            return .months(has(.mm) ? 1 : has(.q) ? 3 : 12)
        }
        return has(.iyyy) && has(.iw) ? .days(7) : .unlimited
    }
}
