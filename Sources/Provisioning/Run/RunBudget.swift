// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// How long a run, a table, and a wait may take.
package struct RunBudget: Hashable, Sendable {
    /// The whole run: it ends cleanly before the scheduler's own deadline (300 s in the pattern) kills it.
    package var run: Duration
    /// One table's locks, all steps together.
    package var table: Duration
    /// Below this many days left, longer stalls are the lesser harm; see ``LockLadder/emergency``.
    package var emergencyDays: Double

    package init(run: Duration = .seconds(270), table: Duration = .seconds(60), emergencyDays: Double) {
        self.run = run
        self.table = table
        self.emergencyDays = emergencyDays
    }
}
