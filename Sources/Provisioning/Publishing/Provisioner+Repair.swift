// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
package import Partitioning

/// What came of publishing the catalog's maps without changing any table.
package struct MapRepair: Sendable {
    package var plans: [TablePlan]
    package var outcomes: [RelationName: Publisher.Outcome]
    /// Of maps that were published before every standby had replayed what they say, since routers were about to run out of the published one.
    package var findings: [Finding]
}

extension Provisioner {
    /// Brings the registry in line with the catalog as it is, and does nothing else: no table is changed, and what the catalog lacks
    /// isn't waited for. After the standbys have replayed it, as a run does.
    ///
    /// - Throws: ``ClaimRefusal``; `PostgresError` where the database can't be reached or read; `UnknownTimeZone`.
    package func repairMaps(with publisher: Publisher) async throws -> MapRepair {
        try await whileClaimed { database in
            let observation = try await Observation.make(session: database.session, settings: settings)
            let plans = observation.plan.tables
            let publications = await publisher.publish(
                Set(plans.filter { $0.policy != nil }.map(\.table)),
                as: observation,
                session: database.session,
                settings: settings,
                until: database.deadline,
                replay: database.replay
            )
            return MapRepair(
                plans: plans,
                outcomes: publications.outcomes,
                findings: publications.waivers.sorted { $0.key < $1.key }.compactMap { Finding($0.value, of: $0.key) }
            )
        }
    }
}
