// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import SeededRandom
import Testing

@Suite("Every grid")
struct GridPropertyTests {
    /// 4000 grids of all units, zones and kinds of anchor, each with a cell number that is small, large or beyond all
    /// limits.
    private static func forEachGrid(seed: UInt64, _ body: (Grid, Int, inout SeededGenerator) throws -> Void) rethrows {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<4000 {
            guard let unit = Period.Unit.allCases.randomElement(using: &generator),
                let count = [1, 1, 2, 3, 5, 7, 12, 15, 36, 1000].randomElement(using: &generator),
                let period = Period(count: count, unit: unit, weekStart: Int.random(in: 1...7, using: &generator)),
                let rules = ZoneRules.handWritten.randomElement(using: &generator)
            else { continue }
            let year: Int64 = 31_556_952_000_000
            let anchors = [
                period.standardAnchor.microseconds, Int64.random(in: -2000 * year...2000 * year, using: &generator),
                // A midnight near a change of the clock.
                ((rules.transitions.randomElement(using: &generator)?.at.microseconds ?? 0) / 86_400_000_000
                    + Int64.random(in: -2...2, using: &generator)) * 86_400_000_000,
            ]
            guard let anchor = anchors.randomElement(using: &generator) else { continue }
            let timeline: Timeline = Bool.random(using: &generator) ? .zoned(rules) : .civil
            let grid = Grid(period: period, anchor: CivilDateTime(microseconds: anchor), timeline: timeline)
            let width = [3, 300, 40_000, 100_000_000, 10_000_000_000].randomElement(using: &generator) ?? 3
            try body(grid, Int.random(in: -width...width, using: &generator), &generator)
        }
    }

    @Test("has boundaries that never decrease")
    func monotonic() {
        Self.forEachGrid(seed: 1) { grid, k, _ in
            guard let lower = grid.boundary(k), let upper = grid.boundary(k + 1) else { return }
            #expect(lower <= upper, "\(grid) \(k)")
        }
    }

    @Test("finds the cell of each of its boundaries, of the moment before and of any moment between")
    func inverse() {
        var checked = 0
        Self.forEachGrid(seed: 2) { grid, k, generator in
            guard let range = grid.range(k) else { return }
            checked += 1
            let inside = Int64.random(in: range.lower..<range.upper, using: &generator)
            #expect(grid.index(containing: range.lower) == k, "\(grid) \(k)")
            #expect(grid.index(containing: range.upper - 1) == k, "\(grid) \(k)")
            #expect(grid.index(containing: inside) == k, "\(grid) \(k) \(inside)")
        }
        #expect(checked > 2000)
    }

    @Test("has a cell for every coordinate")
    func total() {
        Self.forEachGrid(seed: 3) { grid, _, generator in
            let coordinate = Int64.random(in: .min ... .max, using: &generator)
            let k = grid.index(containing: coordinate)
            if let lower = grid.boundary(k), coordinate >= -210_866_803_200_000_000 {
                #expect(lower <= coordinate, "\(grid) \(coordinate)")
            }
            if let upper = grid.boundary(k + 1) { #expect(coordinate < upper, "\(grid) \(coordinate)") }
        }
    }

    @Test(
        "has cells that change the day around a change of the clock, found from every quarter of an hour",
        arguments: ZoneRules.handWritten
    )
    func aroundTransitions(rules: ZoneRules) throws {
        for text in ["15 minutes", "hour", "6 hours", "day", "week", "month"] {
            let grid = Grid(period: try period(text), timeline: .zoned(rules))
            for transition in rules.transitions {
                for step in -200...200 {
                    let coordinate = transition.at.microseconds + Int64(step) * 900_000_000
                    let k = grid.index(containing: coordinate)
                    let range = try #require(grid.range(k))
                    #expect(range.contains(coordinate), "\(rules.name) \(text) \(coordinate)")
                }
            }
        }
    }
}
