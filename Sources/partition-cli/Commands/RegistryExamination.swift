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
            guard !Task.isCancelled else { break }
            let standing = await RegistryStanding.of(
                plan,
                as: observation,
                in: registry,
                session: session,
                outage: &outage
            )
            guard let finding = standing.finding(of: plan.table, registry: choice.name) else { continue }
            hazards.append(Hazard(finding))
            if case .unreadable = standing, hazards.count >= 3 { break }
        }
        return hazards
    }

    /// Maps that this very database published, of tables that it doesn't have, or doesn't look after.
    private func leftovers(_ entities: [EntityName], in registry: any Registry) async -> [Hazard] {
        guard let observation, namesAll else { return [] }
        var outage: RegistryError?
        let maps = await UnattendedMaps.of(entities, observation, in: registry, session: session, outage: &outage)
        return maps.compactMap { map in
            if let finding = map.finding(registry: choice.name) { return Hazard(finding) }
            guard map.isWithdrawn else { return nil }
            return Hazard(
                .note,
                .registryLeftover,
                object: "\(map.table)",
                "the registry \(choice.name) has a withdrawn map of \(map.table), of which this database makes none",
                evidence: ["version \(map.header.version), which names no partition"],
                remedy: "where nobody asks for it any more, remove it from the registry by hand"
            )
        }
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
