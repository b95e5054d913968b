// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// The boundaries of regular partitions: boundary `k` is anchor + `k` · period, each computed from the anchor and never
/// from another boundary. Cell `k` is the half-open range from boundary `k` to boundary `k + 1`.
///
/// Days and longer follow the calendar: a boundary is the local time `k` periods after the anchor, turned into a
/// coordinate by the timeline. Hours and minutes follow elapsed time: a day on which clocks are put back has 25 hourly
/// cells and `6 hours` move on the wall clock.
package struct Grid: Hashable, Codable, Sendable {
    /// Its `weekStart` matters for the standard anchor only: weeks begin on the anchor's weekday.
    package let period: Period
    package let anchor: CivilDateTime
    package let timeline: Timeline

    package init(period: Period, anchor: CivilDateTime, timeline: Timeline) {
        self.period = period
        self.anchor = anchor
        self.timeline = timeline
    }

    /// A grid from the period's standard anchor.
    package init(period: Period, timeline: Timeline) {
        self.init(period: period, anchor: period.standardAnchor, timeline: timeline)
    }

    /// The lower bound, inclusive, of cell `k`, which is the upper bound, exclusive, of cell `k - 1`.
    ///
    /// Boundaries never decrease. Two are equal only where a zone skips a whole day (Pacific/Apia, 2011-12-30): that
    /// cell is empty.
    ///
    /// - Returns: `nil` outside the range of PostgreSQL's timestamps.
    package func boundary(_ k: Int) -> Int64? {
        let position = position(k)
        return CoordinateLimits.finite.contains(position) ? position : nil
    }

    /// The cell that `coordinate` lies in: the last `k` whose boundary isn't above it.
    ///
    /// - Parameter coordinate: One outside the range of PostgreSQL's timestamps counts as the nearest inside.
    package func index(containing coordinate: Int64) -> Int {
        let coordinate = min(max(coordinate, CoordinateLimits.lowest), CoordinateLimits.highest)
        var k = estimatedIndex(coordinate)
        // The estimate looks at local time alone. It is a cell too high before the anchor's day of the month and where
        // a boundary is skipped or repeated, and too low where clocks are put back twice within a day.
        while position(k) > coordinate, k > .min { k -= 1 }
        while k < .max, position(k + 1) <= coordinate { k += 1 }
        return k
    }

    /// Cell `k` as a range of coordinates.
    ///
    /// - Returns: `nil` if it is empty or not wholly inside the range of PostgreSQL's timestamps.
    package func range(_ k: Int) -> KeyRange? {
        guard k < .max, let lower = boundary(k), let upper = boundary(k + 1), lower < upper else { return nil }
        return KeyRange(lower: lower, upper: upper)
    }

    /// The local time that boundary `k` stands for, for names: midnight for a daily grid even on a day whose midnight
    /// the zone skips.
    ///
    /// - Returns: `nil` outside the range of PostgreSQL's timestamps.
    package func civilBoundary(_ k: Int) -> CivilDateTime? {
        guard let boundary = boundary(k) else { return nil }
        switch period.step {
        case .elapsed: return timeline.civil(at: boundary)
        case .days, .months: return CivilDateTime(microseconds: calendarPosition(k))
        }
    }
}

extension Grid {
    /// Boundary `k`, saturating: never decreasing over the whole range of `Int`.
    private func position(_ k: Int) -> Int64 {
        switch period.step {
        case .elapsed(let step):
            return Int64(clamping: Int128(timeline.coordinate(of: anchor)) + Int128(k) * Int128(step))
        case .days, .months:
            let local = calendarPosition(k)
            // A saturated position is no time of any zone.
            return local == .min || local == .max ? local : timeline.coordinate(of: CivilDateTime(microseconds: local))
        }
    }

    /// The local time of boundary `k` of a calendar period in microseconds, saturating.
    private func calendarPosition(_ k: Int) -> Int64 {
        switch period.step {
        case .elapsed(let step):
            return Int64(clamping: Int128(anchor.microseconds) + Int128(k) * Int128(step))
        case .days(let days):
            let step = Int128(days) * Int128(Microseconds.perDay)
            return Int64(clamping: Int128(anchor.microseconds) + Int128(k) * step)
        case .months(let months):
            let total = Int128(k) * Int128(months)
            guard let total = Int(exactly: total), let date = anchor.date.adding(months: total) else {
                return k < 0 ? .min : .max
            }
            return Int64(
                clamping: Int128(date.daysSinceEpoch) * Int128(Microseconds.perDay) + Int128(anchor.microsecondOfDay)
            )
        }
    }

    private func estimatedIndex(_ coordinate: Int64) -> Int {
        switch period.step {
        case .elapsed(let step):
            let distance = Int128(coordinate) - Int128(timeline.coordinate(of: anchor))
            return Int(clamping: distance.floored(dividedBy: Int128(step)))
        case .days(let days):
            let distance = Int128(timeline.civil(at: coordinate).microseconds) - Int128(anchor.microseconds)
            return Int(clamping: distance.floored(dividedBy: Int128(days) * Int128(Microseconds.perDay)))
        case .months(let months):
            let date = timeline.civil(at: coordinate).date.components
            let start = anchor.date.components
            return ((date.year - start.year) * 12 + date.month - start.month).floored(dividedBy: months)
        }
    }
}
