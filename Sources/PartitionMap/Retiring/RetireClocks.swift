// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Two clocks read in the same moment, in microseconds since 1970 UTC. A step of one of them shows as a difference; a wait
/// begins at the later one's time and ends at the earlier one's.
package struct RetireClocks: Sendable, Hashable {
    /// The primary's `clock_timestamp()`.
    package let server: Int64
    /// The clock of the machine that asks.
    package let client: Int64

    package init(server: Int64, client: Int64) {
        self.server = server
        self.client = client
    }

    package var earlier: Int64 { min(server, client) }
    package var later: Int64 { max(server, client) }

    func agree(within tolerance: Duration) -> Bool {
        let (difference, overflow) = later.subtractingReportingOverflow(earlier)
        return !overflow && difference <= tolerance.microseconds
    }
}

extension Duration {
    /// Whole microseconds; for durations of this package, which are minutes.
    var microseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
}

extension Int64 {
    /// Saturates, so that a promise for ever isn't one in the past.
    func advanced(by duration: Duration) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(duration.microseconds)
        return overflow ? .max : sum
    }
}
