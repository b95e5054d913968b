// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionRouter

extension RedisConnection {
    /// Logs in, selects the database and makes sure that the server is the primary: a replica's answers may be old.
    ///
    /// - Throws: ``RegistryError``, after which the connection isn't to be used.
    func greet(_ target: RedisTarget, password: String?) async throws(RegistryError) {
        var hello = RedisCommand("HELLO", "3")
        if let password {
            for word in ["AUTH", target.user ?? "default", password] { hello.append(word) }
        }
        for word in ["SETNAME", "partition-cli"] { hello.append(word) }
        let reply = try await send(hello)
        let role: String?
        if case .error(let text) = reply, text.hasPrefix("ERR unknown command") || text.hasPrefix("NOPROTO") {
            // Before Redis 6: RESP2, and AUTH by itself.
            if let password {
                let user = target.user
                let login = user.map { RedisCommand("AUTH", $0, password) } ?? RedisCommand("AUTH", password)
                _ = try await send(login).orThrow()
            }
            role = try await send(RedisCommand("ROLE")).elements?.first?.text
        } else {
            let fields = try reply.orThrow().elements ?? []
            let index = fields.firstIndex { $0.text == "role" }.map { $0 + 1 }
            role = index.flatMap { $0 < fields.count ? fields[$0].text : nil }
        }
        guard role == nil || role == "master" else {
            throw RegistryError(.unreachable, "the Redis server is a replica", hint: "name the primary in the URL")
        }
        if target.database != 0 {
            _ = try await send(RedisCommand("SELECT", String(target.database))).orThrow()
        }
    }
}
