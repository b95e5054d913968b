// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import Logging
package import PartitionMap
package import PartitionRouter

/// Maps whose documents lie in pieces, since no store takes a large one as a value.
///
/// The pieces of a version are written first, then the header that names it: that is the one visible change, and it is made only if the
/// header is still the one that was replaced. Every piece, too, is written only then, and all but the first only while the first is still as this
/// publish wrote it; so is the header. Everybody begins with the first. So of two who write pieces of one version, which happens
/// when both read the same header and their clocks agree, only the later one can go on, and a header never names pieces that somebody else wrote over.
package struct ChunkedMaps: Sendable {
    /// Of a piece, in bytes. With base64 and what stands around it that is less than any store's limit.
    package static let usualChunkSize = 256 << 10
    /// How often a reader that was overtaken by publishes begins again.
    private static let attempts = 5

    private let store: any KeyValueStore
    private let prefix: String
    private let logger: Logger
    private let chunkSize: Int

    package init(
        _ store: any KeyValueStore,
        prefix: String,
        logger: Logger,
        chunkSize: Int = ChunkedMaps.usualChunkSize
    ) {
        self.store = store
        self.chunkSize = chunkSize
        self.prefix = prefix
        self.logger = logger
    }

    package func load(
        _ entity: EntityName,
        _ extent: LoadExtent,
        expecting expected: PartitionMapDocument?
    ) async throws(RegistryError) -> StoredMap? {
        let place = MapPlace(entity, prefix: prefix)
        guard var found = try await store.value(place.header) else { return nil }
        for _ in 0..<Self.attempts {
            let header = try Self.header(found)
            guard extent != .header else { return StoredMap(header: header.inChunks(1), document: nil) }
            let (bytes, missing) = try await document(of: header, at: place)
            guard let missing else {
                return try StoredMap(header: header.inChunks(1), bytes: bytes, of: entity, expecting: expected)
            }
            // Collected while it was being read, or lost.
            guard let now = try await store.value(place.header) else { return nil }
            guard now.revision != found.revision else {
                throw RegistryError(
                    .corrupt,
                    "the published document can't be used: its piece \(missing) is missing",
                    hint: "the next publish repairs it"
                )
            }
            found = now
        }
        throw RegistryError(
            .unreachable,
            "the map was replaced several times while it was being read",
            hint: "try again"
        )
    }

    package func publish(
        _ map: PublishedMap,
        replacing replaced: PartitionMapHeader?
    ) async throws(RegistryError) -> PublishOutcome {
        try map.header.mustFollow(replaced)
        let place = MapPlace(map.document.table, prefix: prefix)
        let found = try await store.value(place.header)
        // A header that can't be read counts as none, so that damage can be repaired.
        let current = try? found.map(Self.header)?.inChunks(1)
        guard current == replaced?.inChunks(1) else { return .lostRace(current: current) }
        var conditions = [StoreCondition(key: place.header, revision: found?.revision ?? 0)]
        let bytes = map.document.canonicalBytes
        let starts = Array(stride(from: 0, to: bytes.count, by: chunkSize))
        var endpoint = 0
        for (number, start) in starts.enumerated() {
            let key = place.chunk(number, of: map.header.version)
            let chunk = Array(bytes[start..<min(start + chunkSize, bytes.count)])
            guard let commit = try await store.commit(.put(key, chunk), while: conditions, .anyone) else {
                return await lostRace(place)
            }
            if number == 0 { conditions.append(StoreCondition(key: key, revision: commit.revision)) }
            endpoint = commit.endpoint
        }
        // Once, and to the one that just answered: were the answer lost and it sent again, we might lose the race against ourselves.
        let header = StoreChange.put(place.header, map.header.inChunks(starts.count).json)
        guard let commit = try await store.commit(header, while: conditions, .only(endpoint)) else {
            return await lostRace(place)
        }
        if let current { await collect(place, below: current.version, at: commit.revision) }
        return .published
    }

    package func remove(
        _ entity: EntityName,
        replacing replaced: PartitionMapHeader
    ) async throws(RegistryError) -> PublishOutcome {
        let place = MapPlace(entity, prefix: prefix)
        guard let found = try await store.value(place.header) else { return .lostRace(current: nil) }
        let current = try? Self.header(found).inChunks(1)
        guard current == replaced.inChunks(1) else { return .lostRace(current: current) }
        // Header and pieces at once: those of somebody who is about to publish over this header have no future either.
        let condition = StoreCondition(key: place.header, revision: found.revision)
        let commit = try await store.commit(.removeAll([place.folder]), while: [condition], .only(found.endpoint))
        return commit == nil ? await lostRace(place) : .published
    }

    package func entities() async throws(RegistryError) -> [EntityName] {
        let keys = try await store.keys(below: MapPlace.root(prefix))
        return keys.compactMap { MapPlace.entity(ofHeader: $0, prefix: prefix) }.sorted()
    }

    /// - Throws: ``RegistryError/Code/corrupt``.
    private static func header(_ value: StoredValue) throws(RegistryError) -> PartitionMapHeader {
        do {
            return try PartitionMapHeader(json: value.bytes)
        } catch {
            throw RegistryError(.corrupt, "the published header can't be read: \(error.message)")
        }
    }

    /// A document's bytes, and the number of the first piece that isn't there.
    private func document(
        of header: PartitionMapHeader,
        at place: MapPlace
    ) async throws(RegistryError) -> (bytes: [UInt8], missing: Int?) {
        let batch = type(of: store).batch
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: header.chunks, by: batch) {
            let numbers = start..<min(start + batch, header.chunks)
            let chunks = try await store.values(numbers.map { place.chunk($0, of: header.version) })
            for (number, chunk) in zip(numbers, chunks) {
                guard let chunk else { return (bytes, number) }
                bytes += chunk
            }
            // A header may promise more than anybody published.
            guard bytes.count <= PartitionMapDocument.maximumSize else {
                throw RegistryError(.corrupt, "the published document can't be used: it is too large")
            }
        }
        return (bytes, nil)
    }

    private func lostRace(_ place: MapPlace) async -> PublishOutcome {
        let current = try? await store.value(place.header).map(Self.header)?.inChunks(1)
        return .lostRace(current: current)
    }

    /// Removes the pieces of versions before the one that was just replaced, whoever left them. That one's stay: somebody may be reading them.
    ///
    /// Nobody can be about to publish one of those versions: it would have to replace an earlier header than the one that stands there.
    private func collect(_ place: MapPlace, below version: Int64, at revision: Int64) async {
        do throws(RegistryError) {
            let keys = try await store.keys(below: place.folder)
            let old = Set(keys.compactMap(place.version(ofChunk:))).filter { $0 < version }.sorted()
            let condition = StoreCondition(key: place.header, revision: revision)
            for start in stride(from: 0, to: old.count, by: type(of: store).removals) {
                let prefixes = old[start..<min(start + type(of: store).removals, old.count)].map(place.version(_:))
                // Where somebody has published meanwhile, it is theirs to collect.
                guard try await store.commit(.removeAll(prefixes), while: [condition], .anyone) != nil else { return }
            }
        } catch {
            // The map is published; what is left over harms nobody.
            logger.notice(
                "pieces of old partition maps stay until the next publish",
                metadata: ["reason": "\(error.message)"]
            )
        }
    }
}
