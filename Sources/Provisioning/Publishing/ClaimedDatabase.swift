// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import PartitionMap
import Partitioning

/// A primary on which no run of this program is at work while maps are published from what its catalog says.
package struct ClaimedDatabase: Sendable {
    package let session: DatabaseSession
    package let name: String
    let systemIdentifier: String?
    let deadline: ContinuousClock.Instant
    let gate: RunGate

    /// nil where the lag breaker is switched off.
    var replay: ReplayGate? { gate.replayGate(until: deadline, isInterrupted: false) }

    /// Waits until the standbys that are connected have replayed what the catalog says now.
    ///
    /// - Returns: those that haven't when the time is up.
    /// - Throws: `PostgresError`, `CancellationError`.
    package func laggards() async throws -> [Laggard] {
        let stand = try await PublishingStand(of: name, systemIdentifier: systemIdentifier, on: session.connection)
        return try await replay?.laggards(stand.origin.lsn, session.connection) ?? []
    }
}

/// Why a database can't be claimed.
package enum ClaimRefusal: Error, Hashable, Sendable {
    /// A run is at work on it, and publishes when it is done.
    case busy(database: String, holder: String)
    /// A standby has no position in the log under which a map could be published.
    case standby
}

extension Provisioner {
    /// Does something under the claim of a run, so that nothing is published that a run hasn't verified yet.
    ///
    /// - Throws: ``ClaimRefusal``; `PostgresError` where the database can't be reached; what the body throws.
    package func whileClaimed<Value: Sendable>(
        _ body: (ClaimedDatabase) async throws -> Value
    ) async throws -> Value {
        let deadline = ContinuousClock.now + budget.run
        let session = try await DatabaseSession.open(configuration, logger: logger, until: deadline)
        do {
            let value = try await body(try await claimed(session, until: deadline))
            await DatabaseClaim(connection: session.connection).release()
            await session.connection.close()
            return value
        } catch {
            await session.connection.close()
            throw error
        }
    }

    private func claimed(
        _ session: DatabaseSession,
        until deadline: ContinuousClock.Instant
    ) async throws -> ClaimedDatabase {
        let server = try await CatalogReader(session: session).serverFacts(session.connection)
        if server.isInRecovery { throw ClaimRefusal.standby }
        if case .heldBy(let holder) = try await DatabaseClaim(connection: session.connection).take() {
            throw ClaimRefusal.busy(database: server.database, holder: holder)
        }
        let gate = RunGate(guards, budget: budget, now: server.now)
        try await gate.replication?.look(session.connection)
        return ClaimedDatabase(
            session: session,
            name: server.database,
            systemIdentifier: server.systemIdentifier,
            deadline: deadline,
            gate: gate
        )
    }
}
