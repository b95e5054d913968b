// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import PartitionRouter
import Partitioning
import Provisioning

/// Whether a map from elsewhere is what a database says now.
struct MapCheck {
    /// Why a map isn't published.
    struct Obstacle: Sendable {
        var outcome: Publisher.Outcome
        /// The database speaks against the map, and will the next time.
        var isRefusal: Bool
    }

    let database: ClaimedDatabase
    /// Whose tables don't matter.
    let settings: PlanSettings

    /// Reads the catalog for the map's table, and waits for the standbys that are connected.
    func obstacle(to map: PublishedMap) async -> Obstacle? {
        var settings = settings
        settings.tables = [RelationName(map.document.table)]
        do {
            let observation = try await Observation.make(session: database.session, settings: settings)
            if let refusal = Self.refusal(of: map, by: observation) {
                return Obstacle(outcome: refusal, isRefusal: true)
            }
            let laggards = try await database.laggards()
            return laggards.isEmpty ? nil : Obstacle(outcome: .held(for: laggards), isRefusal: false)
        } catch {
            let failure = CommandFailure(error)
            return Obstacle(
                outcome: .failed(
                    "the database could not be asked: \(failure.message)",
                    remedy: failure.remedy ?? "run again when it can; --unchecked asks no database"
                ),
                isRefusal: false
            )
        }
    }

    private static func refusal(of map: PublishedMap, by observation: Observation) -> Publisher.Outcome? {
        let name = RelationName(map.document.table)
        guard let plan = observation.plan.tables.first(where: { $0.table == name }), let policy = plan.policy,
            let table = observation.snapshot.tables.first(where: { $0.oid == plan.oid }),
            let current = try? MapDocument.document(of: table, policy: policy, now: observation.snapshot.server.now)
        else {
            return .failed(
                "the database has no table of that name whose map could be made",
                remedy: "partition-cli plan says why"
            )
        }
        guard !MapPromise.isCurrent(map.document, for: current) else { return nil }
        let difference = MapDifference(from: map.document, to: current)
        let first = difference.changes.first.map {
            "\($0.partition) is \($0.word == "added" ? "missing" : $0.word)"
        }
        return .failed(
            "the map in the file isn't what the database says now: \(first ?? "its members differ")",
            remedy: "partition-cli registry repair publishes the map that the database makes now"
        )
    }
}
