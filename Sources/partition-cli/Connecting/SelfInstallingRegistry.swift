// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import PartitionRegistryPostgres
import PartitionRouter

/// A PostgreSQL registry that makes its schema when it is first published to: whoever names one asks for it.
///
/// Reading makes nothing.
struct SelfInstallingRegistry: Registry {
    let registry: PostgresRegistry

    /// What publishers read first.
    func load(_ entity: EntityName, _ extent: LoadExtent) async throws(RegistryError) -> StoredMap? {
        guard extent == .all else { return try await registry.load(entity, extent) }
        return try await installed { () async throws(RegistryError) in try await registry.load(entity, .all) }
    }

    func load(
        _ entity: EntityName,
        expecting document: PartitionMapDocument
    ) async throws(RegistryError) -> StoredMap? {
        try await installed { () async throws(RegistryError) in try await registry.load(entity, expecting: document) }
    }

    private func installed(
        _ load: () async throws(RegistryError) -> StoredMap?
    ) async throws(RegistryError) -> StoredMap? {
        do throws(RegistryError) {
            return try await load()
        } catch {
            guard error.code == .notInstalled else { throw error }
            try await registry.install()
            return try await load()
        }
    }

    func publish(
        _ map: PublishedMap,
        replacing replaced: PartitionMapHeader?
    ) async throws(RegistryError) -> PublishOutcome {
        try await registry.publish(map, replacing: replaced)
    }

    func remove(
        _ entity: EntityName,
        replacing replaced: PartitionMapHeader
    ) async throws(RegistryError) -> PublishOutcome {
        try await registry.remove(entity, replacing: replaced)
    }

    func entities() async throws(RegistryError) -> [EntityName] { try await registry.entities() }

    func changes(_ entity: EntityName) async -> AsyncStream<RegistryHint> { await registry.changes(entity) }

    func run() async { await registry.run() }
}
