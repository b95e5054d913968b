// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning

/// The guards of one run: what they have in common, from which each table's are made.
struct RunGate: Sendable {
    let guards: RunGuards
    let budget: RunBudget
    let clock: ServerClock
    /// nil where the lag breaker is switched off.
    let replication: ReplicationGuard?
    private var zones: [String: ZoneRules] = [:]

    /// - Parameter now: what the server's clock shows.
    init(_ guards: RunGuards, budget: RunBudget, now: Instant) {
        self.guards = guards
        self.budget = budget
        clock = ServerClock(now)
        replication = guards.lag.map { ReplicationGuard(limits: $0, patience: budget.table) }
    }

    /// Reads what the guards need from the server, unless that is done already.
    ///
    /// - Throws: `PostgresError`; `UnknownTimeZone`.
    mutating func prepare(_ session: DatabaseSession) async throws {
        let names = guards.windowTimeZones
        if zones.isEmpty, !names.isEmpty {
            zones = try await CatalogReader(session: session).zones(names, around: clock.now)
            // A policy that names an unknown zone is a failure of its table, which isn't grown, and of no other.
            if guards.defaults.window != nil, zones[guards.defaults.windowTimeZone] == nil {
                throw UnknownTimeZone(name: guards.defaults.windowTimeZone)
            }
        }
        // The first mark, from which on standbys' lag is measured.
        try await replication?.look(session.connection)
    }

    func gate(of plan: TablePlan) -> TableGate {
        let guards = guards[plan.table]
        return TableGate(
            replication: replication,
            window: guards.window.flatMap { window in
                zones[guards.windowTimeZone].map { MaintenanceWindow(window, zone: $0) }
            },
            clock: clock,
            daysRemaining: plan.coverage?.daysRemaining,
            emergencyDays: guards.emergencyDays ?? budget.emergencyDays,
            lagWaiverDays: RunGuards.lagWaiverDays(of: plan.policy)
        )
    }

    /// - Parameter isInterrupted: whoever interrupts doesn't wait for long.
    func replayGate(until deadline: ContinuousClock.Instant, isInterrupted: Bool) -> ReplayGate? {
        guard let replication else { return nil }
        let now = ContinuousClock.now
        // Also after the deadline: a standby that is well needs a moment.
        let end = isInterrupted ? now + .seconds(5) : max(now + .seconds(2), min(deadline, now + budget.table))
        return ReplayGate(replication: replication, end: end)
    }
}
