// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import PartitionRouter

/// A registry in memory in which others are at work, or something is broken.
actor MeddlingRegistry: Registry {
    enum Meddling: Sendable {
        /// Somebody else publishes just before us, this many times.
        case races(Int)
        /// The stored document can't be read, or not even its header, until something is published.
        case corruptDocument, corruptHeader
        /// What stands beside the document isn't what the last publish wrote, until something is published.
        case notIntact
        case unreachable
        /// Nobody answers before the caller's patience is at its end.
        case silent
        /// What stands there is another application's, and stays.
        case foreign
        /// The maps may be read, and not listed.
        case unlisted
    }

    let memory = MemoryRegistry()
    private var meddling: Meddling?
    private(set) var published: [PublishedMap] = []
    /// How often it was asked for a map.
    private(set) var loads = 0
    /// How often it was asked which maps there are.
    private(set) var listings = 0

    func begin(_ meddling: Meddling) { self.meddling = meddling }

    func load(
        _ entity: EntityName,
        _ extent: LoadExtent,
        expecting _: PartitionMapDocument?
    ) async throws(RegistryError) -> StoredMap? {
        loads += 1
        let stored = await memory.load(entity, extent, expecting: nil)
        switch meddling {
        case .silent:
            try? await Task.sleep(for: .seconds(86_400))
            throw RegistryError(.cancelled, "nobody waits any more")
        case .corruptDocument where extent != .header: throw RegistryError(.corrupt, "the checksum is another")
        case .corruptHeader: throw RegistryError(.corrupt, "the header is no header")
        case .unreachable: throw RegistryError(.unreachable, "nobody answers", hint: "start it")
        case .foreign: throw RegistryError(.corrupt, "a key holds something else")
        case .notIntact:
            return stored.map { StoredMap(header: $0.header, document: $0.document, isIntact: false) }
        default: return stored
        }
    }

    func publish(
        _ map: PublishedMap,
        replacing replaced: PartitionMapHeader?
    ) async throws(RegistryError) -> PublishOutcome {
        if case .races(let count) = meddling, count > 0 {
            meddling = .races(count - 1)
            try await overtake(map)
        }
        if case .foreign = meddling { throw RegistryError(.corrupt, "a key holds something else") }
        var replaced = replaced
        // A header that can't be read counts as none.
        if case .corruptHeader = meddling, replaced == nil {
            replaced = await memory.load(map.document.table, .header, expecting: nil)?.header
        }
        let outcome = try await memory.publish(map, replacing: replaced)
        if case .published = outcome {
            published.append(map)
            if case .races = meddling {} else { meddling = nil }
        }
        return outcome
    }

    /// The same map, published by somebody else a moment before.
    private func overtake(_ map: PublishedMap) async throws(RegistryError) {
        let current = await memory.load(map.document.table, .header, expecting: nil)?.header
        let origin = MapOrigin(
            systemIdentifier: map.header.systemIdentifier,
            database: map.header.database,
            timeline: map.header.timeline,
            lsn: map.header.lsn
        )
        do {
            // Without its last partition: it isn't what we would publish.
            let document = try PartitionMapDocument(
                table: map.document.table,
                key: map.document.key,
                timezone: map.document.timezone,
                entries: Array(map.document.entries.dropLast())
            )
            let theirs = try PublishedMap(document: document, version: map.header.version, origin: origin)
            _ = try await memory.publish(theirs, replacing: current)
        } catch let error as RegistryError {
            throw error
        } catch {
            throw RegistryError(.refused, "\(error)")
        }
    }

    func remove(
        _ entity: EntityName,
        replacing replaced: PartitionMapHeader
    ) async throws(RegistryError) -> PublishOutcome {
        await memory.remove(entity, replacing: replaced)
    }

    func entities() async throws(RegistryError) -> [EntityName] {
        listings += 1
        if case .unlisted = meddling { throw RegistryError(.refused, "no permission for SCAN") }
        return await memory.entities()
    }

    func changes(_ entity: EntityName) async -> AsyncStream<RegistryHint> { await memory.changes(entity) }
    func run() async { await memory.run() }
}
