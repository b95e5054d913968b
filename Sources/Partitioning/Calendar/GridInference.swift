// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Reads the period and the anchor off existing partitions.
///
/// The newest partitions decide. A period is chosen so that as many as possible of the newest ranges are cells of its
/// grid; gaps between them don't matter, and what lies before them (a legacy partition of several years, another
/// interval in the past) isn't looked at. Where several periods explain the same ranges, the one people would name
/// wins: one year, quarter or month before months, a week or day before days.
///
/// A single range of an odd length (26 days, 3 years, 7 hours) is no evidence of a period, only two of them are. A
/// single newest range of another length than a regular run before it is ambiguous: it may be the first of a new
/// interval or an exception.
package enum GridInference {
    /// - Parameter ranges: In any order. Those without a limit on one side, and empty ones, are left out.
    package static func infer(ranges: [KeyRange], timeline: Timeline) -> Result<Grid, GridInferenceFailure> {
        explanation(of: finite(ranges), timeline).map(\.grid)
    }

    /// The grid for the timeline that fits best.
    package struct Match: Hashable, Sendable {
        /// The one that explains the most ranges; among equals the one whose boundaries are on the calendar's own
        /// (midnight, the first of the month), then the one whose timeline was given first.
        package let grid: Grid
        /// The grids of all timelines that fit, in the order given.
        package let fitting: [Grid]
        /// How many of the newest ranges are cells of `grid`.
        package let explained: Int
    }

    /// Tries several zones.
    ///
    /// - Parameter timelines: The likeliest first. For hours and minutes often all of them fit.
    /// - Returns: The failure for the first timeline if none fits.
    package static func infer(ranges: [KeyRange], timelines: [Timeline]) -> Result<Match, GridInferenceFailure> {
        let ranges = finite(ranges)
        var fitting: [Explanation] = []
        var failure: GridInferenceFailure?
        for timeline in timelines {
            switch explanation(of: ranges, timeline) {
            case .success(let explanation): fitting.append(explanation)
            case .failure(let reason): failure = failure ?? reason
            }
        }
        guard var best = fitting.first else {
            return .failure(
                failure
                    ?? GridInferenceFailure(
                        code: .notCalendarShaped,
                        reason: "no time zone was given to read the partitions in"
                    )
            )
        }
        for other in fitting.dropFirst() where (other.length, other.alignment) > (best.length, best.alignment) {
            best = other
        }
        return .success(Match(grid: best.grid, fitting: fitting.map(\.grid), explained: best.length))
    }

    struct Explanation {
        let grid: Grid
        /// The number of newest ranges that are cells of the grid.
        let length: Int
        /// 2: the period's standard boundaries. 1: other midnights. 0: other times of day.
        let alignment: Int
    }

    private static func finite(_ ranges: [KeyRange]) -> [KeyRange] {
        ranges.filter { $0.isFinite && !$0.isEmpty }.sorted()
    }

    private static func explanation(
        of ranges: [KeyRange],
        _ timeline: Timeline
    ) -> Result<Explanation, GridInferenceFailure> {
        guard let newest = ranges.last else {
            return .failure(
                GridInferenceFailure(
                    code: .noFiniteRange,
                    reason: "there is no partition with a lower and an upper limit to read the interval from; "
                        + "name the interval in a policy file (every: month)"
                )
            )
        }
        let best = longest(ranges, timeline)
        if let best, best.length > 1 { return .success(best) }

        // The newest range stands alone. Was there a rule before it?
        if let before = longest(Array(ranges.dropLast()), timeline), before.length > 1 {
            return .failure(
                GridInferenceFailure(
                    code: .ambiguous,
                    reason:
                        "the newest partition (\(described(newest, timeline))) isn't one \(before.grid.period) as the "
                        + "\(before.length) before it are; name the interval to continue with in a policy file "
                        + "(every: \(before.grid.period))"
                )
            )
        }
        if let best { return .success(best) }
        return .failure(
            GridInferenceFailure(
                code: .notCalendarShaped,
                reason:
                    "the newest partition (\(described(newest, timeline))) isn't a minute, hour, day, week, month, quarter or "
                    + "year, nor the same number of them as the one before it; name the interval in a policy file (every: month)"
            )
        )
    }

    /// The hypothesis that explains the most of the newest ranges.
    private static func longest(_ ranges: [KeyRange], _ timeline: Timeline) -> Explanation? {
        var best: Explanation?
        // The newest may begin at a time that its zone skips or repeats and so hide what the others show.
        for range in ranges.suffix(3).reversed() {
            for hypothesis in PeriodHypothesis.all(for: range, on: timeline) {
                let grid = hypothesis.grid
                let length = ranges.reversed().prefix { isCell($0, of: grid) }.count
                guard length > (hypothesis.isConvincingAlone ? 0 : 1), length > best?.length ?? 0 else { continue }
                best = Explanation(grid: grid, length: length, alignment: hypothesis.alignment)
            }
        }
        return best
    }

    private static func isCell(_ range: KeyRange, of grid: Grid) -> Bool {
        grid.range(grid.index(containing: range.lower)) == range
    }

    private static func described(_ range: KeyRange, _ timeline: Timeline) -> String {
        let zone = timeline.zoneName.map { " " + $0 } ?? ""
        return "\(timeline.civil(at: range.lower)) to \(timeline.civil(at: range.upper))\(zone)"
    }
}
