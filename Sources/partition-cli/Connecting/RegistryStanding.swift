// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import PartitionRouter
import Partitioning
import Provisioning

/// How a table's published map stands against the catalog.
enum RegistryStanding: Hashable, Sendable {
    /// No registry is configured.
    case unconfigured
    /// The table has no policy, and no map of it is published.
    case unmanaged
    case unpublished
    case current(version: Int64)
    case drifted(version: Int64, String)
    /// Another database published it, or a later state of this one; whatever its content, this database doesn't replace it unasked.
    case foreign(version: Int64, TakeOverReason)
    case unreadable(String, remedy: String?)

    /// Every table of the plan.
    static func of(
        _ observation: Observation,
        in registry: (any Registry)?,
        session: DatabaseSession
    ) async -> [RelationName: RegistryStanding] {
        var standings: [RelationName: RegistryStanding] = [:]
        var outage: RegistryError?
        for plan in observation.plan.tables {
            standings[plan.table] = await of(plan, as: observation, in: registry, session: session, outage: &outage)
        }
        return standings
    }

    /// Compares what is stored with what would be published now.
    ///
    /// - Parameters:
    ///   - session: asked how far the server's log is, once the header was read.
    ///   - outage: why nobody answered when another table was asked about; a registry that is away is waited for once, not once for each table.
    static func of(
        _ plan: TablePlan,
        as observation: Observation,
        in registry: (any Registry)?,
        session: DatabaseSession,
        outage: inout RegistryError?
    ) async -> RegistryStanding {
        guard let registry else { return .unconfigured }
        let server = observation.snapshot.server
        guard let table = observation.snapshot.tables.first(where: { $0.oid == plan.oid }), let policy = plan.policy
        else {
            return await UnattendedMap.of(plan.table, as: observation, in: registry, session: session, outage: &outage)?
                .standing ?? .unmanaged
        }
        if let outage { return .unreadable(outage.message, remedy: outage.remedy) }
        do {
            let document = try MapDocument.document(of: table, policy: policy, now: server.now)
            guard let stored = try await registry.load(document.table, .all, expecting: document) else {
                return .unpublished
            }
            let version = stored.header.version
            if let stand = try await PublishingStand(of: server, on: session.connection),
                let reason = stand.origin.refusal(replacing: stored.header)
            {
                return .foreign(version: version, reason)
            }
            let isCurrent = stored.document.map { MapPromise.isCurrent($0, for: document) } ?? false
            guard isCurrent else {
                let difference = stored.document.map { Self.difference(of: $0, from: document) }
                return .drifted(version: version, difference ?? "another map is stored")
            }
            return stored.isIntact
                ? .current(version: version)
                : .drifted(version: version, "what is stored beside the map for other clients has been changed")
        } catch let error as RegistryError {
            if error.isOfWholeRegistry { outage = error }
            return error.code == .notInstalled
                ? .unpublished : .unreadable(error.message, remedy: error.remedy)
        } catch {
            return .unreadable("\(error)", remedy: nil)
        }
    }

    /// What the first difference is, in words.
    static func difference(of stored: PartitionMapDocument, from current: PartitionMapDocument) -> String {
        let there = Set(stored.entries.map(\.name))
        let here = Set(current.entries.map(\.name))
        if let missing = current.entries.first(where: { !there.contains($0.name) }) {
            return "it lacks \(missing.name)" + more(here.subtracting(there).count)
        }
        if let extra = stored.entries.first(where: { !here.contains($0.name) }) {
            return "it has \(extra.name)\(more(there.subtracting(here).count)), which the table hasn't"
        }
        return "bounds or settings of its partitions differ"
    }

    private static func more(_ count: Int) -> String { count > 1 ? " and \(count - 1) more" : "" }

    /// What to do where the map is another database's.
    static let takeOverRemedy =
        "if this database is to be the map's from now on: partition-cli registry repair --take-over; a copy needs a ?prefix= of its own in the registry URL"

    /// What `verify` makes of it.
    func finding(of table: RelationName, registry name: String) -> Finding? {
        switch self {
        case .unconfigured, .unmanaged, .current: nil
        case .unpublished:
            Finding(
                .error,
                .registryDrift,
                table: table,
                object: name,
                "no map of \(table) is published in the registry \(name)",
                remedy: "partition-cli rotate publishes it"
            )
        case .drifted(_, let what):
            Finding(
                .error,
                .registryDrift,
                table: table,
                object: name,
                "the map of \(table) in the registry \(name) differs from the catalog: \(what)",
                remedy: "partition-cli rotate publishes it anew"
            )
        case .foreign(_, let reason):
            Finding(
                .error,
                .registryDrift,
                table: table,
                object: name,
                "the map of \(table) in the registry \(name) isn't this database's: \(reason)",
                remedy: Self.takeOverRemedy
            )
        case .unreadable(let why, let remedy):
            Finding(
                .error,
                .registryDrift,
                table: table,
                object: name,
                "the map of \(table) in the registry \(name) can't be read: \(why)",
                remedy: remedy
            )
        }
    }
}
