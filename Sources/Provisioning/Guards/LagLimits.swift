// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// How far behind those who follow the write-ahead log may be before DDL waits for them.
package struct LagLimits: Hashable, Sendable {
    /// The breaker opens when a standby is further behind than this.
    package var opensAbove: Duration
    /// The breaker opens when a logical slot has more than this to confirm, in bytes.
    package var slotOpensAbove: Int64
    /// `application_name` of standbys that must be there: one that isn't counts as lag.
    package var expectedStandbys: Set<String>
    /// `application_name` of standbys that are never waited for: those that replay late on purpose.
    package var ignoredStandbys: Set<String>

    package init(
        opensAbove: Duration = .seconds(5),
        slotOpensAbove: Int64 = 256 << 20,
        expectedStandbys: Set<String> = [],
        ignoredStandbys: Set<String> = []
    ) {
        self.opensAbove = opensAbove
        self.slotOpensAbove = slotOpensAbove
        self.expectedStandbys = expectedStandbys
        self.ignoredStandbys = ignoredStandbys
    }

    /// An open breaker closes only below this: two fifths, so that it doesn't flutter around one mark.
    package var closesBelow: Duration { opensAbove * 2 / 5 }

    /// The same for logical slots, in bytes.
    package var slotClosesBelow: Int64 { slotOpensAbove / 5 * 2 }
}
