// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
package import Partitioning

/// A reading of the catalog and the plan that follows from it.
package struct Observation: Sendable {
    package var snapshot: CatalogSnapshot
    package var plan: Plan

    /// Reads the catalog, plans, looks up the names that the plan wants, and plans again where some are taken.
    ///
    /// - Parameter now: another moment than the server's clock shows, to see what a plan would be then; nil for the clock's.
    /// - Throws: `PostgresError`, `TransactionError`, `UnknownTimeZone`.
    package static func make(
        session: DatabaseSession,
        settings: PlanSettings,
        at now: Instant? = nil
    ) async throws -> Observation {
        let reader = CatalogReader(session: session)
        let snapshot = try await reader.snapshot(settings: settings, at: now)
        var planner = Planner(snapshot: snapshot, settings: settings)
        var plan = planner.plan()
        // A second choice may be taken as well: each round looks up names not seen before, of which a plan has few.
        for _ in 0..<10 {
            let found = try await reader.occupants(of: plan, in: snapshot)
            if found.allSatisfy({ planner.occupants[$0.key] != nil }) { break }
            planner.occupants.merge(found) { _, new in new }
            plan = planner.plan()
        }
        return Observation(snapshot: snapshot, plan: plan)
    }
}
