// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LocalPostgres
import PartitionMap
import PartitionRegistryRedis
import PartitionRouter
import TestSupport
import Testing

/// A Redis server for one test, and a registry of it.
func withRedis(
    _ options: RedisServer.Options = .init(),
    parameters: String = "",
    userInfo: String = "",
    _ body: (RedisServer, RedisRegistry) async throws -> Void
) async throws {
    let server = try await RedisServer.start(options)
    let scheme = options.usesTLS ? "rediss" : "redis"
    do {
        let url = try RegistryURL(
            parsing: "\(scheme)://\(userInfo)127.0.0.1:\(server.port)?timeout=2\(parameters)"
        )
        try await body(server, try RedisRegistry(url, logger: .test))
    } catch {
        await server.stop()
        throw error
    }
    await server.stop()
}

@Suite("The layout in Redis")
struct RedisLayoutTests {
    @Test("serves the pattern's own Python: every day of a 60-day buffer resolves, and no other")
    func pattern() async throws {
        let python = ProcessEnvironment.current["PARTITION_CLI_PYTHON"] ?? "python3"
        try await withRedis { server, registry in
            // Monthly partitions in Paris' zone, from 2026-11 to 2027-01, as a buffer of 60 days from 2026-11-22 needs.
            let firsts: [(String, Int64)] = [("11", 20_758), ("12", 20_788), ("01", 20_819), ("", 20_850)]
            func bound(_ day: Int64) -> PartitionMapDocument.RangeDatum {
                .instant(microseconds: day * microsecondsPerDay - 3_600_000_000, utcOffset: 3600)
            }
            let entries = zip(firsts, firsts.dropFirst()).map { first, next in
                PartitionMapDocument.Entry(
                    schema: "public",
                    name: "events_\(first.0)",
                    bound: .range(bound(first.1), bound(next.1))
                )
            }
            let document = try PartitionMapDocument(
                table: events,
                key: [.init(columns: ["event_ts"], types: ["timestamp with time zone"], strategy: .range)],
                timezone: "Europe/Paris",
                entries: entries
            )
            _ = try await registry.publish(try map(document, version: 1), replacing: nil)
            let printed = try await RedisServer.run([python, "-c", Self.program, String(server.port)])
            #expect(printed == "['events_01', 'events_11', 'events_12'] miss miss")
        }
    }

    /// The pattern's step 5 word for word, around it what a client needs: connect, ZRANGE, json.loads.
    private static let program = """
        import redis, sys
        from datetime import date, timedelta
        import json

        def resolve_partition(
            entity_name: str,
            target_date: date,
            partition_map: list[dict],
        ) -> str:
            for boundary in partition_map:
                p_start = date.fromisoformat(boundary["start"])
                p_end   = date.fromisoformat(boundary["end"])
                if p_start <= target_date < p_end:
                    return boundary["name"]
            raise ValueError(
                f"No active partition for {target_date} on entity '{entity_name}'. "
                "Provisioning may be behind schedule."
            )

        client = redis.Redis(host="127.0.0.1", port=int(sys.argv[1]))
        partition_map = [json.loads(member) for member in client.zrange("partition_map:events", 0, -1)]
        today = date(2026, 11, 22)
        found = [resolve_partition("events", today + timedelta(days=day), partition_map) for day in range(61)]
        found.append(resolve_partition("events", date(2026, 11, 1), partition_map))
        found.append(resolve_partition("events", date(2027, 1, 31), partition_map))
        misses = []
        for day in (date(2026, 10, 31), date(2027, 2, 1)):
            try:
                misses.append(resolve_partition("events", day, partition_map))
            except ValueError:
                misses.append("miss")
        print(sorted(set(found)), *misses)
        """

