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
    func load(
        _ entity: EntityName,
        _ extent: LoadExtent,
        expecting expected: PartitionMapDocument?
    ) async throws(RegistryError) -> StoredMap? {
        do {
            return try await registry.load(entity, extent, expecting: expected)
        } catch {
            guard error.code == .notInstalled, extent == .all else { throw error }
            try await registry.install()
            return try await registry.load(entity, extent, expecting: expected)
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
