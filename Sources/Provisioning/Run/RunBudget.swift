// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// How long a run, a table, and a wait may take.
package struct RunBudget: Hashable, Sendable {
    /// The whole run: it ends cleanly before the scheduler's own deadline (300 s in the pattern) kills it.
    package var run: Duration
    /// One table's locks, all steps together.
    package var table: Duration
    /// Verifying and publishing, beside what the run has left of its own time: what was done must not stay unknown.
    package var conclusion: Duration
    /// The same after an interruption, whose sender kills the process half a minute later, as Kubernetes does.
    package var grace: Duration
    /// Below this many days left, longer stalls are the lesser harm; see ``LockLadder/emergency``.
    package var emergencyDays: Double

    package init(
        run: Duration = .seconds(270),
        table: Duration = .seconds(60),
        conclusion: Duration = .seconds(30),
        grace: Duration = .seconds(10),
        emergencyDays: Double
    ) {
        self.run = run
        self.table = table
        self.conclusion = conclusion
        self.grace = grace
        self.emergencyDays = emergencyDays
    }
}
