// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
package import Partitioning

/// What came of publishing the catalog's maps without changing any table.
package struct MapRepair: Sendable {
    package enum Condition: Hashable, Sendable {
        case ordinary
        /// A run is at work on the database, and publishes when it is done.
        case busy(holder: String)
        /// A standby has no position in the log under which a map could be published.
        case standby
    }

    package var database: String
    package var condition = Condition.ordinary
    package var plans: [TablePlan] = []
    package var outcomes: [RelationName: Publisher.Outcome] = [:]
}

extension Provisioner {
    /// Brings the registry in line with the catalog as it is, and does nothing else: no table is changed, and what the catalog lacks
    /// isn't waited for. Under the claim of a run, so that nothing is published that a run hasn't verified yet, and after the standbys
    /// have replayed it, as a run does.
    ///
    /// - Throws: `PostgresError` where the database can't be reached or read, `UnknownTimeZone`.
    package func repairMaps(with publisher: Publisher) async throws -> MapRepair {
        let deadline = ContinuousClock.now + budget.run
        let session = try await DatabaseSession.open(configuration, logger: logger, until: deadline)
        do {
            let repair = try await repairMaps(with: publisher, session, until: deadline)
            await session.connection.close()
            return repair
        } catch {
            await session.connection.close()
            throw error
        }
    }

    private func repairMaps(
        with publisher: Publisher,
        _ session: DatabaseSession,
        until deadline: ContinuousClock.Instant
    ) async throws -> MapRepair {
        let server = try await CatalogReader(session: session).serverFacts(session.connection)
        var repair = MapRepair(database: server.database)
        if server.isInRecovery {
            repair.condition = .standby
            return repair
        }
        let claim = DatabaseClaim(connection: session.connection)
        if case .heldBy(let holder) = try await claim.take() {
            repair.condition = .busy(holder: holder)
            return repair
        }
        let gate = RunGate(guards, budget: budget, now: server.now)
        try await gate.replication?.look(session.connection)
        let observation = try await Observation.make(session: session, settings: settings)
        repair.plans = observation.plan.tables
        repair.outcomes = await publisher.publish(
            Set(repair.plans.filter { $0.policy != nil }.map(\.table)),
            as: observation,
            session: session,
            settings: settings,
            until: deadline,
            replay: gate.replayGate(until: deadline, isInterrupted: false)
        ).outcomes
        await claim.release()
        return repair
    }
}
