// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension NamePattern {
    /// The name of the partition that begins at `lower`, in 63 bytes at most: a table's name that is too long gives
    /// way, with a hash in place of its end, and the date stays.
    ///
    /// - Parameters:
    ///   - lower: The nominal local time of the lower bound.
    ///   - disambiguator: Added at the end. See ``name(table:grid:index:)``, which knows when one is needed.
    package func name(table: String, lower: CivilDateTime, disambiguator: String? = nil) -> String {
        var before = ""
        var table: String? = hasTable ? table : nil
        var after = ""
        var isBeforeTable = hasTable
        for part in parts {
            switch part {
            case .token(.table): isBeforeTable = false
            case .text(let text) where isBeforeTable: before += text
            case .text(let text): after += text
            case .token(let token) where isBeforeTable: before += token.rendered(lower)
            case .token(let token): after += token.rendered(lower)
            }
        }
        after += disambiguator ?? ""
        if let name = table {
            let room = IdentifierName.maximumBytes - before.utf8.count - after.utf8.count
            // There is always room beside a pattern that was accepted, unless the suffix or the year is monstrous.
            if room > 9 { table = IdentifierName.shortened(name, toBytes: room) }
        }
        return IdentifierName.truncated(before + (table ?? "") + after, suffixKept: disambiguator ?? "")
    }

    /// The name of cell `index` of a grid.
    ///
    /// Hours and minutes of a zone come twice when clocks are put back: the second time the offset from UTC is added,
    /// `_p0100` for +01:00 and `_m0400` for -04:00 (signs would need quotes), so that `events_2026_10_25_0200` is
    /// followed by `events_2026_10_25_0200_p0100`.
    ///
    /// - Returns: `nil` outside the range of PostgreSQL's timestamps.
    package func name(table: String, grid: Grid, index: Int) -> String? {
        guard let boundary = grid.boundary(index), let lower = grid.civilBoundary(index) else { return nil }
        var disambiguator: String?
        // A daily cell that begins in a repeated hour has its day for itself.
        if !grid.period.isCalendar, case .zoned(let rules) = grid.timeline {
            let instant = Instant(microseconds: boundary)
            if rules.isSecondOccurrence(instant) {
                disambiguator = Self.offsetSuffix(seconds: rules.offset(at: instant))
            }
        }
        return name(table: table, lower: lower, disambiguator: disambiguator)
    }

    /// `_p0530` for 19 800 seconds east of UTC; seconds only where an offset has some.
    static func offsetSuffix(seconds: Int) -> String {
        let magnitude = Int(clamping: seconds.magnitude)
        let odd = magnitude % 60
        return (seconds < 0 ? "_m" : "_p") + TimestampText.padded(magnitude / 3600, 2)
            + TimestampText.padded(magnitude / 60 % 60, 2) + (odd == 0 ? "" : TimestampText.padded(odd, 2))
    }

    var hasTable: Bool { parts.contains(.token(.table)) }
}

extension NamePattern.Token {
    /// The token's text for a lower bound; empty for `{table}`. Years before 1 AD end in `bc`, seconds before 1970
    /// begin with `m`.
    func rendered(_ lower: CivilDateTime) -> String {
        let date = lower.date
        switch self {
        case .table: return ""
        case .yyyy: return Self.year(date.year)
        case .iyyy: return Self.year(date.isoWeek.year)
        case .yy: return TimestampText.padded(date.year % 100, 2)
        case .q: return String(date.quarter)
        case .mm: return TimestampText.padded(date.month, 2)
        case .dd: return TimestampText.padded(date.day, 2)
        case .ddd: return TimestampText.padded(date.dayOfYear, 3)
        case .iw: return TimestampText.padded(date.isoWeek.week, 2)
        case .hh: return TimestampText.padded(lower.hour, 2)
        case .mi: return TimestampText.padded(lower.minute, 2)
        case .ss: return TimestampText.padded(lower.second, 2)
        case .unix:
            let seconds = lower.microseconds.floored(dividedBy: Microseconds.perSecond)
            return (seconds < 0 ? "m" : "") + String(seconds.magnitude)
        }
    }

    private static func year(_ year: Int) -> String {
        TimestampText.postgresYear(year) + (year > 0 ? "" : "bc")
    }
}
