// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import SeededRandom
import Testing

@Suite("Ranges and what they cover")
struct CoverageTests {
    @Test("ranges are half-open, and without a limit contain everything on that side")
    func contains() {
        let range = KeyRange(lower: 10, upper: 20)
        #expect(range.contains(10) && range.contains(19) && !range.contains(20) && !range.contains(9))
        #expect(KeyRange(lower: .min, upper: .max).contains(.max))
        #expect(KeyRange(lower: .min, upper: .max).contains(.min))
        #expect(!KeyRange(lower: .max, upper: .max).contains(.max))
        #expect(
            !KeyRange(lower: .min, upper: 5).isFinite && !KeyRange(lower: 5, upper: .max).isFinite && range.isFinite
        )
        #expect(KeyRange(lower: 20, upper: 10).isEmpty)
    }

    @Test("ranges that touch are neighbours and don't overlap")
    func neighbours() {
        let range = KeyRange(lower: 10, upper: 20)
        let next = KeyRange(lower: 20, upper: 30)
        #expect(range.isAdjacent(to: next) && next.isAdjacent(to: range) && !range.overlaps(next))
        #expect(range.intersection(KeyRange(lower: 15, upper: 40)) == KeyRange(lower: 15, upper: 20))
        #expect(!range.isAdjacent(to: KeyRange(lower: 21, upper: 30)))
        #expect([next, range].sorted() == [range, next])
    }

    @Test("gaps are the parts of the window that are not covered")
    func gaps() {
        let coverage = Coverage([
            KeyRange(lower: 30, upper: 40), .init(lower: 10, upper: 20), .init(lower: 20, upper: 25),
        ])
        #expect(
            coverage.gaps(within: .init(lower: 0, upper: 50)) == [
                .init(lower: 0, upper: 10), .init(lower: 25, upper: 30), .init(lower: 40, upper: 50),
            ]
        )
        #expect(coverage.gaps(within: .init(lower: 12, upper: 24)) == [])
        #expect(coverage.gaps(within: .init(lower: 22, upper: 28)) == [.init(lower: 25, upper: 28)])
        #expect(coverage.gaps(within: .init(lower: 50, upper: 40)) == [])
        #expect(Coverage([]).gaps(within: .init(lower: 1, upper: 2)) == [.init(lower: 1, upper: 2)])
        #expect(coverage.merged == [.init(lower: 10, upper: 25), .init(lower: 30, upper: 40)])
    }

    @Test("the contiguous end is where the first gap begins")
    func contiguousEnd() {
        let coverage = Coverage([
            KeyRange(lower: 10, upper: 20), .init(lower: 20, upper: 25), .init(lower: 30, upper: .max),
        ])
        #expect(coverage.contiguousEnd(from: 10) == 25)
        #expect(coverage.contiguousEnd(from: 24) == 25)
        #expect(coverage.contiguousEnd(from: 25) == nil)
        #expect(coverage.contiguousEnd(from: 9) == nil)
        #expect(coverage.contiguousEnd(from: 30) == .max)
        #expect(coverage.contiguousEnd(from: .max) == .max)
    }

    @Test("every pair that overlaps is found once")
    func overlaps() {
        let coverage = Coverage([
            KeyRange(lower: 20, upper: 30), .init(lower: 0, upper: 10), .init(lower: 5, upper: 25),
            .init(lower: 5, upper: 5), .init(lower: 0, upper: 10),
        ])
        #expect(coverage.overlaps.map { [$0.0, $0.1] } == [[0, 2], [1, 2], [1, 4], [2, 4]])
    }

    @Test("gaps, overlaps and the contiguous end are what looking at each coordinate says: 1000 random sets")
    func agreesWithBruteForce() {
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<1000 {
            let ranges = (0..<Int.random(in: 0...8, using: &generator)).map { _ in
                let lower = Int64.random(in: 0..<60, using: &generator)
                return KeyRange(lower: lower, upper: lower + Int64.random(in: -1...12, using: &generator))
            }
            let window = KeyRange(
                lower: Int64.random(in: 0..<40, using: &generator),
                upper: Int64.random(in: 20..<80, using: &generator)
            )
            let coverage = Coverage(ranges)
            let gaps = coverage.gaps(within: window)
            for point in Int64(-1)...80 {
                let covered = ranges.contains { $0.contains(point) }
                #expect(gaps.contains { $0.contains(point) } == (window.contains(point) && !covered))
                #expect(coverage.merged.contains { $0.contains(point) } == covered)
                let end = (point...200).first { candidate in !ranges.contains { $0.contains(candidate) } }
                #expect(coverage.contiguousEnd(from: point) == (covered ? end : nil))
            }
            #expect(zip(gaps, gaps.dropFirst()).allSatisfy { $0.upper < $1.lower })
            let pairs = ranges.indices.flatMap { first in
                ranges.indices.filter { $0 > first && ranges[first].overlaps(ranges[$0]) }.map { [first, $0] }
            }
            #expect(coverage.overlaps.map { [$0.0, $0.1] } == pairs)
        }
    }
}
