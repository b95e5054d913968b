// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import Logging
import PartitionMap
import PartitionRegistryHTTP
import PartitionRouter
import Testing
import TestSupport

/// A table is renamed, dropped, left out of the policy file or left alone, and routers may not go on with what it was.
@Suite("A published map whose table nobody looks after any more", .temporaryDatabase, .timeLimit(.minutes(5)))
struct UnattendedMapTests {
    enum Store: String, CaseIterable, Sendable { case embedded, redis }

    /// The events, and logs like them, with their maps in a registry.
    private final class Published: Sendable {
        let events: EventsTable
        let redis: RedisServer?
        let arguments: [String]
        let folder: Folder
        let registryURL: String

        init(_ store: Store) async throws {
            events = try await EventsTable()
            redis = store == .redis ? try await RedisServer.start() : nil
            registryURL = redis.map { "redis://127.0.0.1:\($0.port)" } ?? "self"
            arguments = ["--db-url=\(events.url)", "--registry-url=\(registryURL)"]
            folder = try Folder()
            try folder.write(
                "events.yaml",
                "tables:\n  public.events:\n    by: { range: event_ts, every: month }\n"
            )
            for statement in Self.logs { try await execute(statement) }
            let first = try await tool("rotate")
            try #require(first.status == 0, "\(first.everything)")
        }

        private static let logs = [
            "CREATE TABLE logs (id bigint NOT NULL, event_ts timestamptz NOT NULL) PARTITION BY RANGE (event_ts)",
            """
            DO $$
            DECLARE
                first timestamptz := date_trunc('month', now());
            BEGIN
                EXECUTE format('CREATE TABLE %I PARTITION OF logs FOR VALUES FROM (%L) TO (%L)',
                               to_char(first, '"logs_"YYYY_MM'), first, first + interval '1 month');
            END $$
            """,
        ]

        func execute(_ sql: String) async throws {
            _ = try await events.connection.query(Statement(trustedCatalogSQL: sql, "the test's own"))
        }

        func tool(_ words: String...) async throws -> Tool.Result {
            try await Tool.run(words + arguments, in: folder.url)
        }

        /// What a router answers for a key.
        func resolve(_ table: String, _ key: String) async throws -> String {
            let result = try await tool("resolve", table, key)
            #expect((result.status == 0) == !result.output.isEmpty, "\(result.everything)")
            return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
        }

        func version(_ table: String) async throws -> Int64 {
            let line = try await Tool.run(["registry", "export", table] + arguments).output
            return try PublishedMap(exchangeLine: Array(line.utf8.prefix { $0 != 0x0A })).header.version
        }

        var thisMonth: (key: String, suffix: String) {
            get async throws {
                let row = try await events.connection.query(
                    "SELECT current_date::text AS key, to_char(now(), 'YYYY_MM') AS suffix"
                ).first
                return (try #require(row).string("key"), try #require(row).string("suffix"))
            }
        }

        /// The two that compare say that the map isn't as it must be, and what to do.
        func expectFinding(_ table: String, _ options: String..., remedy: String) async throws {
            for command in [["registry", "diff"], ["verify"]] {
                let result = try await Tool.run(command + options + arguments, in: folder.url)
                #expect(result.status == 1, "\(command): \(result.everything)")
                #expect(result.output.contains("public.\(table)"), "\(result.everything)")
                #expect(!result.output.contains("all as the catalog says"), "\(result.everything)")
                let words = remedy.replacing("COMMAND", with: command == ["verify"] ? "rotate" : "registry repair")
                #expect(result.output.replacing(#/\s+/#, with: " ").contains(words), "\(result.everything)")
            }
            let status = try await Tool.run(["status"] + options + arguments, in: folder.url)
            #expect(
                status.status == 0 && status.output.contains("public.\(table)")
                    && status.output.contains("differs"),
                "\(status.everything)"
            )
            let doctor = try await Tool.run(["doctor", "--output=json"] + options + arguments, in: folder.url)
            #expect(doctor.status == 1 && doctor.output.contains("registry-drift"), "\(doctor.everything)")
        }

        func expectNothing(_ options: String...) async throws {
            for command in [["registry", "diff"], ["verify"]] {
                let result = try await Tool.run(command + options + arguments, in: folder.url)
                #expect(result.status == 0, "\(command): \(result.everything)")
            }
        }

