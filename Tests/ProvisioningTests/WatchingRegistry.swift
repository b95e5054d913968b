// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import PartitionRouter

/// A registry in memory that notes, at every publish, how something else stands at that moment.
actor WatchingRegistry: Registry {
    private let memory = MemoryRegistry()
    private let look: @Sendable () async throws -> Int
    private(set) var seen: [Int] = []

    init(_ look: @escaping @Sendable () async throws -> Int) {
        self.look = look
    }

    func load(
        _ entity: EntityName,
        _ extent: LoadExtent,
        expecting _: PartitionMapDocument?
    ) async throws(RegistryError) -> StoredMap? {
        await memory.load(entity, extent, expecting: nil)
    }

    func publish(
        _ map: PublishedMap,
        replacing replaced: PartitionMapHeader?
    ) async throws(RegistryError) -> PublishOutcome {
        do {
            seen.append(try await look())
        } catch {
            throw RegistryError(.refused, "\(error)")
        }
        return try await memory.publish(map, replacing: replaced)
    }

    func remove(
        _ entity: EntityName,
        replacing replaced: PartitionMapHeader
    ) async throws(RegistryError) -> PublishOutcome {
        await memory.remove(entity, replacing: replaced)
    }

    func entities() async -> [EntityName] { await memory.entities() }
    func changes(_ entity: EntityName) async -> AsyncStream<RegistryHint> { await memory.changes(entity) }
    func run() async { await memory.run() }
}
