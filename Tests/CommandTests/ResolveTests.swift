// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Testing
import TestSupport

@Suite("resolve", .temporaryDatabase)
struct ResolveTests {
    private func today(_ events: EventsTable) async throws -> (key: String, partition: String) {
        let row = try #require(
            await events.connection.query(
                "SELECT to_char(now(), 'YYYY-MM-DD') AS key, to_char(now(), '\"public.events_\"YYYY_MM') AS partition"
            ).first
        )
        return (try row.string("key"), try row.string("partition"))
    }

    @Test("prints the partition's qualified name and nothing else, from the catalog and from the registry")
    func name() async throws {
        let events = try await EventsTable()
        let today = try await today(events)
        let catalog = try await Tool.run(["resolve", "events", today.key, "--db-url=\(events.url)"])
        #expect(catalog.output == today.partition + "\n", "\(catalog.everything)")
        #expect(catalog.error.isEmpty)
        _ = try await Tool.run(["rotate", "--db-url=\(events.url)", "--registry-url=self"])
        let registry = try await Tool.run(
            ["resolve", "public.events", today.key, "--db-url=\(events.url)", "--registry-url=self", "--output=json"]
        )
        #expect(registry.status == 0, "\(registry.everything)")
        #expect(try registry.json["partition"] as? String == today.partition)
        #expect(try registry.json["source"] as? String == "self")
        #expect(try registry.json["version"] as? Int64 == (try await events.publishedVersion))
    }

    @Test("with a Redis registry needs no database")
    func redisAlone() async throws {
        let events = try await EventsTable()
        let redis = try await RedisServer.start()
        let url = "redis://127.0.0.1:\(redis.port)"
        _ = try await Tool.run(["rotate", "--db-url=\(events.url)", "--registry-url=\(url)"])
        let today = try await today(events)
        let result = try await Tool.run(["resolve", "events", today.key, "--registry-url=\(url)"])
        #expect(result.output == today.partition + "\n", "\(result.everything)")
        let unknown = try await Tool.run(["resolve", "nope", today.key, "--registry-url=\(url)"])
        #expect(unknown.status == 1)
        #expect(unknown.error.contains("no map of nope is published"))
        await redis.stop()
        let away = try await Tool.run(["resolve", "events", today.key, "--registry-url=\(url)"])
        #expect(away.status == 69, "\(away.everything)")
    }

    @Test("a key that no partition takes exits 1 and tells what is covered")
    func miss() async throws {
        let events = try await EventsTable()
        let month = try await today(events).key.prefix(7)
        let result = try await Tool.run(["resolve", "events", "2999-01-01", "--db-url=\(events.url)"])
        #expect(result.status == 1)
        #expect(result.output.isEmpty)
        #expect(result.error.contains("it covers \(month)-01 to "), "\(result.everything)")
    }

    @Test(
        "a day without a midnight is found as PostgreSQL finds it",
        arguments: ["America/Santiago", "Africa/Cairo", "America/Havana"]
    )
    func noMidnight(zone: String) async throws {
        let database = try TemporaryDatabase.current
        let connection = try await database.connect()
        _ = try await connection.query("SELECT set_config('TimeZone', \(bind: zone), false)")
        _ = try await connection.query("CREATE TABLE days (at timestamptz NOT NULL) PARTITION BY RANGE (at)")
        // The day before the next one without a midnight, and three days from it on.
        let keys = try await connection.query(
            """
            SELECT (day + n)::date::text AS key, (day + n) AS "from", (day + n + 1) AS "to"
            FROM (SELECT min(day)::date - 1 AS day FROM generate_series(current_date + 2, current_date + 400, interval '1 day') day
                  WHERE day::date::timestamp <> day::date::timestamp AT TIME ZONE current_setting('TimeZone')
                    AT TIME ZONE current_setting('TimeZone')) found, generate_series(0, 3) n ORDER BY n
            """
        )
        #expect(keys.count == 4)
        for row in keys {
            let key = try row.string("key")
            _ = try await connection.query(
                """
                CREATE TABLE \(identifier: "days_\(key)") PARTITION OF days
                FOR VALUES FROM (\(literal: key)) TO (\(literal: row.string("to")))
                """
            )
        }
        for row in keys {
            let key = try row.string("key")
            let placed = try await connection.query(
                "INSERT INTO days VALUES (\(bind: key)::date) RETURNING 'public.' || tableoid::regclass AS name"
            )
            #expect(try placed.first?.string("name") == "public.\"days_\(key)\"")
            let url = EventsTable.url(of: database, user: "postgres")
            let result = try await Tool.run([
                "resolve", "days", key, "--db-url=\(url)", "--timezone=\(zone)", "--registry-url=none",
            ])
            #expect(result.output == "public.\"days_\(key)\"\n", "\(result.everything)")
        }
        await connection.close()
    }

    @Test("a key that isn't one exits 64")
    func noKey() async throws {
        let events = try await EventsTable()
        for key in [["yesterday"], ["2026-13-01"], ["2026-01-01T00:00:00"], ["2026-01-01", "1"]] {
            let result = try await Tool.run(["resolve", "events"] + key + ["--db-url=\(events.url)"])
            #expect(result.status == 64, "\(result.everything)")
        }
    }

    @Test("names are printed as SQL needs them")
    func quoted() async throws {
        let events = try await EventsTable()
        _ = try await events.connection.query("CREATE SCHEMA \"My Schema\"")
        _ = try await events.connection.query(
            "CREATE TABLE \"My Schema\".\"A \"\"B\"\".c\" (d date NOT NULL) PARTITION BY RANGE (d)"
        )
        _ = try await events.connection.query(
            """
            CREATE TABLE "My Schema"."Old one" PARTITION OF "My Schema"."A ""B"".c"
            FOR VALUES FROM ('2026-01-01') TO ('2126-01-01')
            """
        )
        _ = try await events.connection.query(
            "CREATE TABLE \"My Schema\".\"P;q\" PARTITION OF \"My Schema\".\"A \"\"B\"\".c\" FOR VALUES FROM ('2126-01-01') TO ('2226-01-01')"
        )
        let result = try await Tool.run(
            ["resolve", "\"My Schema\".\"A \"\"B\"\".c\"", "2130-01-01", "--db-url=\(events.url)"]
        )
        #expect(result.output == "\"My Schema\".\"P;q\"\n", "\(result.everything)")
    }
}
