// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import PartitionRegistryRedis
import PartitionRouter
import TestSupport
import Testing

@Suite("Access to Redis")
struct RedisAccessTests {
    private func failure(_ body: () async throws -> Void) async -> RegistryError? {
        do {
            try await body()
            return nil
        } catch {
            return error as? RegistryError
        }
    }

    private func registry(_ text: String, _ environment: [String: String] = [:]) throws -> RedisRegistry {
        try RedisRegistry(try RegistryURL(parsing: text, environment: environment), logger: .test)
    }

    @Test("with a password works; without it, or with a wrong one, it is refused, and no error shows it")
    func password() async throws {
        var options = RedisServer.Options()
        options.password = "sesame"
        try await withRedis(options, userInfo: ":sesame@") { server, registry in
            let map = try dailyMap(version: 1)
            #expect(try await registry.publish(map, replacing: nil) == .published)
            let host = "127.0.0.1:\(server.port)"
            #expect(
                try await self.registry("redis://\(host)", ["PARTITION_REGISTRY_PASSWORD": "sesame"]).load(events)
                    == map
            )
            let file = "\(server.directory)/password"
            _ = try await RedisServer.run(["sh", "-c", "echo sesame > \(file)"])
            #expect(
                try await self.registry("redis://\(host)", ["PARTITION_REGISTRY_PASSWORD_FILE": file]).load(events)
                    == map
            )
            for text in ["redis://\(host)", "redis://:wrong-secret@\(host)", "redis://nobody:sesame@\(host)"] {
                let error = await failure { _ = try await self.registry(text).load(events) }
                #expect(error?.code == .refused)
                #expect(error?.description.contains("secret") == false)
            }
        }
    }

    @Test("as an ACL user with only the documented rights can do everything")
    func accessControl() async throws {
        var options = RedisServer.Options()
        options.users = [
            "user cli on >pw ~partition_map:* ~{partition_map:*}:meta &partition_map_updated:* -@all +hello +auth +ping "
                + "+eval +type +hget +hmget +hgetall +hkeys +hset +hdel +zrange +zadd +zrem +del +expire +persist +publish "
                + "+psubscribe +scan +wait",
            "user mute on >pw ~* -@all +hello +auth +ping +eval +type +hmget +hgetall +hkeys +hset +hdel +zrange +zadd "
                + "+zrem +persist",
        ]
        try await withRedis(options, userInfo: "cli:pw@") { server, registry in
            let first = try dailyMap(version: 1)
            #expect(try await registry.publish(first, replacing: nil) == .published)
            #expect(try await registry.load(events, .all)?.isIntact == true)
            #expect(try await registry.entities() == [events])
            let hints = await registry.changes(events)
            try await RegistryHintTests.whileRunning(registry) {
                #expect(await RegistryHintTests.next(hints) == .reconnected)
                // Who may not tell the others may not publish either: nothing is half done.
                let mute = try self.registry("redis://mute:pw@127.0.0.1:\(server.port)")
                let second = try dailyMap(days: 5, version: 2)
                let error = await failure { _ = try await mute.publish(second, replacing: first.header) }
                #expect(error?.code == .refused)
                #expect(
                    try await registry.load(events, .all) == StoredMap(header: first.header, document: first.document)
                )
                #expect(try await registry.remove(events, replacing: first.header) == .published)
                #expect(await RegistryHintTests.next(hints) == .changed)
            }
        }
    }

    @Test("over TLS verifies authority and name, and shows its own certificate where it is asked for")
    func transportSecurity() async throws {
        var options = RedisServer.Options()
        options.usesTLS = true
        options.demandsClientCertificate = true
        options.addresses = ["127.0.0.1", "127.0.0.2"]
        let server = try await RedisServer.start(options)
        let files = "ca=\(server.directory)/ca.crt&timeout=2"
        let client = "\(files)&cert=\(server.directory)/client.crt&key=\(server.directory)/client.key"
        for host in ["127.0.0.1", "localhost"] {
            let registry = try self.registry("rediss://\(host):\(server.port)?\(client)")
            let header = try await registry.header(events)
            #expect(
                try await registry.publish(try dailyMap(version: (header?.version ?? 0) + 1), replacing: header)
                    == .published
            )
        }
        let wrong = [
            "rediss://127.0.0.1:\(server.port)?timeout=2&cert=\(server.directory)/client.crt&key=\(server.directory)/client.key",
            "rediss://127.0.0.1:\(server.port)?ca=/nonexistent",
            "rediss://127.0.0.1:\(server.port)?\(files)&cert=/n&key=/n",
        ]
        for text in wrong {
            let error = await failure { _ = try await self.registry(text).load(events) }
            #expect(error?.code == .refused, "\(error?.description ?? "")")
        }
        // A certificate of 127.0.0.1, shown by 127.0.0.2.
        let elsewhere = await failure {
            _ = try await self.registry("rediss://127.0.0.2:\(server.port)?\(client)").load(events)
        }
        #expect(elsewhere?.code == .refused, "\(elsewhere?.description ?? "")")
        // The server's refusal races with its closing of the connection.
        let anonymous = await failure {
            _ = try await self.registry("rediss://127.0.0.1:\(server.port)?\(files)").load(events)
        }
        #expect(anonymous?.code == .refused || anonymous?.code == .unreachable)
        #expect(anonymous?.hint?.contains("cert= and key=") == true, "\(anonymous?.description ?? "")")
        let plain = await failure {
            _ = try await self.registry("redis://127.0.0.1:\(server.port)?timeout=2").load(events)
        }
        #expect(plain?.code == .unreachable)
        await server.stop()
    }

    @Test("goes to the primary, whatever the order of the endpoints")
    func primary() async throws {
        let primary = try await RedisServer.start()
        var options = RedisServer.Options()
        options.primaryPort = primary.port
        let replica = try await RedisServer.start(options)
        let dead = try await RedisServer.start()
        await dead.stop()
        let error = await failure { _ = try await self.registry("redis://127.0.0.1:\(replica.port)").load(events) }
        #expect(error?.code == .unreachable)
        let hosts = [dead.port, replica.port, primary.port].map { "127.0.0.1:\($0)" }.joined(separator: ",")
        let registry = try self.registry("redis://\(hosts)")
        #expect(try await registry.publish(try dailyMap(version: 1), replacing: nil) == .published)
        #expect(try await primary.command("HGET", "{partition_map:events}:meta", "version") == "1")
        await replica.stop()
        await primary.stop()
    }

    @Test("leaves a primary that becomes a replica under it, and goes to the other endpoint")
    func demoted() async throws {
        let (one, two) = (try await RedisServer.start(), try await RedisServer.start())
        let alone = try registry("redis://127.0.0.1:\(one.port)")
        let both = try registry("redis://127.0.0.1:\(one.port),127.0.0.1:\(two.port)")
        let first = try dailyMap(version: 1)
        #expect(try await alone.publish(first, replacing: nil) == .published)
        #expect(try await both.header(events) == first.header)
        // Its clients keep their connections, and it answers with what it has.
        _ = try await one.command("REPLICAOF", "127.0.0.1", String(two.port))
        for extent in [LoadExtent.header, .document, .all] {
            let error = await failure { _ = try await alone.load(events, extent) }
            #expect(error?.code == .unreachable, "\(extent): \(String(describing: error))")
        }
        #expect(await failure { _ = try await alone.entities() }?.code == .unreachable)
        #expect(try await both.header(events) == nil)
        _ = try await one.command("REPLICAOF", "NO", "ONE")
        #expect(await failure { _ = try await alone.load(events) } == nil)
        await one.stop()
        await two.stop()
    }

    @Test("has one connection, however many calls come first at once")
    func oneConnection() async throws {
        try await withRedis { server, registry in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<50 { group.addTask { _ = try await registry.header(events) } }
                try await group.waitForAll()
            }
            // Those that were closed go by and by.
            try await eventually("one connection is left") {
                try await server.command("CLIENT", "LIST").split(separator: "\n").count {
                    $0.contains("name=partition-cli")
                } == 1
            }
            #expect(try await registry.header(events) == nil)
        }
    }

    @Test("counts a publish that the replicas didn't confirm as none")
    func replicas() async throws {
        try await withRedis(parameters: "&replicas=1&timeout=1") { primary, registry in
            let first = try dailyMap(version: 1)
            let error = await failure { _ = try await registry.publish(first, replacing: nil) }
            #expect(error?.code == .unconfirmed)
            #expect(try await registry.load(events, .all)?.isIntact == false)
            var options = RedisServer.Options()
            options.primaryPort = primary.port
            let replica = try await RedisServer.start(options)
            try await eventually("the replica is in step") {
                try await replica.command("HGET", "{partition_map:events}:meta", "version") == "1"
            }
            let second = try dailyMap(version: 2)
            #expect(try await registry.publish(second, replacing: first.header) == .published)
            #expect(try await registry.load(events, .all)?.isIntact == true)
            #expect(try await replica.command("HGET", "{partition_map:events}:meta", "version") == "2")
            await replica.stop()
        }
    }

    @Test("tells a full memory, a stopped name and a wrong port from one another")
    func refusals() async throws {
        try await withRedis { server, registry in
            let first = try dailyMap(days: 500, version: 1)
            _ = try await registry.publish(first, replacing: nil)
            _ = try await server.command("CONFIG", "SET", "maxmemory", "1mb")
            let error = await failure {
                _ = try await registry.publish(try dailyMap(days: 5, version: 2), replacing: first.header)
            }
            #expect(error?.code == .refused)
            #expect(try await registry.load(events, .all) == StoredMap(header: first.header, document: first.document))
        }
        let unknown = await failure { _ = try await self.registry("redis://nowhere.invalid?timeout=2").load(events) }
        #expect(unknown?.code == .unreachable)
    }
}