    @Test("keeps the document byte for byte in the hash, and the pattern's members beside it in order")
    func keys() async throws {
        try await withRedis { server, registry in
            let map = try dailyMap(days: 2, version: 42)
            _ = try await registry.publish(map, replacing: nil)
            let meta = "{partition_map:events}:meta"
            #expect(try await server.command("HGET", meta, "document").utf8.elementsEqual(map.document.canonicalBytes))
            #expect(try await server.command("HGET", meta, "version") == "42")
            #expect(try await server.command("HGET", meta, "checksum") == map.document.checksum)
            #expect(
                try await server.command("ZRANGE", "partition_map:events", "0", "-1", "WITHSCORES") == """
                    {"name":"events_0","start":"2026-11-01","end":"2026-11-02","schema":"public"}
                    20261101
                    {"name":"events_1","start":"2026-11-02","end":"2026-11-03","schema":"public"}
                    20261102
                    """
            )
            // The same slot of a Redis Cluster.
            #expect(try await server.command("PTTL", meta) == "-1")
            #expect(try await server.command("DBSIZE") == "2")
        }
    }

    @Test("survives a foreign ZADD, which a publisher notices and mends")
    func foreignMember() async throws {
        try await withRedis { server, registry in
            let first = try dailyMap(version: 1)
            _ = try await registry.publish(first, replacing: nil)
            for words in [
                ["ZADD", "partition_map:events", "1", "foreign"], ["DEL", "partition_map:events", "x", "y"],
            ] {
                _ = try await server.command(words[0], words[1], words[2], words[3])
                #expect(try await registry.load(events) != nil)
                #expect(try await registry.load(events, .all)?.isIntact == false)
                let header = try #require(try await registry.header(events))
                let again = try dailyMap(version: header.version + 1)
                #expect(try await registry.publish(again, replacing: header) == .published)
                #expect(try await registry.load(events, .all)?.isIntact == true)
                #expect(try await server.command("ZCARD", "partition_map:events") == "3")
            }
        }
    }

    @Test("sends one message for each added partition, its name, and an empty one when none was added")
    func messages() async throws {
        try await withRedis { server, registry in
            let python = ProcessEnvironment.current["PARTITION_CLI_PYTHON"] ?? "python3"
            let listening = Task {
                try await RedisServer.run([python, "-c", Self.listener, String(server.port)])
            }
            try await eventually("the client subscribed") {
                try await server.command("PUBSUB", "NUMSUB", "partition_map_updated:events").hasSuffix("\n1")
            }
            let first = try dailyMap(days: 2, version: 1)
            let second = try dailyMap(days: 4, version: 2)
            _ = try await registry.publish(first, replacing: nil)
            _ = try await registry.publish(second, replacing: first.header)
            _ = try await registry.publish(try dailyMap(days: 1, version: 3), replacing: second.header)
            #expect(try await listening.value == "['events_0', 'events_1', 'events_2', 'events_3', '']")
        }
    }

    /// Prints the first five messages.
    private static let listener = """
        import redis, sys
        subscription = redis.Redis(host="127.0.0.1", port=int(sys.argv[1]), decode_responses=True).pubsub()
        subscription.subscribe("partition_map_updated:events")
        payloads = []
        for message in subscription.listen():
            if message["type"] == "message":
                payloads.append(message["data"])
            if len(payloads) == 5:
                break
        print(payloads)
        """

    @Test("keeps installations apart by prefix, and can expire")
    func prefix() async throws {
        try await withRedis(parameters: "&ttl=500") { server, registry in
            let url = try RegistryURL(parsing: "redis://127.0.0.1:\(server.port)?prefix=staging:")
            let staging = try RedisRegistry(url, logger: .test)
            _ = try await registry.publish(try dailyMap(version: 1), replacing: nil)
            #expect(try await staging.load(events) == nil)
            #expect(try await staging.entities() == [])
            let own = try dailyMap(days: 7, version: 9)
            _ = try await staging.publish(own, replacing: nil)
            #expect(try await staging.load(events) == own)
            #expect(try await staging.entities() == [events])
            #expect(try await registry.entities() == [events])
            #expect(try await registry.header(events)?.version == 1)
            #expect(try await server.command("EXISTS", "staging:partition_map:events") == "1")
            #expect(try await server.command("TTL", "staging:partition_map:events") == "-1")
            for key in ["partition_map:events", "{partition_map:events}:meta"] {
                let seconds = try #require(Int(try await server.command("TTL", key)))
                #expect((1...500).contains(seconds))
            }
        }
    }

    @Test("leaves keys of another application alone")
    func foreignKeys() async throws {
        try await withRedis { server, registry in
            for key in ["partition_map:events", "{partition_map:events}:meta"] {
                _ = try await server.command("SET", key, "mine")
                let error = await #expect(throws: RegistryError.self) {
                    try await registry.publish(try dailyMap(version: 1), replacing: nil)
                }
                #expect(error?.code == .corrupt)
                #expect(try await server.command("GET", key) == "mine")
                #expect(try await server.command("DBSIZE") == "1")
                _ = try await server.command("DEL", key)
            }
        }
    }
}
