// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import Partitioning

/// What a run tells while it goes on, in order; for progress, never to decide.
package enum RunEvent: Sendable {
    case observed(tables: Int)
    case planned(Plan)
    /// A default partition is read beside its readers and writers, which takes as long as it is big.
    case scanning(RelationName, bytes: Int64?, Scan)
    case stepStarted(Step, index: Int, count: Int)
    case stepFinished(StepReport)
    /// The locks of a step were asked for once.
    case locksTried(LockAttempt, on: RelationName)
    /// What usually protects applications is set aside for this table, since the harm of doing nothing would be greater.
    case guardWaived(WaivedGuard, on: RelationName, reason: String)
    /// The connection was lost, and is opened again.
    case reconnecting(attempt: Int, reason: String)
    /// The lag breaker is open: who has to catch up before the table's turn.
    case waitingForReplication(RelationName, [Laggard])
    case verifying(partitions: Int)
    case publishing(tables: Int)

    /// What a default partition is read for.
    package enum Scan: Sendable {
        /// Rows of the ranges that are to be attached.
        case forRows
        /// The proof that it holds none of them.
        case forCheck
    }
}

/// What can be set aside. Stable names for programs.
package enum WaivedGuard: String, Hashable, Codable, Sendable {
    /// The short rungs of ``LockLadder/standard``.
    case shortLocks = "short-locks"
    /// The hours in which tables are changed.
    case window
    /// The lag breaker.
    case lag
}
