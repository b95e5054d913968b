// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import PartitionRouter

/// A memory registry that counts what is asked of it, and can fail, answer late, or be changed behind its own back.
actor ObservedRegistry: Registry {
    private let inner = MemoryRegistry()
    private(set) var headerReads = 0
    private(set) var documentReads = 0
    /// When the last load of each extent was asked for.
    private(set) var asked: [LoadExtent: MonotonicTime] = [:]
    /// How long after being asked every load is answered.
    private var delay: Duration = .zero
    private(set) var listeners = 0
    private(set) var mostListeners = 0
    /// Thrown by every load.
    var failure: RegistryError?
    /// Given by every load instead of what is there.
    private var planted: StoredMap??
    private var board = HintBoard()

    func fail(_ error: RegistryError?) { failure = error }

    func answer(after delay: Duration) { self.delay = delay }

    /// From now on this is what is there; nothing hints at it.
    func plant(_ map: StoredMap?) { planted = .some(map) }

    func hint(_ entity: EntityName) async { await board.announce(.changed, for: entity) }

    func load(
        _ entity: EntityName,
        _ extent: LoadExtent,
        expecting _: PartitionMapDocument?
    ) async throws(RegistryError) -> StoredMap? {
        if extent == .header { headerReads += 1 } else { documentReads += 1 }
        asked[extent] = .now()
        if delay > .zero { try? await Task.sleep(for: delay) }
        if let failure { throw failure }
        if let planted { return planted }
        return await inner.load(entity, extent, expecting: nil)
    }

    func publish(
        _ map: PublishedMap,
        replacing replaced: PartitionMapHeader?
    ) async throws(RegistryError) -> PublishOutcome {
        let outcome = try await inner.publish(map, replacing: replaced)
        await board.announce(.changed, for: map.document.table)
        return outcome
    }

    func remove(_ entity: EntityName, replacing replaced: PartitionMapHeader) async -> PublishOutcome {
        await inner.remove(entity, replacing: replaced)
    }

    func entities() async -> [EntityName] { await inner.entities() }

    func changes(_ entity: EntityName) async -> AsyncStream<RegistryHint> { await board.listen(to: entity) }

    func run() async {
        listeners += 1
        mostListeners = max(mostListeners, listeners)
        await inner.run()
        listeners -= 1
    }
}
