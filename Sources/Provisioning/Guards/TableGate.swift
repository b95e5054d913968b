// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning

/// The guards of one table in one run, asked before each step.
struct TableGate: Sendable {
    /// nil where the lag breaker is switched off.
    var replication: ReplicationGuard?
    /// nil for at any time.
    var window: MaintenanceWindow?
    var clock: ServerClock
    /// When the plan was made; nil past a MAXVALUE bound.
    var daysRemaining: Double?
    var emergencyDays: Double
    /// Below this many days left standbys aren't waited for.
    var lagWaiverDays: Double

    var isEmergency: Bool { isBelow(emergencyDays) }

    /// What a step meets.
    enum Answer: Sendable {
        /// - Parameters:
        ///   - waivers: of guards that would have stopped it.
        ///   - waited: for standbys.
        case go(waivers: [GuardEvent], waited: Duration)
        /// - Parameter reason: for people, one sentence without a full stop.
        case deferred(reason: String, GuardEvent)
    }

    /// - Parameters:
    ///   - isCreation: only the creation of partitions is an emergency; a missing index can wait.
    ///   - end: how long standbys may be waited for.
    ///   - runEnd: how long it may take to know whether they lag at all.
    ///   - tell: hears whom a wait is for.
    /// - Throws: the loss of the connection, a cancellation.
    func ask(
        isCreation: Bool,
        _ connection: Connection,
        until end: ContinuousClock.Instant,
        runEnd: ContinuousClock.Instant,
        waiting tell: @Sendable ([Laggard]) -> Void
    ) async throws -> Answer {
        var waivers: [GuardEvent] = []
        if let window, !window.contains(clock.now) {
            guard isCreation, isEmergency else { return closed(window) }
            waivers.append(event(.windowWaived(window.description)))
        }
        guard let replication else { return .go(waivers: waivers, waited: .zero) }
        let isWaived = isCreation && isBelow(lagWaiverDays)
        let passage = try await replication.passage(
            connection,
            until: end,
            runEnd: runEnd,
            isWaived: isWaived,
            waiting: tell
        )
        switch passage {
        case .clear(let waited): return .go(waivers: waivers, waited: waited)
        case .obstructed(let laggards, let waited):
            guard isWaived else {
                return .deferred(reason: "replication lags: \(laggards.words)", event(.deferredByLag(laggards)))
            }
            return .go(waivers: waivers + [event(.lagWaived(laggards))], waited: waited)
        }
    }

    private func closed(_ window: MaintenanceWindow) -> Answer {
        let next = window.opening(from: clock.now)
        let when = next.map { "; it opens next at \(window.local($0))" } ?? ""
        return .deferred(reason: "outside the window \(window)\(when)", event(.deferredByWindow(opensNext: next)))
    }

    private func isBelow(_ days: Double) -> Bool { daysRemaining.map { $0 < days } ?? false }

    private func event(_ action: GuardEvent.Action) -> GuardEvent {
        GuardEvent(action, daysRemaining: daysRemaining)
    }
}
