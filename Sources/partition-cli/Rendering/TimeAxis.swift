// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning

/// The axis below lines of time that have one scale: the days, months or years that have room, in UTC.
struct TimeAxis: Hashable, Sendable {
    var scale: TimeScale
    /// By the server's clock, in microseconds since 1970.
    var now: Int64

    /// Each with how many characters its label takes.
    private static let steps: [(period: Period, width: Int)] = [
        (.hour, 16), (Period(count: 6, unit: .hour), 16), (.day, 10), (.week, 10), (.month, 7), (.quarter, 7),
        (.year, 4), (Period(count: 5, unit: .year), 4), (Period(count: 25, unit: .year), 4),
        (Period(count: 100, unit: .year), 4), (Period(count: 1000, unit: .year), 4),
    ].compactMap { period, width in period.map { ($0, width) } }

    /// Of so many characters; empty where nothing of it can be labelled.
    func line(_ count: Int) -> String {
        let perCharacter = (scale.past + scale.future) / Double(count)
        // A label has its sign before it and a space behind it; every second one may go without.
        let step = Self.steps.first {
            Double($0.period.approximateMicroseconds) / perCharacter >= Double($0.width + 2) / 2
        }
        guard let step else { return "" }
        let grid = Grid(period: step.period, timeline: .zoned(.utc))
        let window = scale.window(around: now)
        var cell = grid.index(containing: window.lower) + 1
        var line = ""
        while let moment = grid.boundary(cell), moment < window.upper {
            let column = scale.column(of: moment, around: now, of: count)
            if line.isEmpty || column > line.count {
                line += String(repeating: " ", count: column - line.count) + "╵"
                // What would go beyond the edge is left out.
                if column + 1 + step.width <= count { line += Self.label(moment, step.width) }
            }
            cell += 1
        }
        return line
    }

    /// As much of `2046-03-12 06:00` as says which one it is.
    private static func label(_ moment: Int64, _ width: Int) -> String {
        String(ZoneRules.utc.civil(Instant(microseconds: moment)).description.prefix(width))
    }
}
