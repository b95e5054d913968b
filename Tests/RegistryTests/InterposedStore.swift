// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionRegistryHTTP
import PartitionRouter
import Synchronization
import TestSupport

/// A real store, to which something happens just before a step of the one who uses it.
final class Interposed: KeyValueStore {
    /// Each counted from 1.
    enum Step: Sendable {
        case keys
        case values(Int)
        case commit(Int)
    }

    // What both stores can take.
    static let batch = 8
    static let removals = 60

    private let store: any KeyValueStore
    private let happening: @Sendable (Step) async throws -> Void
    private let commits = Mutex(0)
    private let readings = Mutex(0)

    /// What publishes and reads through it.
    var maps: ChunkedMaps { ChunkedMaps(self, prefix: "", logger: .test) }

    init(_ server: StoreServer, _ happening: @escaping @Sendable (Step) async throws -> Void) {
        let target = HTTPTarget(endpoints: [.init(host: "127.0.0.1", port: server.port)], timeout: .seconds(20))
        store = server.program == .etcd ? EtcdStore(target) : ConsulStore(target)
        self.happening = happening
    }

    private static func next(_ counter: borrowing Mutex<Int>) -> Int {
        counter.withLock { count in
            count += 1
            return count
        }
    }

    private func reached(_ step: Step) async throws(RegistryError) {
        do {
            try await happening(step)
        } catch {
            throw RegistryError(.unsupported, "what was to happen to the store failed: \(error)")
        }
    }

    func value(_ key: String) async throws(RegistryError) -> StoredValue? { try await store.value(key) }

    func values(_ keys: [String]) async throws(RegistryError) -> [[UInt8]?] {
        try await reached(.values(Self.next(readings)))
        return try await store.values(keys)
    }

    func keys(below prefix: String) async throws(RegistryError) -> [String] {
        try await reached(.keys)
        return try await store.keys(below: prefix)
    }

    func commit(
        _ change: StoreChange,
        while conditions: [StoreCondition],
        _ addressee: Addressee
    ) async throws(RegistryError) -> StoreCommit? {
        try await reached(.commit(Self.next(commits)))
        return try await store.commit(change, while: conditions, addressee)
    }

    func watch(
        _ key: String,
        _ announce: @escaping @Sendable (RegistryHint) async -> Bool
    ) async throws(RegistryError) {
        try await store.watch(key, announce)
    }

    var endpoints: [RegistryEndpoint] { store.endpoints }

    func examine(_ endpoint: Int, reading key: String) async throws(RegistryError) -> EtcdSpace? {
        try await store.examine(endpoint, reading: key)
    }

    func close() async { await store.close() }
}
