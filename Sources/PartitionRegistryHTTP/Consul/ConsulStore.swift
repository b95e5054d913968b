// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import NIOHTTP1
package import PartitionRouter
import RegistryNetwork

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Consul's KV store. Everything is read with `?consistent`: by default a leader that has lost its place may still answer.
package struct ConsulStore: KeyValueStore {
    package static let batch = 8
    /// Consul takes 64 operations in a transaction.
    package static let removals = 60
    /// How long a question about changes waits for one; Consul adds up to a sixteenth.
    private static let wait = 10
    /// From one such question to the next at least.
    private static let pace: Duration = .milliseconds(100)

    private let link: HTTPLink

    package init(_ target: HTTPTarget) {
        link = HTTPLink(target, store: "Consul")
    }

    private static var oddAnswer: RegistryError {
        RegistryError(.unreachable, "Consul answered in an unexpected form")
    }

    package func value(_ key: String) async throws(RegistryError) -> StoredValue? {
        let answer = try await get(key)
        guard answer.status != 404 else { return nil }
        guard let entries = StoreJSON.decoded(answer.body, as: [ConsulEntry].self), entries.count == 1,
            let revision = entries[0].modifyIndex, revision > 0
        else { throw Self.oddAnswer }
        // An empty value is null.
        return StoredValue(
            bytes: Array(entries[0].value ?? Data()),
            revision: revision,
            endpoint: answer.endpoint
        )
    }

    package func values(_ keys: [String]) async throws(RegistryError) -> [[UInt8]?] {
        var values: [[UInt8]?] = []
        for key in keys { values.append(try await value(key)?.bytes) }
        return values
    }

    package func keys(below prefix: String) async throws(RegistryError) -> [String] {
        let answer = try await get(prefix, "&keys")
        guard answer.status != 404 else { return [] }
        guard let keys = StoreJSON.decoded(answer.body, as: [String].self) else { throw Self.oddAnswer }
        return keys.map(Self.key(spelled:))
    }

    package func commit(
        _ change: StoreChange,
        while conditions: [StoreCondition],
        _ addressee: Addressee
    ) async throws(RegistryError) -> StoreCommit? {
        var operations = conditions.map { condition in
            condition.revision == 0
                ? ConsulOperation("check-not-exists", Self.spelled(condition.key))
                : ConsulOperation("check-index", Self.spelled(condition.key), index: condition.revision)
        }
        switch change {
        case .put(let key, let value): operations.append(.set(Self.spelled(key), Data(value)))
        case .removeAll(let prefixes): operations += prefixes.map { ConsulOperation("delete-tree", Self.spelled($0)) }
        }
        let question = HTTPQuestion(
            method: .PUT,
            path: "/v1/txn",
            headers: try headers(),
            body: try StoreJSON.encoded(operations)
        )
        let answer = try await link.ask(question, addressee) { $0.status == 409 ? nil : Self.verdict($0) }
        if answer.status == 409 {
            // One that may not is told in the same way as one that lost.
            let faults = StoreJSON.decoded(answer.body, as: ConsulTransaction.self)?.errors ?? []
            if faults.contains(where: \.isOfRights) { throw Self.refusal }
            return nil
        }
        guard let transaction = StoreJSON.decoded(answer.body, as: ConsulTransaction.self) else { throw Self.oddAnswer }
        return StoreCommit(revision: transaction.results?.last?.entry?.modifyIndex ?? 0, endpoint: answer.endpoint)
    }

    /// Questions that wait for a change, each from where the last one ended. They may also return unchanged.
    package func watch(
        _ key: String,
        _ announce: @escaping @Sendable (RegistryHint) async -> Bool
    ) async throws(RegistryError) {
        var cursor = ConsulCursor(try Self.index(try await get(key)))
        guard await announce(.reconnected) else { return }
        let limit = Duration.seconds(Self.wait * 17 / 16) + link.target.timeout
        while true {
            let asked = ContinuousClock.now
            let answer = try await get(key, "&index=\(cursor.index)&wait=\(Self.wait)s", limit: limit)
            let hasMoved = cursor.moved(to: try Self.index(answer))
            if hasMoved { guard await announce(.changed) else { return } }
            // What doesn't wait, as a proxy that keeps answers, isn't asked without end.
            do { try await Task.sleep(until: asked + Self.pace) } catch {
                throw RegistryError(.cancelled, "cancelled while waiting for Consul")
            }
        }
    }

    package var endpoints: [RegistryEndpoint] { link.target.endpoints }

    package func examine(_ endpoint: Int, reading key: String) async throws(RegistryError) -> EtcdSpace? {
        _ = try await get(key, from: .only(endpoint))
        return nil
    }

    package func close() async { await link.close() }
}

