// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
package import PartitionMap
package import PartitionRouter
package import Partitioning

/// The map that the catalog makes of one table.
package struct CatalogMap: Hashable, Sendable {
    package var document: PartitionMapDocument
    /// The document only says that the stored one holds no longer: there is no table of that name, or none that a map can be made of.
    package var isWithdrawal = false
}

/// The documents of a reading of the catalog, made as they are asked for.
struct CatalogMaps: Sendable {
    private var tables: [RelationName: PartitionedTable] = [:]
    private(set) var policies: [RelationName: GrowthPolicy] = [:]
    /// Of maps that no policy looks after.
    private(set) var zones: [String: ZoneRules] = [:]
    private let now: Instant

    init(_ observation: Observation, zones: [String: ZoneRules] = [:]) {
        self.zones = zones
        now = observation.snapshot.server.now
        for table in observation.plan.tables { policies[table.table] = table.policy }
        for table in observation.snapshot.tables { tables[table.name] = table }
    }

    /// The same with the server's rules for zones that stored maps name; one that the server doesn't know is none.
    func adding(_ names: Set<String>, _ session: DatabaseSession) async throws -> CatalogMaps {
        let missing = names.subtracting(zones.keys).subtracting([ZoneRules.utc.name])
        guard !missing.isEmpty else { return self }
        var maps = self
        let found = try await CatalogReader(session: session).zones(ofMaps: missing, at: now)
        maps.zones.merge(found) { _, new in new }
        return maps
    }

    /// - Parameter stored: what is published; nil for nothing. Where the table has no policy nothing is made unless there is something.
    /// - Throws: `PartitionMapError`, or `Failure` where nothing can be made.
    func map(of name: RelationName, over stored: Publisher.Stored?) throws -> CatalogMap {
        let table = tables[name]
        if let table, let policy = policies[name] {
            return CatalogMap(document: try MapDocument.document(of: table, policy: policy, now: now))
        }
        guard let stored, stored.header != nil else {
            throw Failure(message: "\(name) has no readable policy any more", remedy: "partition-cli plan says why")
        }
        let zone = stored.document?.timezone.flatMap { zones[$0] } ?? .utc
        if let table, let document = try? MapDocument.document(of: table, following: stored.document, zone: zone) {
            return CatalogMap(document: document)
        }
        guard let document = stored.document else {
            throw Failure(
                message:
                    "there is no table \(name) to make a map of, and the stored one can't be read",
                remedy: "remove it from the registry by hand"
            )
        }
        return CatalogMap(document: try MapDocument.withdrawal(of: document), isWithdrawal: true)
    }
}

extension Observation {
    /// What a run would publish in the place of a stored map of a table that no policy looks after.
    ///
    /// - Throws: `PostgresError`; what says why nothing can be made.
    package func map(
        of name: RelationName,
        over stored: StoredMap,
        session: DatabaseSession
    ) async throws -> CatalogMap {
        let zones = Set([stored.document?.timezone].compactMap(\.self))
        let found = Publisher.Stored(header: stored.header, document: stored.document, isIntact: stored.isIntact)
        return try await CatalogMaps(self).adding(zones, session).map(of: name, over: found)
    }
}

extension Publisher {
    /// The catalog as it is after the headers were read, with where and when it was read.
    struct Reading {
        var maps: CatalogMaps
        var origin: MapOrigin
        var clock: Int64

        /// Days left in the published map, where they are so few that nobody is waited for.
        func urgency(of table: RelationName, _ published: PartitionMapDocument?, _ replay: ReplayGate?) -> Double? {
            guard let policy = maps.policies[table] else { return nil }
            return replay?.urgency(of: published, policy, now: Instant(microseconds: clock))
        }

        init(session: DatabaseSession, settings: PlanSettings, zones: [String: ZoneRules]) async throws {
            let snapshot = try await CatalogReader(session: session).snapshot(settings: settings)
            let plan = Planner(snapshot: snapshot, settings: settings).plan()
            maps = CatalogMaps(Observation(snapshot: snapshot, plan: plan), zones: zones)
            let stand = try await PublishingStand(
                of: snapshot.server.database,
                systemIdentifier: snapshot.server.systemIdentifier,
                on: session.connection
            )
            (origin, clock) = (stand.origin, stand.clock)
        }
    }
}
