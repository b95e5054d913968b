// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import PartitionRouter

/// What etcd and Consul have in common: keys, their values, the number of each one's last change, and transactions on condition.
package protocol KeyValueStore: Sendable {
    /// How many values ``values(_:)`` may be asked for at once.
    static var batch: Int { get }
    /// How many prefixes ``StoreChange/removeAll(_:)`` may name.
    static var removals: Int { get }

    /// A key's value, read linearizably; nil for an absent one.
    func value(_ key: String) async throws(RegistryError) -> StoredValue?

    /// Several keys' values; nil for an absent one.
    func values(_ keys: [String]) async throws(RegistryError) -> [[UInt8]?]

    /// All keys that begin so.
    ///
    /// - Parameter prefix: Ends with a slash.
    func keys(below prefix: String) async throws(RegistryError) -> [String]

    /// Makes a change in one transaction, if all conditions hold. What is put has a revision of its own then, also where the same bytes stood there.
    ///
    /// - Returns: Nil when one of them didn't.
    func commit(
        _ change: StoreChange,
        while conditions: [StoreCondition],
        _ addressee: Addressee
    ) async throws(RegistryError) -> StoreCommit?

    /// Says when a key's value may have changed, until nobody listens any more or something breaks.
    ///
    /// Announces ``RegistryHint/reconnected`` first, once what follows is certain to be heard of.
    ///
    /// - Parameter announce: Returns false when nobody listens any more.
    func watch(
        _ key: String,
        _ announce: @escaping @Sendable (RegistryHint) async -> Bool
    ) async throws(RegistryError)

    /// Those of the registry URL, in its order.
    var endpoints: [RegistryEndpoint] { get }

    /// Reads linearizably from one endpoint, and what that has to tell about its space.
    ///
    /// - Parameters:
    ///   - endpoint: Its number in ``endpoints``.
    ///   - key: One that whoever reads maps may read; it may be absent.
    /// - Returns: Nil where there is nothing to tell.
    func examine(_ endpoint: Int, reading key: String) async throws(RegistryError) -> EtcdSpace?

    func close() async
}

package struct StoredValue: Sendable {
    package var bytes: [UInt8]
    /// Of its last change; above 0.
    package var revision: Int64
    /// The number of the endpoint that answered.
    package var endpoint: Int

    package init(bytes: [UInt8], revision: Int64, endpoint: Int) {
        self.bytes = bytes
        self.revision = revision
        self.endpoint = endpoint
    }
}

/// That a key's last change is still that one.
package struct StoreCondition: Sendable {
    package var key: String
    /// 0 for an absent key.
    package var revision: Int64

    package init(key: String, revision: Int64) {
        self.key = key
        self.revision = revision
    }
}

package enum StoreChange: Sendable {
    case put(String, [UInt8])
    /// Everything that begins with one of them. Each ends with a slash.
    case removeAll([String])
}

package struct StoreCommit: Sendable {
    /// Of what was put.
    package var revision: Int64
    package var endpoint: Int

    package init(revision: Int64, endpoint: Int) {
        self.revision = revision
        self.endpoint = endpoint
    }
}
