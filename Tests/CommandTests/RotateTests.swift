// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import Testing
import TestSupport

@Suite("rotate", .temporaryDatabase)
struct RotateTests {
    /// As the pattern's CronJob has it.
    private static let patternsCommand =
        "partition-cli rotate --buffer-days=60 --db-url=$DB_URL --registry-url=$REGISTRY_URL --quota-threshold=80"

    private func runPatternsCommand(_ url: String, registry: String) async throws -> Tool.Result {
        let directory = URL(fileURLWithPath: try Tool.path).deletingLastPathComponent().path
        return try await Tool.shell(
            "PATH=\(directory):$PATH; \(Self.patternsCommand)",
            environment: ["DB_URL": url, "REGISTRY_URL": registry]
        )
    }

    @Test("the pattern's command covers the buffer, and again it does nothing and publishes nothing")
    func patternsCommand() async throws {
        let events = try await EventsTable()
        let first = try await runPatternsCommand(events.url, registry: "self")
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

        let second = try await runPatternsCommand(events.url, registry: "self")
        #expect(second.status == 0, "\(second.everything)")
        #expect(second.output.contains("nothing to do"))
        #expect(try await events.fingerprint == before)
        #expect(try await events.publishedVersion == version)
    }

    @Test("a client of the pattern's finds every day of the buffer in Redis")
    func redis() async throws {
        let events = try await EventsTable()
        var options = RedisServer.Options()
        options.password = EventsTable.password
        let redis = try await RedisServer.start(options)
        let result = try await runPatternsCommand(
            events.url,
            registry: "redis://:\(EventsTable.password)@127.0.0.1:\(redis.port)/0"
        )
        #expect(result.status == 0, "\(result.everything)")
        #expect(!result.everything.contains(EventsTable.password))

        let members = try await Tool.shell(
            "redis-cli --no-auth-warning -p \(redis.port) ZRANGE partition_map:events 0 -1",
            environment: ["REDISCLI_AUTH": EventsTable.password]
        )
        let map = try members.output.split(separator: "\n").map {
            try JSONDecoder().decode(Boundary.self, from: Data($0.utf8))
        }
        let days = try await events.connection.query(
            "SELECT to_char(now() + d * interval '1 day', 'YYYY-MM-DD') AS day FROM generate_series(0, 60) d"
        )
        for row in days {
            let day = try row.string("day")
            // The pattern's resolve_partition: the first entry with start <= day < end.
            let entry = try #require(map.first { $0.start <= day && day < $0.end }, "no partition for \(day)")
            #expect(entry.name == "events_" + day.prefix(7).replacingOccurrences(of: "-", with: "_"))
        }
        await redis.stop()
    }

    private struct Boundary: Decodable {
        var name: String
        var start: String
        var end: String
    }

    @Test("a second run at once exits 76 and does nothing")
    func twoAtOnce() async throws {
        let events = try await EventsTable()
        let first = try Tool.start(
            ["rotate", "--db-url=\(events.url)", "--registry-url=none"],
            environment: ["PARTITION_CLI_PAUSE_AT": "observed"]
        )
        try await eventually("the first run has its plan") { first.error.contains("paused at observed") }
        let before = try await events.fingerprint
        let second = try await Tool.run(["rotate", "--db-url=\(events.url)", "--registry-url=none"])
        #expect(second.status == 76, "\(second.everything)")
        #expect(second.output.contains("another run is at work"))
        #expect(try await events.fingerprint == before)
        first.signal(SIGTERM)
        #expect(await first.result().status == 143)
    }

    @Test("one table that fails doesn't stop the others, and its SQLSTATE is told")
    func oneOfSeveral() async throws {
        let events = try await EventsTable()
        for statement: Statement in [
            "CREATE ROLE \(identifier: events.database.name) LOGIN",
            "CREATE SCHEMA closed",
            "CREATE TABLE closed.logs (LIKE events) PARTITION BY RANGE (event_ts)",
            "CREATE TABLE closed.logs_2026_01 PARTITION OF closed.logs FOR VALUES FROM ('2026-01-01 00:00+00') TO ('2026-02-01 00:00+00')",
            "ALTER TABLE closed.logs OWNER TO \(identifier: events.database.name)",
            "ALTER TABLE closed.logs_2026_01 OWNER TO \(identifier: events.database.name)",
            "ALTER TABLE events OWNER TO \(identifier: events.database.name)",
            "GRANT CREATE ON SCHEMA public TO \(identifier: events.database.name)",
            "GRANT USAGE ON SCHEMA closed TO \(identifier: events.database.name)",
        ] { _ = try await events.connection.query(statement) }
        for name in try await events.partitions {
            _ = try await events.connection.query(
                "ALTER TABLE \(identifier: name) OWNER TO \(identifier: events.database.name)"
            )
        }
        let url = EventsTable.url(of: events.database, user: events.database.name)
        let result = try await Tool.run(
            ["rotate", "--db-url=\(url)", "--registry-url=none", "--buffer-days=400", "--output=json"]
        )
        // Dropped before the role, which belongs to the whole cluster.
        for statement: Statement in [
            "DROP TABLE events, closed.logs", "DROP OWNED BY \(identifier: events.database.name)",
            "DROP ROLE \(identifier: events.database.name)",
        ] { _ = try await events.connection.query(statement) }
        #expect(result.status == 77, "\(result.everything)")
        let tables = try #require(result.json["tables"] as? [[String: Any]])
        let outcomes = Dictionary(
            uniqueKeysWithValues: tables.map { table in
                ((table["table"] as? [String: Any])?["qualified"] as? String ?? "", table)
            }
        )
        #expect(outcomes["public.events"]?["outcome"] as? String == "converged")
        #expect(outcomes["closed.logs"]?["outcome"] as? String == "failed")
        #expect(outcomes["closed.logs"]?["sqlState"] as? String == "42501")
    }

    @Test(
        "without a registry URL the map goes where the registry's schema is, and nowhere where it isn't, which is said"
    )
    func implicitRegistry() async throws {
        let events = try await EventsTable()
        let nowhere = try await Tool.run(["rotate", "--db-url=\(events.url)"])
        #expect(nowhere.status == 0, "\(nowhere.everything)")
        #expect(nowhere.error.contains("published nowhere"))
        #expect(nowhere.error.contains("--registry-url=self"))
        _ = try await Tool.run(["rotate", "--db-url=\(events.url)", "--registry-url=self"])
        let version = try #require(await events.publishedVersion)
        let implicit = try await Tool.run(["rotate", "--db-url=\(events.url)", "--buffer-days=150"])
        #expect(implicit.status == 0, "\(implicit.everything)")
        #expect(!implicit.error.contains("nowhere"))
        #expect(try #require(await events.publishedVersion) > version)
    }
}
