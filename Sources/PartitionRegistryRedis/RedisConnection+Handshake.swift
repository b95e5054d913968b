// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionRouter

extension RedisConnection {
    /// Logs in, selects the database and makes sure that the server is the primary: a replica's answers may be old.
    ///
    /// - Throws: ``RegistryError``, after which the connection isn't to be used.
    mutating func greet(_ target: RedisTarget, password: String?) async throws(RegistryError) {
        var hello = Self.hello
        if let password {
            for word in ["AUTH", target.user ?? "default", password] { hello.append(word) }
        }
        for word in ["SETNAME", "partition-cli"] { hello.append(word) }
        let reply = try await send(hello)
        if case .error(let text) = reply, text.hasPrefix("ERR unknown command") || text.hasPrefix("NOPROTO") {
            // Before Redis 6: RESP2, and AUTH by itself.
            speaksRESP3 = false
            if let password {
                let user = target.user
                let login = user.map { RedisCommand("AUTH", $0, password) } ?? RedisCommand("AUTH", password)
                _ = try await send(login).orThrow()
            }
            try await mustBePrimary()
        } else {
            speaksRESP3 = true
            try Self.mustBePrimary(role: try Self.role(hello: reply))
        }
        if target.database != 0 {
            _ = try await send(RedisCommand("SELECT", String(target.database))).orThrow()
        }
    }

    /// Asks the server what it is *now*. `REPLICAOF` makes a replica of a primary under its clients, who keep their connections.
    ///
    /// `HELLO` is allowed to every user, `ROLE` isn't.
    ///
    /// - Throws: ``RegistryError``, after which the connection isn't to be used.
    func mustBePrimary() async throws(RegistryError) {
        let reply = try await send(speaksRESP3 ? Self.hello : RedisCommand("ROLE"))
        let role = speaksRESP3 ? try Self.role(hello: reply) : try reply.orThrow().elements?.first?.text
        try Self.mustBePrimary(role: role)
    }

    private static let hello = RedisCommand("HELLO", "3")

    private static func role(hello reply: RESPValue) throws(RegistryError) -> String? {
        let fields = try reply.orThrow().elements ?? []
        let index = fields.firstIndex { $0.text == "role" }.map { $0 + 1 }
        return index.flatMap { $0 < fields.count ? fields[$0].text : nil }
    }

    private static func mustBePrimary(role: String?) throws(RegistryError) {
        guard role == "master" else {
            throw RegistryError(.unreachable, "the Redis server is a replica", hint: "name the primary in the URL")
        }
    }
}
