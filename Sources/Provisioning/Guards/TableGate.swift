// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning

/// The guards of one table in one run, asked before each step.
struct TableGate: Sendable {
    /// nil where the lag breaker is switched off.
    var replication: ReplicationGuard?
    var hours: Hours
    var clock: ServerClock
    /// When the plan was made; nil past a MAXVALUE bound.
    var daysRemaining: Double?
    var emergencyDays: Double
    /// Below this many days left standbys aren't waited for.
    var lagWaiverDays: Double

    var isEmergency: Bool { isBelow(emergencyDays) }

    /// When the table may be changed.
    enum Hours: Sendable {
        case always
        case window(MaintenanceWindow)
        /// Never, but for an emergency: when these hours are, nobody can say.
        case unknown(DailyWindow, zone: String)
    }

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
        let early = answer(isCreation: isCreation, waited: .zero)
        guard let replication, case .go = early else { return early }
        let isWaived = isCreation && isBelow(lagWaiverDays)
        let passage = try await replication.passage(
            connection,
            until: end,
            runEnd: runEnd,
            isWaived: isWaived,
            waiting: tell
        )
        switch passage {
        // The window may have closed while standbys were waited for.
        case .clear(let waited): return answer(isCreation: isCreation, waited: waited)
        case .obstructed(let laggards, let waited):
            guard isWaived else {
                return .deferred(reason: "replication lags: \(laggards.words)", event(.deferredByLag(laggards)))
            }
            return answer(isCreation: isCreation, waited: waited, [event(.lagWaived(laggards))])
        }
    }

    /// What the clock says now.
    private func answer(isCreation: Bool, waited: Duration, _ waivers: [GuardEvent] = []) -> Answer {
        let name: String
        let reason: String
        var next: Instant?
        switch hours {
        case .always: return .go(waivers: waivers, waited: waited)
        case .window(let window):
            if window.contains(clock.now) { return .go(waivers: waivers, waited: waited) }
            name = window.description
            next = window.opening(from: clock.now)
            reason = "outside the window \(window)" + (next.map { "; it opens next at \(window.local($0))" } ?? "")
        case .unknown(let window, let zone):
            name = "\(window) \(zone)"
            reason = "when the window \(window) is can't be said: the server knows no time zone \"\(zone)\""
        }
        guard isCreation, isEmergency else {
            return .deferred(reason: reason, event(.deferredByWindow(opensNext: next)))
        }
        return .go(waivers: [event(.windowWaived(name))] + waivers, waited: waited)
    }

    private func isBelow(_ days: Double) -> Bool { daysRemaining.map { $0 < days } ?? false }

    private func event(_ action: GuardEvent.Action) -> GuardEvent {
        GuardEvent(action, daysRemaining: daysRemaining)
    }
}
