// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import Testing
import TestSupport

@Suite("The pattern's own command", .temporaryDatabase)
struct PatternCommandTests {
    /// As the pattern's CronJob has it.
    private static let command =
        "partition-cli rotate --buffer-days=60 --db-url=$DB_URL --registry-url=$REGISTRY_URL --quota-threshold=80"

    private func run(_ url: String, registry: String) async throws -> Tool.Result {
        let directory = URL(fileURLWithPath: try Tool.path).deletingLastPathComponent().path
        return try await Tool.shell(
            "PATH=\(directory):$PATH; \(Self.command)",
            environment: ["DB_URL": url, "REGISTRY_URL": registry]
        )
    }

    @Test("covers the buffer, and again it does nothing and publishes nothing")
    func coversTheBuffer() async throws {
        let events = try await EventsTable()
        let first = try await run(events.url, registry: "self")
        #expect(first.status == 0, "\(first.everything)")
        let needed = try await events.connection.query(
            """
            SELECT to_char(m, '"events_"YYYY_MM') AS name
              FROM generate_series(date_trunc('month', now()), now() + interval '60 days', interval '1 month') m
            """
        ).map { try $0.string("name") }
        #expect(try await events.partitions == needed)
        let version = try #require(await events.publishedVersion)
        let before = try await events.fingerprint

        let second = try await run(events.url, registry: "self")
        #expect(second.status == 0, "\(second.everything)")
        #expect(second.output.contains("nothing to do"))
        #expect(try await events.fingerprint == before)
        #expect(try await events.publishedVersion == version)
    }

    @Test("leaves what the pattern's verification query expects: the newest partition first, with the right boundary")
    func verificationQuery() async throws {
        let events = try await EventsTable()
        let result = try await run(events.url, registry: "self")
        #expect(result.status == 0, "\(result.everything)")
        let rows = try await events.connection.query(Self.verificationQuery)
        let newest = try #require(rows.first)
        let expected = try #require(
            try await events.connection.query(
                """
                SELECT to_char(lower, '"events_"YYYY_MM') AS name,
                       format('FOR VALUES FROM (%L) TO (%L)', lower, lower + interval '1 month') AS boundary
                  FROM date_trunc('month', now() + interval '60 days') lower
                """
            ).first
        )
        #expect(try newest.string("partition_name") == expected.string("name"))
        #expect(try newest.string("boundary") == expected.string("boundary"))
        #expect(try newest.string("parent_table") == "events")
        #expect(try newest.string("parent_schema") == "public")
        #expect(try newest.string("partition_schema") == "public")
        #expect(try await rows.map { try $0.string("partition_name") } == events.partitions.reversed())
    }

    /// The pattern's step 6, word for word.
    private static let verificationQuery: Statement = """
        SELECT
          nmsp_parent.nspname  AS parent_schema,
          parent.relname       AS parent_table,
          nmsp_child.nspname   AS partition_schema,
          child.relname        AS partition_name,
          pg_get_expr(child.relpartbound, child.oid, true) AS boundary
        FROM pg_inherits
        JOIN pg_class       parent       ON pg_inherits.inhparent = parent.oid
        JOIN pg_class       child        ON pg_inherits.inhrelid  = child.oid
        JOIN pg_namespace   nmsp_parent  ON nmsp_parent.oid       = parent.relnamespace
        JOIN pg_namespace   nmsp_child   ON nmsp_child.oid        = child.relnamespace
        WHERE parent.relname = 'events'
        ORDER BY child.relname DESC
        LIMIT 5
        """

    @Test(
        "publishes to Redis what the pattern's Python resolves every day of the buffer from; again it publishes nothing"
    )
    func patternsClient() async throws {
        let events = try await EventsTable()
        var options = RedisServer.Options()
        options.password = EventsTable.password
        let redis = try await RedisServer.start(options)
        let registry = "redis://:\(EventsTable.password)@127.0.0.1:\(redis.port)/0"
        let first = try await run(events.url, registry: registry)
        #expect(first.status == 0, "\(first.everything)")
        #expect(!first.everything.contains(EventsTable.password))

        let days = try await events.connection.query(
            """
            SELECT to_char(day, 'YYYY-MM-DD') AS day, to_char(day, '"events_"YYYY_MM') AS name
              FROM generate_series(now(), now() + interval '60 days', interval '1 day') day
            """
        ).map { (try $0.string("day"), try $0.string("name")) }
        #expect(days.count == 61)
        let python = ProcessInfo.processInfo.environment["PARTITION_CLI_PYTHON"] ?? "python3"
        let resolved = try await RedisServer.run(
            [python, "-c", Self.client, String(redis.port), EventsTable.password] + days.map(\.0)
        )
        #expect(resolved == days.map(\.1).joined(separator: "\n"))

        let map = try await redis.command("ZRANGE", "partition_map:events", "0", "-1", "WITHSCORES")
        let meta = try await redis.command("HGETALL", "{partition_map:events}:meta")
        #expect(meta.contains("version"))
        let before = try await events.fingerprint
        _ = try await redis.command("CONFIG", "RESETSTAT")
        let second = try await run(events.url, registry: registry)
        #expect(second.status == 0, "\(second.everything)")
        #expect(second.output.contains("nothing to do"), "\(second.everything)")
        #expect(try await events.fingerprint == before)
        #expect(try await redis.command("ZRANGE", "partition_map:events", "0", "-1", "WITHSCORES") == map)
        #expect(try await redis.command("HGETALL", "{partition_map:events}:meta") == meta)
        // The server counts a script's own calls too.
        let calls = try await redis.command("INFO", "commandstats")
        #expect(calls.contains("cmdstat_hmget") || calls.contains("cmdstat_hget"), "\(calls)")
        for write in ["publish", "zadd", "zrem", "hset", "del"] {
            #expect(!calls.contains("cmdstat_\(write):"), "\(calls)")
        }
        await redis.stop()
    }

    /// The pattern's step 5 word for word; around it what a client needs: connect, ZRANGE, json.loads. Prints what each
    /// day given resolves to.
    private static let client = """
        import redis, sys
        from datetime import date
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

        client = redis.Redis(host="127.0.0.1", port=int(sys.argv[1]), password=sys.argv[2])
        partition_map = [json.loads(member) for member in client.zrange("partition_map:events", 0, -1)]
        for day in sys.argv[3:]:
            print(resolve_partition("events", date.fromisoformat(day), partition_map))
        """
}
