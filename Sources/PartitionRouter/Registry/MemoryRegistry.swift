// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

public import PartitionMap

/// A registry inside the process: for tests, and for one process that both provisions and routes.
public actor MemoryRegistry: Registry {
    private var maps: [EntityName: PublishedMap] = [:]
    private let board = HintBoard()

    public init() {}

    public func load(_ entity: EntityName, _ extent: LoadExtent, expecting _: PartitionMapDocument?) -> StoredMap? {
        maps[entity].map { StoredMap(header: $0.header, document: extent == .header ? nil : $0.document) }
    }

    public func publish(
        _ map: PublishedMap,
        replacing replaced: PartitionMapHeader?
    ) async throws(RegistryError) -> PublishOutcome {
        try map.header.mustFollow(replaced)
        let current = maps[map.document.table]?.header
        guard current == replaced else { return .lostRace(current: current) }
        maps[map.document.table] = map
        await board.announce(.changed, for: map.document.table)
        return .published
    }

    public func remove(_ entity: EntityName, replacing replaced: PartitionMapHeader) async -> PublishOutcome {
        let current = maps[entity]?.header
        guard current == replaced else { return .lostRace(current: current) }
        maps[entity] = nil
        await board.announce(.changed, for: entity)
        return .published
    }

    public func entities() -> [EntityName] { maps.keys.sorted() }

    public func changes(_ entity: EntityName) async -> AsyncStream<RegistryHint> { await board.listen(to: entity) }

    /// Nothing to listen to: waits for the task's cancellation.
    public func run() async {
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        for await _ in stream {}
        continuation.finish()
    }
}

extension PartitionMapHeader {
    /// - Throws: ``RegistryError/Code/refused`` unless the version is above the replaced one's.
    package func mustFollow(_ replaced: PartitionMapHeader?) throws(RegistryError) {
        guard version > replaced?.version ?? 0 else {
            throw RegistryError(.refused, "version \(version) doesn't follow the published version")
        }
    }
}
