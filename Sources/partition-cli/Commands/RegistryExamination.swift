// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import PartitionRouter
import Partitioning
import Provisioning

/// Looks for hazards in the registry: away, behind, of tables that are gone, or not kept.
struct RegistryExamination: Sendable {
    var choice: RegistryChoice
    var session: DatabaseSession
    /// nil where the catalog couldn't be read: then nothing can be compared with it.
    var observation: Observation?
    /// Whether the observation is of every table of the database.
    var namesAll: Bool

    /// Maps of tables that aren't there any more: so many are looked at, at the most.
    private static let strangers = 50

    func hazards() async -> [Hazard] {
        if let reason = choice.reason {
            return [
                Hazard(
                    choice.isUnusable ? .warning : .note,
                    .notExamined,
                    object: "the registry",
                    "no registry was looked at: \(reason)"
                )
            ]
        }
        guard let registry = choice.registry else { return [] }
        do throws(RegistryError) {
            // One question first: a registry that is away is one hazard, not one for each table, and one wait.
            let entities = try await entities(of: registry)
            return await drift(in: registry) + leftovers(entities, in: registry) + upkeep()
        } catch {
            return error.code == .cancelled ? [] : [.unreachable(error, choice.name)]
        }
    }

    /// What has a map; none where the schema isn't there yet, which drift says.
    private func entities(of registry: any Registry) async throws(RegistryError) -> [EntityName] {
        do {
            return try await registry.entities()
        } catch {
            guard error.code == .notInstalled || error.code == .refused else { throw error }
            // A user who may not list may still read.
            return []
        }
    }

    private func drift(in registry: any Registry) async -> [Hazard] {
        guard let observation else { return [] }
        var hazards: [Hazard] = []
        var outage: RegistryError?
        for plan in observation.plan.tables {
            guard let table = observation.snapshot.tables.first(where: { $0.oid == plan.oid }), !Task.isCancelled else {
                continue
            }
            let standing = await RegistryStanding.of(
                table,
                policy: plan.policy,
                in: registry,
                as: observation.snapshot.server,
                session: session,
                outage: &outage
            )
            guard let finding = standing.finding(of: table.name, registry: choice.name) else { continue }
            hazards.append(Hazard(finding))
            if case .unreadable = standing, hazards.count >= 3 { break }
        }
        return hazards
    }

    /// Maps that this very database published, of tables that it doesn't have.
    private func leftovers(_ entities: [EntityName], in registry: any Registry) async -> [Hazard] {
        guard let observation, namesAll else { return [] }
        let server = observation.snapshot.server
        let known = Set(observation.snapshot.tables.map(\.name))
        let strangers = entities.filter { !known.contains(RelationName(schema: $0.schema, name: $0.table)) }
        var hazards: [Hazard] = []
        for entity in strangers.prefix(Self.strangers) {
            guard let header = try? await registry.header(entity), header.database == server.database,
                server.systemIdentifier == nil || header.systemIdentifier == server.systemIdentifier
            else { continue }
            hazards.append(
                Hazard(
                    .warning,
                    .registryLeftover,
                    object: entity.description,
                    "the registry \(choice.name) has a map of \(entity), which is no partitioned table of this database",
                    evidence: ["version \(header.version), published by the database \(header.database)"],
                    remedy: "where nobody asks for it any more, remove it from the registry by hand"
                )
            )
        }
        return hazards
    }

    /// What the store itself may do to the maps.
    private func upkeep() async -> [Hazard] {
        do throws(RegistryError) {
            if let durability = try await choice.redisDurability() {
                return Hazard.hazards(of: durability, registry: choice.name)
            }
            return Hazard.hazards(of: try await choice.endpointStandings(), registry: choice.name)
        } catch {
            return error.code == .cancelled ? [] : [.unreachable(error, choice.name)]
        }
    }
}

extension Hazard {
    init(_ finding: Finding) {
        self.init(
            finding.severity,
            .finding(finding.code),
            table: finding.table,
            object: finding.object,
            finding.message,
            remedy: finding.remedy
        )
    }

    static func unreachable(_ error: RegistryError, _ name: String) -> Hazard {
        Hazard(
            .error,
            .registryUnreachable,
            object: name,
            "the registry \(name) can't be used: \(error.message)",
            remedy: error.remedy ?? "see that it is up, and that its URL is right"
        )
    }
}
