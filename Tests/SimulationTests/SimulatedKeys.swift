// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import PartitionRegistryHTTP
import PartitionRouter
import Synchronization

/// Keys as etcd and Consul keep them: a revision for each key's last change, and transactions on condition. After each change it is looked at
/// whether what the header names is whole.
final class SimulatedKeys: Sendable {
    /// What is wrong about the store, or about what its clients ask of it.
    enum Breakage: CaseIterable {
        /// Pieces are written whoever has published meanwhile.
        case piecesWhateverTheHeader
        /// A header is written over pieces that somebody else has written over.
        case headerWhateverThePieces
        /// A key that is written as it stands keeps its revision, as in Consul without other flags.
        case sameBytesSameRevision
        /// The pieces of the map that was just replaced are removed, too.
        case replacedCollected
    }

    struct Header: Hashable, Sendable {
        var version: Int64
        var checksum: String
    }

    private struct State {
        var entries: [String: (bytes: [UInt8], revision: Int64)] = [:]
        var revision: Int64 = 0
        var headers: [Header] = []
        /// How many pieces each of them names.
        var pieces: [Int] = []
        var violations: [String] = []
        var lostCommits = 0
    }

    private let state = Mutex(State())
    private let breakage: Breakage?
    let folder = "partition_map/events/"

    init(_ breakage: Breakage?) {
        self.breakage = breakage
    }

    /// All that ever stood there, in its order.
    var headers: [Header] { state.withLock { $0.headers } }
    var violations: [String] { state.withLock { $0.violations } }
    /// Transactions whose condition didn't hold.
    var lostCommits: Int { state.withLock { $0.lostCommits } }
    /// The versions of which pieces are there.
    var versions: Set<Int64> { Set(keys(below: folder).compactMap(Self.version(of:))) }

    func value(_ key: String) -> StoredValue? {
        state.withLock { state in
            state.entries[key].map { StoredValue(bytes: $0.bytes, revision: $0.revision, endpoint: 0) }
        }
    }

    func keys(below prefix: String) -> [String] {
        state.withLock { $0.entries.keys.filter { $0.hasPrefix(prefix) }.sorted() }
    }

    func commit(_ change: StoreChange, while conditions: [StoreCondition]) -> StoreCommit? {
        state.withLock { state in
            let isBroken = conditions.filter { !isIgnored($0, change) }.contains { condition in
                (state.entries[condition.key]?.revision ?? 0) != condition.revision
            }
            guard !isBroken else {
                state.lostCommits += 1
                return nil
            }
            state.revision += 1
            var revision = state.revision
            switch change {
            case .put(let key, let bytes):
                if breakage == .sameBytesSameRevision, let old = state.entries[key], old.bytes == bytes {
                    revision = old.revision
                }
                state.entries[key] = (bytes, revision)
                if key.hasSuffix("/header") { noteHeader(bytes, &state) }
            case .removeAll(let prefixes):
                let current = state.headers.last?.version
                state.entries = state.entries.filter { key, _ in
                    if breakage == .replacedCollected, let version = Self.version(of: key) { return version == current }
                    return !prefixes.contains { key.hasPrefix($0) }
                }
            }
            check(&state)
            return StoreCommit(revision: revision, endpoint: 0)
        }
    }

    private func isIgnored(_ condition: StoreCondition, _ change: StoreChange) -> Bool {
        guard case .put(let key, _) = change else { return false }
        return switch breakage {
        case .piecesWhateverTheHeader: !key.hasSuffix("/header")
        case .headerWhateverThePieces: key.hasSuffix("/header") && !condition.key.hasSuffix("/header")
        default: false
        }
    }

    private static func version(of key: String) -> Int64? {
        let parts = key.split(separator: "/")
        return parts.count == 4 ? Int64(parts[2]) : nil
    }

    private func noteHeader(_ bytes: [UInt8], _ state: inout State) {
        guard let header = try? PartitionMapHeader(json: bytes) else {
            return state.violations.append("a header that can't be read")
        }
        if let last = state.headers.last, header.version <= last.version {
            state.violations.append("version \(header.version) after \(last.version)")
        }
        state.headers.append(Header(version: header.version, checksum: header.checksum))
        state.pieces.append(header.chunks)
    }

    /// What the header names is there and what it says; so is what the one before named, for those who are reading it.
    private func check(_ state: inout State) {
        for (header, pieces) in zip(state.headers.suffix(2), state.pieces.suffix(2)) {
            let bytes = (0..<pieces).flatMap { state.entries["\(folder)\(header.version)/\($0)"]?.bytes ?? [] }
            let found = try? PartitionMapDocument(parsing: bytes).checksum
            if found != header.checksum { state.violations.append("version \(header.version) isn't whole") }
        }
    }
}

/// One process that uses them: each of its questions waits for its turn.
struct SimulatedClient: KeyValueStore {
    // Few, so that a map takes several questions.
    static let batch = 2
    static let removals = 2

    let id: Int
    let gate: Gate
    let keys: SimulatedKeys

    private func ask<Answer>(_ question: () -> Answer) async throws(RegistryError) -> Answer {
        switch await gate.pass(id) {
        case .goesOn: return question()
        case .dies: throw RegistryError(.cancelled, "killed")
        case .hearsNothing:
            _ = question()
            throw RegistryError(.unreachable, "no answer")
        }
    }

    func value(_ key: String) async throws(RegistryError) -> StoredValue? { try await ask { keys.value(key) } }

    func values(_ names: [String]) async throws(RegistryError) -> [[UInt8]?] {
        // Consul answers one after the other.
        var values: [[UInt8]?] = []
        for name in names { values.append(try await value(name)?.bytes) }
        return values
    }

    func keys(below prefix: String) async throws(RegistryError) -> [String] {
        try await ask { keys.keys(below: prefix) }
    }

    func commit(
        _ change: StoreChange,
        while conditions: [StoreCondition],
        _ addressee: Addressee
    ) async throws(RegistryError) -> StoreCommit? {
        try await ask { keys.commit(change, while: conditions) }
    }

    func watch(
        _ key: String,
        _ announce: @escaping @Sendable (RegistryHint) async -> Bool
    ) async throws(RegistryError) {
        throw RegistryError(.unsupported, "nobody listens here")
    }

    var endpoints: [RegistryEndpoint] { [RegistryEndpoint(host: "simulated", port: 1)] }

    func examine(_ endpoint: Int, reading key: String) async throws(RegistryError) -> EtcdSpace? { nil }

    func close() async {}
}
