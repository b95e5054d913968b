// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

public import Logging
public import PartitionMap
public import PartitionRouter

/// Partition maps in etcd (3.4 or later, through its JSON gateway) or in Consul's KV store.
///
/// Connects on first use and again after a failure; where one endpoint doesn't answer, the next is asked.
public final class HTTPRegistry: Registry {
    let store: any KeyValueStore
    private let maps: ChunkedMaps
    let prefix: String
    private let logger: Logger
    private let board = HintBoard()

    /// - Parameter url: One of kind ``RegistryURL/Kind/etcd(_:)`` or ``RegistryURL/Kind/consul(_:)``.
    /// - Throws: ``RegistryError/Code/unsupported`` for another kind.
    public init(_ url: RegistryURL, logger: Logger) throws(RegistryError) {
        switch url.kind {
        case .etcd(let target): store = EtcdStore(target)
        case .consul(let target): store = ConsulStore(target)
        default: throw RegistryError(.unsupported, "not the URL of an etcd or Consul registry")
        }
        maps = ChunkedMaps(store, prefix: url.prefix, logger: logger)
        prefix = url.prefix
        self.logger = logger
    }

    public func load(
        _ entity: EntityName,
        _ extent: LoadExtent,
        expecting expected: PartitionMapDocument?
    ) async throws(RegistryError) -> StoredMap? {
        try await maps.load(entity, extent, expecting: expected)
    }

    public func publish(
        _ map: PublishedMap,
        replacing replaced: PartitionMapHeader?
    ) async throws(RegistryError) -> PublishOutcome {
        try await maps.publish(map, replacing: replaced)
    }

    public func remove(
        _ entity: EntityName,
        replacing replaced: PartitionMapHeader
    ) async throws(RegistryError) -> PublishOutcome {
        try await maps.remove(entity, replacing: replaced)
    }

    public func entities() async throws(RegistryError) -> [EntityName] { try await maps.entities() }

    public func changes(_ entity: EntityName) async -> AsyncStream<RegistryHint> { await board.listen(to: entity) }

    /// Watches the header of each table that somebody listens to, on a connection of its own.
    public func run() async {
        await withDiscardingTaskGroup { group in
            // Ends when the task is cancelled.
            for await entity in await board.tables() {
                group.addTask { await self.watch(entity) }
            }
        }
    }

    private func watch(_ entity: EntityName) async {
        let key = MapPlace(entity, prefix: prefix).header
        await keepListening(logger) {
            do throws(RegistryError) {
                try await store.watch(key) { [board] hint in await board.announce(hint, for: entity) }
                return nil
            } catch {
                return error.message
            }
        }
    }

    /// Closes all connections. The next call opens others.
    public func close() async { await store.close() }
}
