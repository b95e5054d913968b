// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import LibPQ
package import Logging
import Partitioning

/// The one place that decides when and how long a lock is asked for that applications have to wait for.
///
/// First **look**: ask only when no transaction that was there 100 ms ago still holds a lock in the way. On a busy table short transactions never
/// leave a gap, so waiting for "nobody" starves; a long one, on the other hand, would make everybody queue behind us.
/// Then **try under a budget**: bystanders wait behind us for one rung at the most. After a failure pause, with
/// jitter, and climb. There is never an unlimited last try.
package struct LockLadder: Sendable {
    /// What bystanders may have to wait in one attempt; the last one is repeated.
    package var rungs: [Duration]
    /// Between two looks: whoever is seen in both is a long holder.
    package var lookInterval: Duration
    /// Is told of each attempt; for measuring, never to decide.
    package var tell: @Sendable (LockAttempt) -> Void = { _ in }

    /// The usual rungs, whose longest leaves the commit a few milliseconds within the 50 that nobody notices. What a short transaction didn't let
    /// us have in 25 ms the next 25 ms mostly bring. Where transactions of more than that never leave a gap, the table is deferred: there is
    /// time, as long as ``emergency`` isn't called for.
    package static let standard = LockLadder(
        rungs: [25, 25, 25, 40].map { .milliseconds($0) },
        lookInterval: .milliseconds(100)
    )

    /// When the last partition is about to run out a longer stall is the lesser harm: up to the 2 s that the pattern allows.
    package static let emergency = LockLadder(
        rungs: [25, 50, 100, 200, 500, 1000, 2000].map { .milliseconds($0) },
        lookInterval: .milliseconds(100)
    )

    /// The ladder for a table that has so many days left.
    ///
    /// - Parameters:
    ///   - daysRemaining: until the first moment without a partition; nil where there is none.
    ///   - limit: below this many days a stall is the lesser harm.
    package static func suiting(daysRemaining: Double?, emergencyBelow limit: Double) -> LockLadder {
        (daysRemaining ?? .infinity) < limit ? .emergency : .standard
    }

    package init(rungs: [Duration], lookInterval: Duration) {
        self.rungs = rungs
        self.lookInterval = lookInterval
    }

    /// What came of a change.
    package enum Outcome: Sendable {
        case done(attempts: Int)
        /// Nothing was changed; these were in the way when the time was up.
        case deferred(attempts: Int, blockers: [Blocker])
    }

    /// The limits of the attempt with this number, from 0.
    ///
    /// With several blocking locks a deadlock with an application's transaction is possible. Whoever has waited for `deadlock_timeout` finds it,
    /// and is its victim: so that it is never the application, we have given up by then.
    ///
    /// - Parameter left: until the deadline, which a wait for a lock that only maintenance waits for doesn't exceed by more than a moment.
    package func limits(
        _ attempt: Int,
        blockingLocks: Int,
        deadlockTimeout: Duration,
        left: Duration? = nil
    ) -> LockedChange.Limits {
        var budget = rungs[min(attempt, rungs.count - 1)]
        if blockingLocks > 1 { budget = min(budget, max(rungs[0], deadlockTimeout * 0.8)) }
        // An autovacuum in the way ends after `deadlock_timeout`, not at once.
        let gentle = max(.seconds(5), deadlockTimeout + .seconds(2))
        return LockedChange.Limits(budget: budget, gentle: min(gentle, max(left ?? gentle, Self.leastGentle)))
    }

    /// Pause after a failed attempt: doubling from 100 ms up to 2 s, of which a random half to whole is taken.
    ///
    /// - Parameters:
    ///   - attempt: how many attempts have failed, from 1.
    ///   - random: from 0 up to but not including 1.
    package func pause(after attempt: Int, random: Double) -> Duration {
        let ceiling = Duration.milliseconds(min(2000, 100 << min(attempt - 1, 5)))
        return ceiling * (0.5 + random / 2)
    }

    /// Makes the change, or gives up at the deadline with the names of those in the way.
    ///
    /// - Parameters:
    ///   - change: what to do. It is tried as a whole, each time in a transaction of its own.
    ///   - deadline: no attempt but the first begins after it.
    /// - Throws: `PostgresError` for whatever isn't a matter of locks, with its SQLSTATE; `CancellationError`. The
    ///   connection, if still open, is out of the transaction.
    package func perform(
        _ change: LockedChange,
        on connection: Connection,
        until deadline: ContinuousClock.Instant,
        logger: Logger
    ) async throws -> Outcome {
        let observer = LockObserver(connection: connection)
        var attempts = 0
        var slow = 0
        while true {
            try Task.checkCancellation()
            let lookout = try await waitForLongHolders(of: change, observer: observer, until: deadline)
            guard lookout.isClear else {
                return .deferred(attempts: attempts, blockers: lookout.blockers)
            }
            let limits = limits(
                attempts,
                blockingLocks: change.blocking.count,
                deadlockTimeout: lookout.deadlockTimeout,
                left: deadline - .now
            )
            let clock = ContinuousClock.now
            let isSlow: Bool
            do {
                _ = try await connection.script(change.message(limits, rights: lookout.rights))
                tell(LockAttempt(purpose: change.purpose, duration: ContinuousClock.now - clock, isDone: true))
                return .done(attempts: attempts + 1)
            } catch {
                let duration = ContinuousClock.now - clock
                await rollBack(connection)
                guard error.isRetriedByLadder else { throw error }
                tell(LockAttempt(purpose: change.purpose, duration: duration, isDone: false))
                // A single wait would have ended with 55P03, and those for whom we waited are mostly still there.
                isSlow =
                    if error.sqlState == .queryCanceled {
                        try await holders(change.locks, change, observer).isEmpty
                    } else {
                        false
                    }
                logger.debug(
                    "lock not available, trying again",
                    metadata: [
                        "purpose": "\(change.purpose)", "attempt": "\(attempts + 1)",
                        "sqlstate": "\(error.sqlState?.rawValue ?? "none")", "budget": "\(limits.budget)",
                    ]
                )
            }
            attempts += 1
            slow = isSlow && attempts >= rungs.count ? slow + 1 : 0
            if slow == Self.patienceWithOurselves { throw Self.tooSlow(change, within: limits, times: slow) }
            let pause = pause(after: attempts, random: Double.random(in: 0..<1))
            guard ContinuousClock.now + pause < deadline else {
                let holders = try await holders(change.locks, change, observer)
                return .deferred(attempts: attempts, blockers: holders.values.sortedByAge)
            }
            try await Task.sleep(for: pause)
        }
    }

    /// For a lock that only maintenance waits for, also when the time is nearly up.
    private static let leastGentle = Duration.milliseconds(200)

    /// How often in a row the longest attempt may be used up with nobody in the way, before it is said that the change itself is too slow: over
    /// several seconds, so that a machine which is busy for a moment doesn't count.
    package static let patienceWithOurselves = 8

    /// Trying on would stall the applications again and again, and never come to an end.
    private static func tooSlow(_ change: LockedChange, within limits: LockedChange.Limits, times: Int) -> Failure {
        let work = change.work(limits) / .milliseconds(1)
        return Failure(
            message:
                "to \(change.purpose) takes longer than the \(Int64(work)) ms for which others may be kept waiting: "
                + "tried \(times) times in a row with nobody in the way",
            remedy:
                "see what makes this ALTER TABLE slow (an event trigger: \\dy in psql; very many foreign keys or indexes; a slow disk), "
                + "or do it by hand in a quiet hour"
        )
    }

    private struct Lookout {
        var isClear: Bool
        var blockers: [Blocker]
        var rights: [UInt32: LockRight]
        var deadlockTimeout: Duration
    }

    /// Waits until no holder is seen in two looks one after the other.
    private func waitForLongHolders(
        of change: LockedChange,
        observer: LockObserver,
        until deadline: ContinuousClock.Instant
    ) async throws -> Lookout {
        let wanted = change.blocking
        let facts = try await observer.facts(of: change.locks)
        var lookout = Lookout(
            isClear: true,
            blockers: [],
            rights: facts.rights,
            deadlockTimeout: facts.deadlockTimeout
        )
        if wanted.isEmpty && !change.outlivesSnapshots { return lookout }
        var pause = lookInterval
        while true {
            let first = try await holders(wanted, change, observer)
            try await Task.sleep(for: lookInterval)
            let second = try await holders(wanted, change, observer)
            let long = second.filter { holder, blocker in
                first[holder] != nil && !yields(blocker, holder.relation, change: change, facts.rights)
            }
            lookout.isClear = long.isEmpty
            lookout.blockers = long.values.sortedByAge
            let left = deadline - ContinuousClock.now
            if lookout.isClear || left <= .zero { return lookout }
            try await Task.sleep(for: min(pause, left))
            pause = min(pause * 1.5, .seconds(1))
        }
    }

    private func holders(
        _ locks: [LockUse],
        _ change: LockedChange,
        _ observer: LockObserver
    ) async throws(PostgresError) -> [LockObserver.Holder: Blocker] {
        let holders = try await observer.holders(of: locks, alone: change.alone)
        guard change.outlivesSnapshots else { return holders }
        return holders.merging(try await observer.snapshots()) { held, _ in held }
    }

    /// Whether a holder goes by itself when we ask gently: an autovacuum ends as soon as a lock has waited for it for
    /// `deadlock_timeout`. One against wraparound never does, and where we can't ask gently we have to wait for any.
    private func yields(
        _ blocker: Blocker,
        _ relation: UInt32,
        change: LockedChange,
        _ rights: [UInt32: LockRight]
    ) -> Bool {
        guard blocker.isAutovacuum, !blocker.isWraparoundVacuum else { return false }
        return change.blocking.allSatisfy { rights[$0.oid] == .lockTable } || rights[relation] == .lockTable
    }

    /// Also after a cancellation, whose victim is the statement and not the session.
    private func rollBack(_ connection: Connection) async {
        await Task {
            guard await connection.isOpen, await connection.transactionStatus != .idle else { return }
            // Where this fails the connection is gone, which the next statement says.
            _ = try? await connection.script(["ROLLBACK"])
        }.value
    }
}

extension PostgresError {
    /// Errors that mean "not now": the lock, a deadlock, a serialization failure, or our own budget (57014, which is not a cancellation).
    var isRetriedByLadder: Bool {
        guard kind == .server, let sqlState else { return false }
        return [.lockNotAvailable, .deadlockDetected, .serializationFailure, .queryCanceled].contains(sqlState)
    }
}

extension Collection<Blocker> {
    /// The oldest transaction first: most likely the one behind which the others queue.
    var sortedByAge: [Blocker] {
        sorted { ($0.transactionAge ?? .infinity) > ($1.transactionAge ?? .infinity) }
    }
}
