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

    /// The usual rungs.
    package static let standard = LockLadder(
        rungs: [.milliseconds(25), .milliseconds(50), .milliseconds(100), .milliseconds(200)],
        lookInterval: .milliseconds(100)
    )

    /// When the last partition is about to run out a longer stall is the lesser harm: up to the 2 s that the pattern allows.
    package static let emergency = LockLadder(
        rungs: standard.rungs + [.milliseconds(500), .seconds(1), .seconds(2)],
        lookInterval: .milliseconds(100)
    )

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

    func rung(_ attempt: Int) -> Duration {
        rungs[min(attempt, rungs.count - 1)]
    }

    /// Pause after a failed attempt: doubling from 100 ms up to 2 s, of which a random half to whole is taken.
    func pause(after attempt: Int, random: Double) -> Duration {
        let ceiling = Duration.milliseconds(min(2000, 100 << min(attempt, 5)))
        return ceiling * (0.5 + random / 2)
    }

    /// Makes the change, or gives up at the deadline with the names of those in the way.
    ///
    /// - Parameters:
    ///   - change: what to do. It is tried as a whole, each time in a transaction of its own.
    ///   - deadline: no attempt begins after it.
    /// - Throws: `PostgresError` for whatever isn't a matter of locks, with its SQLSTATE; `CancellationError`.
    package func perform(
        _ change: LockedChange,
        on connection: Connection,
        until deadline: ContinuousClock.Instant,
        logger: Logger
    ) async throws -> Outcome {
        let observer = LockObserver(connection: connection)
        var attempts = 0
        while true {
            try Task.checkCancellation()
            let lookout = try await waitForLongHolders(of: change, observer: observer, until: deadline)
            guard lookout.isClear else {
                return .deferred(attempts: attempts, blockers: lookout.blockers)
            }
            do {
                _ = try await connection.script(change.message(budget: rung(attempts), lockable: lookout.lockable))
                return .done(attempts: attempts + 1)
            } catch  where error.isRetriedByLadder {
                try await rollBack(connection)
                logger.debug(
                    "lock not available, trying again",
                    metadata: [
                        "purpose": "\(change.purpose)", "attempt": "\(attempts + 1)",
                        "sqlstate": "\(error.sqlState?.rawValue ?? "none")", "budget": "\(rung(attempts))",
                    ]
                )
                attempts += 1
                let pause = pause(after: attempts, random: Double.random(in: 0..<1))
                guard ContinuousClock.now + pause < deadline else {
                    let look = try await observer.look(at: change.locks)
                    return .deferred(attempts: attempts, blockers: look.holders.values.sortedByAge)
                }
                try await Task.sleep(for: pause)
            } catch {
                if error.kind == .server { try await rollBack(connection) }
                throw error
            }
        }
    }

    private struct Lookout {
        var isClear: Bool
        var blockers: [Blocker]
        var lockable: Set<UInt32>
    }

    /// Waits until no holder is seen in two looks one after the other.
    ///
    /// An ordinary autovacuum is no reason to wait: it ends as soon as our gentle lock on its table has waited for
    /// `deadlock_timeout`. One against wraparound never yields, so it is waited for like anybody else.
    private func waitForLongHolders(
        of change: LockedChange,
        observer: LockObserver,
        until deadline: ContinuousClock.Instant
    ) async throws -> Lookout {
        let wanted = change.blocking
        var previous = try await observer.look(at: change.locks)
        guard !wanted.isEmpty else {
            return Lookout(isClear: true, blockers: [], lockable: previous.lockable)
        }
        var wait = lookInterval
        while true {
            try await Task.sleep(for: wait)
            let current = try await observer.look(at: wanted)
            let long = current.holders.filter { holder, blocker in
                previous.holders[holder] != nil && (!blocker.isAutovacuum || blocker.isWraparoundVacuum)
            }
            if long.isEmpty { return Lookout(isClear: true, blockers: [], lockable: previous.lockable) }
            guard ContinuousClock.now + wait < deadline else {
                return Lookout(isClear: false, blockers: long.values.sortedByAge, lockable: [])
            }
            previous.holders = current.holders
            wait = min(wait * 1.5, .seconds(1))
        }
    }

    private func rollBack(_ connection: Connection) async throws {
        if await connection.transactionStatus != .idle {
            _ = try await connection.script(["ROLLBACK"])
        }
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
