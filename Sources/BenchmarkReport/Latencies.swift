// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Histogram

/// How long requests took, each measured from when it was due.
package struct Latencies: Sendable {
    /// What a histogram can hold: an hour, in microseconds. A longer latency counts as an hour in percentiles, not in ``longest``.
    private static let ceiling: UInt64 = 3_600_000_000

    /// In microseconds, exact to a thousandth.
    private var histogram = Histogram<UInt64>(
        highestTrackableValue: Latencies.ceiling,
        numberOfSignificantValueDigits: .three
    )
    /// Exact; a histogram knows its largest value to a thousandth only.
    package private(set) var longest = Duration.zero

    package init() {}

    package var count: Int { Int(histogram.totalCount) }

    /// - Parameter latency: below zero counts as zero: clocks of two threads may differ by a tick.
    package mutating func record(_ latency: Duration) {
        let microseconds = max(0, latency / .microseconds(1))
        histogram.record(min(UInt64(microseconds.rounded()), Self.ceiling))
        longest = max(longest, latency)
    }

    package mutating func merge(_ other: Latencies) {
        histogram.add(other.histogram)
        longest = max(longest, other.longest)
    }

    package var summary: LatencySummary {
        func milliseconds(_ percentile: Double) -> Double {
            count == 0 ? 0 : Double(histogram.valueAtPercentile(percentile)) / 1000
        }
        return LatencySummary(
            count: count,
            p50: milliseconds(50),
            p99: milliseconds(99),
            p999: milliseconds(99.9),
            longest: longest / .milliseconds(1)
        )
    }
}

/// Percentiles in milliseconds.
package struct LatencySummary: Codable, Hashable, Sendable {
    package var count: Int
    package var p50: Double
    package var p99: Double
    package var p999: Double
    package var longest: Double

    package init(count: Int, p50: Double, p99: Double, p999: Double, longest: Double) {
        self.count = count
        self.p50 = p50
        self.p99 = p99
        self.p999 = p999
        self.longest = longest
    }
}