extension ConsulStore {
    /// - Parameter parameters: after `?consistent`.
    private func get(
        _ key: String,
        _ parameters: String = "",
        limit: Duration? = nil,
        from addressee: Addressee = .anyone
    ) async throws(RegistryError) -> HTTPAnswer {
        let path = "/v1/kv/\(Self.escaped(Self.spelled(key)))?consistent\(parameters)"
        let question = HTTPQuestion(method: .GET, path: path, headers: try headers(), limit: limit)
        return try await link.ask(question, addressee) { answer in
            // Another endpoint may be Consul.
            Self.verdict(answer) ?? (answer.headers.contains(name: "x-consul-index") ? nil : Self.oddAnswer)
        }
    }

    private func headers() throws(RegistryError) -> HTTPHeaders {
        guard let token = try Secret.current(link.target.password, file: link.target.passwordFile) else { return [:] }
        guard token.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw RegistryError(.refused, "the registry's token has characters in it that no token has")
        }
        return ["x-consul-token": token]
    }

    private static func index(_ answer: HTTPAnswer) throws(RegistryError) -> Int64 {
        guard let index = answer.headers.first(name: "x-consul-index").flatMap({ Int64($0) }), index >= 0 else {
            throw oddAnswer
        }
        return index
    }

    private static var refusal: RegistryError {
        RegistryError(
            .refused,
            "Consul refused access: the token isn't known, or its policies lack the keys",
            hint: "key_prefix \"partition_map/\" { policy = \"write\" } (after prefix=; a router needs \"read\")"
        )
    }

    /// Nil for a good answer.
    private static func verdict(_ answer: HTTPAnswer) -> RegistryError? {
        switch answer.status {
        case 200: nil
        // An absent key.
        case 404 where answer.headers.contains(name: "x-consul-index"): nil
        case 401, 403: refusal
        case 429, 500...599:
            RegistryError(
                .unreachable,
                "Consul can't answer now (\(RegistryError.printable(String(decoding: answer.body, as: UTF8.self))))",
                hint: "has it a leader and a quorum?"
            )
        case 400 where String(decoding: answer.body, as: UTF8.self).contains("HTTP request to an HTTPS server"):
            RegistryError(.unreachable, "Consul's port is one of TLS", hint: "consuls:// instead of consul://")
        default: RegistryError(.unreachable, "what answers there isn't Consul (HTTP status \(answer.status))")
        }
    }

    /// A key as Consul has it. Questions for keys with characters that it calls unprintable are refused with 400, and which those are depends on
    /// its version of Unicode: so all but ASCII is percent-encoded. In a key a percent sign is encoded already.
    private static func spelled(_ key: String) -> String {
        key.utf8.allSatisfy { $0 < 0x80 } ? key : String(decoding: percentEncoded(key) { $0 < 0x80 }, as: UTF8.self)
    }

    /// The other way round.
    private static func key(spelled text: String) -> String {
        var (bytes, rest) = ([UInt8](), Substring(text).utf8)
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let digits = String(rest.prefix(2)), let value = UInt8(digits, radix: 16),
                value >= 0x80
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A key as it stands in a URL's path: all but unreserved characters (RFC 3986, 2.3) and slashes are escaped.
    private static func escaped(_ key: String) -> String {
        let plain = Set("-._~/0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
        return String(decoding: percentEncoded(key, but: plain.contains), as: UTF8.self)
    }

    private static func percentEncoded(_ text: String, but isPlain: (UInt8) -> Bool) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return text.utf8.flatMap { byte in
            isPlain(byte) ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
}