        func stop() async { await redis?.stop() }
    }

    @Test("of which another of a hash took the name names the new partitions only", arguments: Store.allCases)
    func hashed(_ store: Store) async throws {
        let published = try await Published(store)
        let (today, suffix) = try await published.thisMonth
        #expect(try await published.resolve("events", today) == "public.events_\(suffix)")
        for sql in [
            "ALTER TABLE events RENAME TO events_old",
            "CREATE TABLE events (id bigint, kind text) PARTITION BY HASH (kind)",
            "CREATE TABLE events_h0 PARTITION OF events FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
        ] { try await published.execute(sql) }
        try await published.expectFinding("events", remedy: "COMMAND publishes it anew")
        let run = try await published.tool("rotate")
        #expect(run.status == 0 && run.output.contains("public.events\n"), "\(run.everything)")
        #expect(try await published.resolve("events", today) == "")
        #expect(try await published.resolve("events_old", today) == "public.events_\(suffix)")
        if store == .embedded {
            let error = await #expect(throws: PostgresError.self) {
                try await published.execute("SELECT partition_registry.resolve('events', now())")
            }
            #expect(error?.sqlState?.rawValue == "0A000")
        }
        let export = try await Tool.run(["registry", "export", "events"] + published.arguments)
        #expect(export.output.contains("events_h0") && !export.output.contains("events_\(suffix)"))
        try await published.expectNothing()
        let version = try await published.version("events")
        #expect(try await published.tool("rotate").status == 0)
        #expect(try await published.version("events") == version)
        await published.stop()
    }

    @Test("that the policy file doesn't name follows the catalog", arguments: Store.allCases)
    func unlisted(_ store: Store) async throws {
        let published = try await Published(store)
        let (today, suffix) = try await published.thisMonth
        #expect(try await published.tool("rotate", "--config=events.yaml").status == 0)
        try await published.execute("ALTER TABLE logs DETACH PARTITION logs_\(suffix)")
        try await published.expectFinding("logs", "--config=events.yaml", remedy: "COMMAND publishes it anew")
        let version = try await published.version("logs")
        // Whoever names tables speaks of no other.
        for command in [["rotate"], ["registry", "repair"]] {
            let named = try await Tool.run(
                command + ["--config=events.yaml", "--table=events"] + published.arguments,
                in: published.folder.url
            )
            #expect(named.status == 0, "\(named.everything)")
        }
        #expect(try await published.version("logs") == version)

        let run = try await published.tool("rotate", "--config=events.yaml", "--output=json")
        #expect(run.status == 0, "\(run.everything)")
        let others = try #require(try run.json["otherMaps"] as? [[String: Any]])
        #expect((others.first?["publication"] as? [String: Any])?["outcome"] as? String == "published", "\(others)")
        #expect(try await published.resolve("logs", today) == "")
        let export = try await Tool.run(["registry", "export", "logs"] + published.arguments)
        // A promised partition is gone, so nothing is promised any more.
        #expect(export.output.contains("logs_2") && !export.output.contains("keepUntil"), "\(export.output)")
        try await published.expectNothing("--config=events.yaml")
        await published.stop()
    }

    @Test("that was dropped names no partition any more", arguments: Store.allCases)
    func dropped(_ store: Store) async throws {
        let published = try await Published(store)
        let (today, _) = try await published.thisMonth
        try await published.execute("DROP TABLE logs")
        try await published.expectFinding("logs", remedy: "COMMAND withdraws it")
        let repair = try await published.tool("registry", "repair")
        #expect(repair.status == 0 && repair.output.contains("public.logs: withdrawn"), "\(repair.everything)")
        #expect(try await published.resolve("logs", today) == "")
        if store == .embedded {
            let rows = try await published.events.connection.query(
                "SELECT partition_registry.resolve('logs', now()) AS name"
            )
            #expect(try rows.first?.optionalString("name") == nil)
        }
        try await published.expectNothing()
        let version = try await published.version("logs")
        let run = try await published.tool("rotate")
        #expect(run.status == 0 && !run.output.contains("logs"), "\(run.everything)")
        #expect(try await published.version("logs") == version)
        let doctor = try await Diagnosis.run(published.events.url, Array(published.arguments.dropFirst()))
        #expect(doctor.first("registry-leftover")["severity"] == "note", "\(doctor.everything)")
        await published.stop()
    }

    @Test("that is left alone, its interval being unreadable, follows the catalog", arguments: Store.allCases)
    func leftAlone(_ store: Store) async throws {
        let published = try await Published(store)
        let (today, suffix) = try await published.thisMonth
        let last = try #require(try await published.events.partitions.last)
        for sql in [
            "DROP TABLE \(last)",
            """
            CREATE TABLE odd PARTITION OF events FOR VALUES FROM ('2050-01-03 05:13Z') TO ('2050-01-09 11:00Z')
            """,
            """
            CREATE TABLE odder PARTITION OF events FOR VALUES FROM ('2050-01-09 11:00Z') TO ('2050-01-09 11:07Z')
            """,
            "ALTER TABLE events DETACH PARTITION events_\(suffix)",
        ] { try await published.execute(sql) }
        let run = try await published.tool("rotate")
        #expect(run.status == 1 && run.output.contains("left alone"), "\(run.everything)")
        #expect(run.output.contains("published as version"), "\(run.everything)")
        #expect(try await published.resolve("events", today) == "")
        #expect(try await published.resolve("events", "2050-01-04T00:00:00Z") == "public.odd")
        #expect(try await published.tool("registry", "diff").status == 0)
        await published.stop()
    }

    @Test("whose name a table of another key has is learned of by a router that is running")
    func router() async throws {
        try await withStoreServer(.etcd) { server in
            let events = try await EventsTable()
            let url = "etcd://127.0.0.1:\(server.port)?timeout=5"
            let arguments = ["--db-url=\(events.url)", "--registry-url=\(url)"]
            #expect(try await Tool.run(["rotate"] + arguments).status == 0)
            let registry = try HTTPRegistry(RegistryURL(parsing: url), logger: Logger(label: "test"))
            let entity = EntityName(schema: "public", table: "events")
            let router = Router(entity: entity, registry: registry, logger: Logger(label: "test"))
            let running = Task { await router.run() }
            defer { running.cancel() }
            let clock = try await events.connection.query(
                "SELECT (extract(epoch FROM now()) * 1000000)::bigint AS now"
            )
            let now = try #require(clock.first).int64("now")
            try await eventually("the router has a map") { router.version != nil }
            #expect(try router.resolve(now).name.hasPrefix("events_2"))
            for sql in [
                "ALTER TABLE events RENAME TO events_old",
                "CREATE TABLE events (id bigint) PARTITION BY RANGE (id)",
                "CREATE TABLE events_low PARTITION OF events FOR VALUES FROM (0) TO (1000)",
            ] { _ = try await events.connection.query(Statement(trustedCatalogSQL: sql, "the test's own")) }
            #expect(try await Tool.run(["rotate"] + arguments).status == 0)
            try await eventually("the router has the map of the new table") {
                (try? router.resolve(5).name) == "events_low"
            }
            let miss = #expect(throws: RoutingMiss.self) { try router.resolve(now) }
            #expect(miss?.reason == .uncovered)
            // And of the end of that one.
            _ = try await events.connection.query("DROP TABLE events")
            #expect(try await Tool.run(["rotate"] + arguments).status == 0)
            try await eventually("the router has the withdrawn map") { (try? router.resolve(5)) == nil }
            running.cancel()
            await running.value
            await registry.close()
        }
    }

    @Test("and whose registry several databases share stays as the others published it")
    func shared() async throws {
        let published = try await Published(.redis)
        try await published.execute("DROP TABLE events")
        let other = "other_\(published.events.database.name)"
        _ = try await published.events.connection.query("CREATE DATABASE \(identifier: other)")
        let url = published.events.url.replacing("/\(published.events.database.name)?", with: "/\(other)?")
        let version = try await published.version("events")
        for command in [["rotate"], ["registry", "repair"], ["registry", "diff"], ["verify"], ["doctor"]] {
            let result = try await Tool.run(command + ["--db-url=\(url)", "--registry-url=\(published.registryURL)"])
            // This Redis has hazards of its own.
            #expect(result.status == 0 || command == ["doctor"], "\(result.everything)")
            #expect(!result.output.contains("public.events"), "\(result.everything)")
        }
        #expect(try await published.version("events") == version)
        _ = try await published.events.connection.query("DROP DATABASE \(identifier: other) WITH (FORCE)")
        await published.stop()
    }
}
