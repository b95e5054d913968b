// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// What a set of ranges covers together. Empty ranges cover nothing and overlap nothing.
package struct Coverage: Sendable {
    private let ranges: [KeyRange]
    /// The covered coordinates as the fewest ranges, in order; neighbours that touch are one.
    package let merged: [KeyRange]

    /// - Parameter ranges: In any order.
    package init(_ ranges: [KeyRange]) {
        self.ranges = ranges
        merged = ranges.filter { !$0.isEmpty }.sorted().reduce(into: []) { merged, range in
            if let last = merged.last, range.lower <= last.upper {
                merged[merged.count - 1] = KeyRange(lower: last.lower, upper: max(last.upper, range.upper))
            } else {
                merged.append(range)
            }
        }
    }

    /// The parts of `window` that no range covers, in order.
    package func gaps(within window: KeyRange) -> [KeyRange] {
        guard !window.isEmpty else { return [] }
        var gaps: [KeyRange] = []
        var uncovered = window.lower
        for range in merged where range.upper > window.lower && range.lower < window.upper {
            if range.lower > uncovered { gaps.append(KeyRange(lower: uncovered, upper: range.lower)) }
            uncovered = max(uncovered, range.upper)
        }
        if uncovered < window.upper { gaps.append(KeyRange(lower: uncovered, upper: window.upper)) }
        return gaps
    }

    /// Every pair of ranges that share a coordinate, as positions in the array this was made from, the smaller first,
    /// in order.
    package var overlaps: [(Int, Int)] {
        let order = ranges.indices.filter { !ranges[$0].isEmpty }.sorted { (ranges[$0], $0) < (ranges[$1], $1) }
        var pairs: [(Int, Int)] = []
        for (place, first) in order.enumerated() {
            for second in order[(place + 1)...] {
                guard ranges[second].lower < ranges[first].upper else { break }
                pairs.append((min(first, second), max(first, second)))
            }
        }
        return pairs.sorted { $0 < $1 }
    }

    /// How far the coverage reaches without a gap from `coordinate` on.
    ///
    /// - Returns: The first coordinate that isn't covered any more (`Int64.max`: there is none); `nil` if `coordinate`
    ///   itself isn't.
    package func contiguousEnd(from coordinate: Int64) -> Int64? {
        merged.first { $0.contains(coordinate) }?.upper
    }
}
