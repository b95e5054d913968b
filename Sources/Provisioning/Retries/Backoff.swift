// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// How long to wait before the next try: exponential, with full jitter, so that several runs which lost the same server don't come back as one.
package struct Backoff: Hashable, Sendable {
    package var first: Duration
    package var longest: Duration

    /// For connections: up to 250 ms after the first failure, up to 15 s after the seventh.
    package static let reconnecting = Backoff(first: .milliseconds(250), longest: .seconds(15))

    /// For statements over a connection that is well.
    package static let statements = Backoff(first: .milliseconds(100), longest: .seconds(2))

    package init(first: Duration, longest: Duration) {
        self.first = first
        self.longest = longest
    }

    /// - Parameter failures: in a row, from 1.
    package func ceiling(after failures: Int) -> Duration {
        min(longest, first * (1 << min(max(failures, 1) - 1, 20)))
    }

    /// - Parameters:
    ///   - failures: in a row, from 1.
    ///   - left: of the budget.
    ///   - random: from 0 up to but not including 1.
    /// - Returns: nil where the budget would be over before the next try.
    package func pause(after failures: Int, left: Duration, random: Double) -> Duration? {
        let pause = ceiling(after: failures) * random
        return pause < left ? pause : nil
    }
}
