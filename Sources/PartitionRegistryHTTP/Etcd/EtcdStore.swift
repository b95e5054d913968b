// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import NIOHTTP1
package import PartitionRouter
import RegistryNetwork
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// etcd's keys, through its JSON gateway (`/v3/`). What isn't asked for otherwise is read linearizably there.
package actor EtcdStore: KeyValueStore {
    /// With base64 under 3 MiB an answer.
    package static let batch = 8
    /// etcd takes 128 operations in a transaction.
    package static let removals = 64
    /// Keys in one answer.
    private static let page = 1000
    /// How often a quiet watch's endpoint is asked whether it still reads linearizably.
    private static let heartbeat: Duration = .seconds(10)

    private let link: HTTPLink
    private var token: String?

    package init(_ target: HTTPTarget) {
        link = HTTPLink(target, store: "etcd")
    }

    static var oddAnswer: RegistryError { RegistryError(.unreachable, "etcd answered in an unexpected form") }

    package func value(_ key: String) async throws(RegistryError) -> StoredValue? {
        let (answer, endpoint) = try await ask("kv/range", EtcdQuestion.Range(key), as: EtcdAnswer.Range.self)
        guard let entry = answer.entries?.first else { return nil }
        guard let revision = entry.revision.flatMap({ Int64($0) }), revision > 0 else { throw Self.oddAnswer }
        return StoredValue(bytes: Array(entry.value ?? Data()), revision: revision, endpoint: endpoint)
    }

    package func values(_ keys: [String]) async throws(RegistryError) -> [[UInt8]?] {
        let question = EtcdQuestion.Transaction(success: keys.map { .range(EtcdQuestion.Range($0)) })
        let (answer, _) = try await ask("kv/txn", question, as: EtcdAnswer.Transaction.self)
        guard let responses = answer.responses, responses.count == keys.count else { throw Self.oddAnswer }
        return responses.map { $0.range?.entries?.first.map { Array($0.value ?? Data()) } }
    }

    package func keys(below prefix: String) async throws(RegistryError) -> [String] {
        var keys: [String] = []
        var start = Data(prefix.utf8)
        while true {
            let question = EtcdQuestion.Range(keysBelow: prefix, from: start, limit: Self.page)
            let (answer, _) = try await ask("kv/range", question, as: EtcdAnswer.Range.self)
            let found = (answer.entries ?? []).compactMap(\.key)
            keys += found.compactMap { String(validating: $0, as: UTF8.self) }
            // The next key that there can be.
            guard answer.more == true, let last = found.last, !last.lexicographicallyPrecedes(start) else {
                return keys
            }
            start = last + [0]
        }
    }

    package func commit(
        _ change: StoreChange,
        while conditions: [StoreCondition],
        _ addressee: Addressee
    ) async throws(RegistryError) -> StoreCommit? {
        let operations: [EtcdQuestion.Operation] =
            switch change {
            case .put(let key, let value): [.put(key: Data(key.utf8), value: Data(value))]
            case .removeAll(let prefixes):
                prefixes.map { .deleteRange(key: Data($0.utf8), end: EtcdQuestion.end(ofPrefix: $0)) }
            }
        let question = EtcdQuestion.Transaction(
            compare: conditions.map { .init(key: Data($0.key.utf8), revision: String($0.revision)) },
            success: operations
        )
        let (answer, endpoint) = try await ask("kv/txn", question, as: EtcdAnswer.Transaction.self, addressee)
        guard answer.succeeded == true else { return nil }
        guard let revision = answer.header?.revision.flatMap({ Int64($0) }) else { throw Self.oddAnswer }
        return StoreCommit(revision: revision, endpoint: endpoint)
    }

    /// From the moment it begins, never from a revision: what was missed is made up for by reading.
    package func watch(
        _ key: String,
        _ announce: @escaping @Sendable (RegistryHint) async -> Bool
    ) async throws(RegistryError) {
        // One that reads linearizably.
        let endpoint = try await ask("kv/range", EtcdQuestion.Range(key), as: EtcdAnswer.Range.self).endpoint
        var question = HTTPQuestion(method: .POST, path: "/v3/watch", headers: try await headers())
        // A member that loses its leader then says so; otherwise the watch would hang.
        question.headers.add(name: "grpc-metadata-hasleader", value: "true")
        question.body = try StoreJSON.encoded(EtcdQuestion.Watch(creation: .init(key: Data(key.utf8))))
        let begun = WatchStart()
        let failure = await withTaskGroup(of: RegistryError?.self) { [question] group in
            group.addTask {
                await self.listen(question, at: endpoint) { hint in
                    begun.isSeen.store(true, ordering: .relaxed)
                    return await announce(hint)
                }
            }
            group.addTask { await self.beat(key, at: endpoint, begun) }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        if let failure { throw failure }
    }

    package nonisolated var endpoints: [RegistryEndpoint] { link.target.endpoints }

    package func examine(_ endpoint: Int, reading key: String) async throws(RegistryError) -> EtcdSpace? {
        _ = try await ask("kv/range", EtcdQuestion.Range(key), as: EtcdAnswer.Range.self, .only(endpoint))
        do throws(RegistryError) {
            let status = try await ask(
                "maintenance/status",
                EtcdQuestion.Status(),
                as: EtcdAnswer.Status.self,
                .only(endpoint)
            )
            return EtcdSpace(status.answer)
        } catch {
            // Who may read maps need not be allowed to ask for this.
            guard error.code == .refused || error.code == .unsupported else { throw error }
            return nil
        }
    }

    package func close() async { await link.close() }
}

/// Whether a watch has begun.
private final class WatchStart: Sendable {
    let isSeen = Atomic(false)
}

extension EtcdStore {
    private func listen(
        _ question: HTTPQuestion,
        at endpoint: Int,
        _ announce: @escaping @Sendable (RegistryHint) async -> Bool
    ) async -> RegistryError? {
        do throws(RegistryError) {
            try await link.lines(of: question, from: endpoint, judging: { self.verdict($0)?.error }) {
                (line) throws(RegistryError) in
                guard let hint = try EtcdWatchLine.hint(line, hasUser: self.link.target.user != nil) else {
                    return true
                }
                return await announce(hint)
            }
            return nil
        } catch {
            // Whatever it was: the next watch begins with a new token.
            token = nil
            return error
        }
    }

    /// A connection can be dead, a member cut off from the others, and something between us keep back what etcd says, without anybody
    /// saying so.
    private func beat(_ key: String, at endpoint: Int, _ begun: WatchStart) async -> RegistryError? {
        guard (try? await Task.sleep(for: link.target.timeout)) != nil else { return nil }
        guard begun.isSeen.load(ordering: .relaxed) else {
            let place = link.target.endpoints[endpoint]
            return RegistryError(
                .unreachable,
                "etcd at \(place) didn't begin the watch in time",
                hint: "does a proxy keep it back?"
            )
        }
        do throws(RegistryError) {
            while (try? await Task.sleep(for: Self.heartbeat)) != nil {
                _ = try await ask("kv/range", EtcdQuestion.Range(key), as: EtcdAnswer.Range.self, .only(endpoint))
            }
            return nil
        } catch {
            return error
        }
    }

    /// Asks, and once more with a new token when the old one isn't known any more.
    private func ask<Answer: Decodable>(
        _ path: String,
        _ body: some Encodable,
        as _: Answer.Type,
        _ addressee: Addressee = .anyone
    ) async throws(RegistryError) -> (answer: Answer, endpoint: Int) {
        var question = HTTPQuestion(method: .POST, path: "/v3/\(path)", body: try StoreJSON.encoded(body))
        var isFirst = true
        while true {
            question.headers = try await headers()
            // What was refused for its token wasn't done, so that it may be asked again.
            let answer = try await link.ask(question, addressee) { answer in
                guard let verdict = self.verdict(answer) else {
                    // Another endpoint may be etcd.
                    return StoreJSON.decoded(answer.body, as: EtcdAnswer.Signed.self) == nil ? Self.oddAnswer : nil
                }
                return verdict.isOfToken ? nil : verdict.error
            }
            if let fault = verdict(answer)?.fault {
                token = nil
                guard isFirst, link.target.user != nil else { throw fault.error(hasUser: link.target.user != nil) }
                isFirst = false
                continue
            }
            guard let decoded = StoreJSON.decoded(answer.body, as: Answer.self) else { throw Self.oddAnswer }
            return (decoded, answer.endpoint)
        }
    }

    private func headers() async throws(RegistryError) -> HTTPHeaders {
        guard let user = link.target.user else { return [:] }
        if let token { return ["authorization": token] }
        let password = try Secret.current(link.target.password, file: link.target.passwordFile) ?? ""
        let credentials = try StoreJSON.encoded(EtcdQuestion.Credentials(name: user, password: password))
        let question = HTTPQuestion(method: .POST, path: "/v3/auth/authenticate", body: credentials)
        let answer = try await link.ask(question) { self.verdict($0)?.error }
        // It goes into a header.
        guard let fresh = StoreJSON.decoded(answer.body, as: EtcdAnswer.Token.self)?.token, !fresh.isEmpty,
            fresh.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw Self.oddAnswer }
        token = fresh
        return ["authorization": fresh]
    }

    private struct Verdict {
        /// Nil for what isn't etcd's own no.
        var fault: EtcdFault?
        var error: RegistryError
        var isOfToken: Bool { fault?.isOfToken == true }
    }

    /// Nil for a good answer.
    private nonisolated func verdict(_ answer: HTTPAnswer) -> Verdict? {
        guard answer.status != 200 else { return nil }
        if let fault = StoreJSON.decoded(answer.body, as: EtcdFault.self), fault.code != nil {
            return Verdict(fault: fault, error: fault.error(hasUser: link.target.user != nil))
        }
        let text = String(decoding: answer.body, as: UTF8.self)
        if text.contains("CommonName of client sending a request against gateway") {
            return Verdict(
                error: RegistryError(
                    .refused,
                    "etcd's gateway takes no client certificate with a Common Name while etcd has users",
                    hint: "a certificate whose subject has no CN; who we are is told by user and password"
                )
            )
        }
        let error =
            answer.status == 404
            ? RegistryError(
                .unreachable,
                "what answers there has no /v3/ interface",
                hint: "etcd 3.4 or later, with its gRPC gateway enabled"
            )
            : RegistryError(.unreachable, "what answers there isn't etcd (HTTP status \(answer.status))")
        return Verdict(error: error)
    }
}
