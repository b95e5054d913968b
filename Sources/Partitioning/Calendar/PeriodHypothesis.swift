// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A grid that one range could be a cell of.
struct PeriodHypothesis {
    let grid: Grid
    /// Whether a single range of this length is evidence enough. An odd length is more likely a partition made by hand,
    /// or the rest of a month.
    let isConvincingAlone: Bool

    /// 2: the period's standard boundaries. 1: other midnights. 0: other times of day.
    var alignment: Int {
        if grid.anchor == grid.period.standardAnchor { return 2 }
        return grid.anchor.isMidnight ? 1 : 0
    }

    /// All grids that `range` could be a cell of, in the order of preference. Whether it is one remains to be checked.
    static func all(for range: KeyRange, on timeline: Timeline) -> [PeriodHypothesis] {
        let lower = nominal(range.lower, timeline)
        let upper = nominal(range.upper, timeline)
        var hypotheses: [PeriodHypothesis] = []
        if lower.microsecondOfDay == upper.microsecondOfDay {
            hypotheses += months(lower, upper, range, timeline)
            hypotheses += days(lower, upper, range, timeline)
        }
        return hypotheses + elapsed(range, timeline)
    }

    private static func months(
        _ lower: CivilDateTime,
        _ upper: CivilDateTime,
        _ range: KeyRange,
        _ timeline: Timeline
    ) -> [PeriodHypothesis] {
        let (start, end) = (lower.date.components, upper.date.components)
        let months = (end.year - start.year) * 12 + end.month - start.month
        guard months > 0, let period = period(months: months, from: lower) else { return [] }
        let isConvincing = months == 12 || (months < 12 && 12.isMultiple(of: months))
        // A boundary on the last day of a short month may stand for any later day.
        var days = [start.day]
        for day in [end.day, 31, 30, 29] where !days.contains(day) { days.append(day) }
        return days.compactMap { day in
            anchor(day: day, everyMonths: months, near: lower).map { anchor in
                hypothesis(period, anchor, range, timeline, isConvincing)
            }
        }
    }

    private static func period(months: Int, from lower: CivilDateTime) -> Period? {
        if months.isMultiple(of: 12) { return Period(count: months / 12, unit: .year) }
        let date = lower.date
        if months == 3, date.day == 1, date.month % 3 == 1 { return .quarter }
        return Period(count: months, unit: .month)
    }

    /// A boundary of the grid that falls on `day`, the nearest to `lower` going back.
    private static func anchor(day: Int, everyMonths months: Int, near lower: CivilDateTime) -> CivilDateTime? {
        let date = lower.date.components
        guard date.day == min(day, CivilDate.daysIn(month: date.month, year: date.year)) else { return nil }
        // Twelve steps meet every month that the grid has; a 29 February takes up to eight years.
        for step in 0...12 {
            let (overflowing, overflow) = (date.year * 12 + date.month - 1).subtractingReportingOverflow(step * months)
            guard !overflow else { return nil }
            let (year, month) = overflowing.flooredQuotientAndRemainder(dividingBy: 12)
            guard let candidate = CivilDate(year: year, month: month + 1, day: day) else { continue }
            return CivilDateTime(
                microseconds: CivilDateTime(midnightOf: candidate).microseconds + lower.microsecondOfDay
            )
        }
        return nil
    }

    private static func days(
        _ lower: CivilDateTime,
        _ upper: CivilDateTime,
        _ range: KeyRange,
        _ timeline: Timeline
    ) -> [PeriodHypothesis] {
        let days = upper.date.daysSinceEpoch - lower.date.daysSinceEpoch
        guard days > 0 else { return [] }
        let period =
            days.isMultiple(of: 7)
            ? Period(count: days / 7, unit: .week, weekStart: lower.date.weekday) : Period(count: days, unit: .day)
        guard let period else { return [] }
        return [hypothesis(period, lower, range, timeline, [1, 7, 14].contains(days))]
    }

    private static func elapsed(_ range: KeyRange, _ timeline: Timeline) -> [PeriodHypothesis] {
        let (length, overflow) = range.upper.subtractingReportingOverflow(range.lower)
        guard !overflow, length > 0, length.isMultiple(of: Microseconds.perMinute) else { return [] }
        let minutes = Int(length / Microseconds.perMinute)
        let period =
            minutes.isMultiple(of: 60)
            ? Period(count: minutes / 60, unit: .hour) : Period(count: minutes, unit: .minute)
        guard let period else { return [] }
        // The anchor's local time must mean the range's own lower bound; in a repeated hour it means the second one. Go
        // back until it does.
        for step in 0...48 {
            let (candidate, overflow) = range.lower.subtractingReportingOverflow(Int64(step) * length)
            guard !overflow else { return [] }
            let anchor = timeline.civil(at: candidate)
            guard timeline.coordinate(of: anchor) == candidate else { continue }
            let dividesDay = minutes < 1440 && 1440.isMultiple(of: minutes)
            return [hypothesis(period, anchor, range, timeline, dividesDay)]
        }
        return []
    }

    /// The period's standard anchor is used where it gives the same grid, so that equal grids are equal values.
    private static func hypothesis(
        _ period: Period,
        _ anchor: CivilDateTime,
        _ range: KeyRange,
        _ timeline: Timeline,
        _ isConvincingAlone: Bool
    ) -> PeriodHypothesis {
        let standard = Grid(period: period, timeline: timeline)
        let index = standard.index(containing: range.lower)
        let isStandard = standard.range(index) == range
        return PeriodHypothesis(
            grid: isStandard ? standard : Grid(period: period, anchor: anchor, timeline: timeline),
            isConvincingAlone: isConvincingAlone
        )
    }

    /// The local time that a boundary stands for: midnight, if that is what PostgreSQL turns into this coordinate.
    private static func nominal(_ coordinate: Int64, _ timeline: Timeline) -> CivilDateTime {
        let civil = timeline.civil(at: coordinate)
        let midnight = CivilDateTime(midnightOf: civil.date)
        return timeline.coordinate(of: midnight) == coordinate ? midnight : civil
    }
}
