// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import PartitionMap
import PartitionRouter
import Partitioning
import Provisioning

/// A stored map that this very database published and no policy looks after now: its table is left alone, not in the policy file, or gone.
struct UnattendedMap: Sendable {
    var table: RelationName
    var header: PartitionMapHeader
    /// nil where it can't be read.
    var stored: PartitionMapDocument?
    /// What a run would publish in its place; nil where it can't.
    var made: CatalogMap?
    var standing: RegistryStanding

    /// Nothing is to be done, nor said: it names no partition, and there is no table.
    var isWithdrawn: Bool {
        if case .current = standing { made?.isWithdrawal ?? false } else { false }
    }

    /// What `verify` makes of it.
    func finding(registry name: String) -> Finding? {
        var finding = standing.finding(of: table, registry: name)
        if made?.isWithdrawal ?? false, case .drifted = standing {
            finding?.remedy = "partition-cli rotate withdraws it; routers go on with it until then"
        }
        return finding
    }

    /// - Parameter outage: why nobody answered when another table was asked about.
    /// - Returns: nil where nothing is stored, or nothing of this database, as far as can be seen.
    static func of(
        _ table: RelationName,
        as observation: Observation,
        in registry: any Registry,
        session: DatabaseSession,
        outage: inout RegistryError?
    ) async -> UnattendedMap? {
        guard outage == nil else { return nil }
        let entity = EntityName(schema: table.schema, table: table.name)
        let found: PartitionMapHeader?
        do {
            found = try await registry.load(entity, .header)?.header
        } catch {
            if error.isOfWholeRegistry { outage = error }
            return nil
        }
        guard let header = found, header.isPublished(by: observation.snapshot.server) else { return nil }
        var map = UnattendedMap(table: table, header: header, standing: .unmanaged)
        do {
            let stored: StoredMap?
            do {
                stored = try await registry.load(entity, .all)
            } catch {
                map.made = try? await observation.map(
                    of: table,
                    over: StoredMap(header: header, document: nil, isIntact: false),
                    session: session
                )
                throw error
            }
            guard let stored else { return nil }
            map.header = stored.header
            map.stored = stored.document
            let made = try await observation.map(of: table, over: stored, session: session)
            map.made = made
            let stand = try await PublishingStand(of: observation.snapshot.server, on: session.connection)
            map.standing = standing(of: stored, made, stand)
        } catch let error as RegistryError {
            map.standing = .unreadable(error.message, remedy: error.remedy)
        } catch {
            let failure = CommandFailure(error)
            map.standing = .unreadable(failure.message, remedy: failure.remedy)
        }
        return map
    }

    private static func standing(
        of stored: StoredMap,
        _ made: CatalogMap,
        _ stand: PublishingStand?
    ) -> RegistryStanding {
        let version = stored.header.version
        if let reason = stand?.origin.refusal(replacing: stored.header) { return .foreign(version: version, reason) }
        guard let document = stored.document, document == made.document else {
            let count = counted(stored.document?.entries.count ?? 0, "partition")
            return .drifted(
                version: version,
                made.isWithdrawal
                    ? "there is no such table any more of which a map could be made, and it names \(count)"
                    : stored.document.map { RegistryStanding.difference(of: $0, from: made.document) }
                        ?? "another map is stored"
            )
        }
        return stored.isIntact
            ? .current(version: version)
            : .drifted(version: version, "what is stored beside the map for other clients has been changed")
    }
}

/// The maps in a registry whose table is not among those of a plan.
struct UnattendedMaps: Sendable {
    var maps: [UnattendedMap] = []
    /// Why the registry didn't say which maps it has.
    var failure: RegistryError?

    /// - Parameter outage: why nobody answered when a table of the plan was asked about: then nobody is asked again.
    static func of(
        _ observation: Observation,
        in registry: any Registry,
        session: DatabaseSession,
        outage: inout RegistryError?
    ) async -> UnattendedMaps {
        guard outage == nil else { return UnattendedMaps() }
        var found = UnattendedMaps()
        do throws(RegistryError) {
            let entities = try await registry.entities()
            found.maps = await of(entities, observation, in: registry, session: session, outage: &outage)
            found.failure = outage
        } catch {
            if error.isOfWholeRegistry { outage = error }
            // Where nothing was ever published nothing is left.
            if error.code != .notInstalled { found.failure = error }
        }
        return found
    }

    /// Of these the maps that are this database's.
    static func of(
        _ entities: [EntityName],
        _ observation: Observation,
        in registry: any Registry,
        session: DatabaseSession,
        outage: inout RegistryError?
    ) async -> [UnattendedMap] {
        let planned = Set(observation.plan.tables.map(\.table))
        var maps: [UnattendedMap] = []
        for name in entities.map(RelationName.init) where !planned.contains(name) && !Task.isCancelled {
            let map = await UnattendedMap.of(name, as: observation, in: registry, session: session, outage: &outage)
            if let map { maps.append(map) }
        }
        return maps
    }

    /// What somebody should hear where the registry didn't say which maps it has.
    var remark: String? {
        guard let failure, failure.code != .cancelled else { return nil }
        return "maps of tables that are gone, or not looked after, were not looked for: \(failure.message)"
    }
}
