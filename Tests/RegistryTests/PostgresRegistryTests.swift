// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import LocalPostgres
import PartitionMap
import PartitionRegistryPostgres
import PartitionRouter
import TestSupport
import Testing

@Suite("The registry in PostgreSQL", .temporaryDatabase)
struct PostgresRegistryTests {
    private func registry(user: String = "postgres") throws -> PostgresRegistry {
        try PostgresRegistry(conninfo: try TemporaryDatabase.current.conninfo(user: user), logger: .test)
    }

    private func code(_ body: () async throws -> Void) async -> RegistryError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? RegistryError)?.code
        }
    }

    @Test("is only made when asked for, as often as one likes")
    func install() async throws {
        let registry = try registry()
        #expect(try await registry.isInstalled() == false)
        #expect(await code { _ = try await registry.load(events) } == .notInstalled)
        #expect(await code { _ = try await registry.entities() } == .notInstalled)
        #expect(
            await code { _ = try await registry.publish(try dailyMap(version: 1), replacing: nil) } == .notInstalled
        )
        #expect(try await registry.isInstalled() == false)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<3 {
                let another = try self.registry()
                group.addTask { try await another.install() }
            }
            try await group.waitForAll()
        }
        #expect(try await registry.isInstalled())
        let map = try dailyMap(version: 1)
        _ = try await registry.publish(map, replacing: nil)
        try await registry.install()
        #expect(try await registry.load(events) == map)
        let connection = try await TemporaryDatabase.current.connect()
        _ = try await connection.query("INSERT INTO partition_registry.schema_version VALUES (99)")
        #expect(await code { try await registry.install() } == .unsupported)
        await connection.close()
    }

    @Test("places keys for SQL clients, in whatever zone their session is")
    func resolve() async throws {
        let registry = try registry()
        try await registry.install()
        let connection = try await TemporaryDatabase.current.connect()
        func publish(
            _ table: String,
            _ type: String,
            _ entries: [PartitionMapDocument.Entry],
            _ strategy: PartitionMapDocument.Strategy = .range,
            zone: String? = nil
        ) async throws {
            let document = try PartitionMapDocument(
                table: EntityName(schema: "public", table: table),
                key: [.init(columns: ["k"], types: [type], strategy: strategy)],
                timezone: zone,
                entries: entries
            )
            _ = try await registry.publish(try map(document, version: 1), replacing: nil)
        }
        func entry(_ name: String, _ bound: PartitionMapDocument.Bound) -> PartitionMapDocument.Entry {
            .init(schema: "My", name: name, bound: bound)
        }
        let day = microsecondsPerDay
        try await publish("d", "date", [entry("a", .range(.date(november), .date(november + day)))])
        try await publish(
            "t",
            "timestamp with time zone",
            [
                entry(
                    "a",
                    .range(
                        .instant(microseconds: november - 3_600_000_000, utcOffset: 3600),
                        .instant(microseconds: november + day - 3_600_000_000, utcOffset: 3600)
                    )
                ),
                entry("b", .range(.instant(microseconds: november + day - 3_600_000_000, utcOffset: 3600), .maxValue)),
            ],
            zone: "Europe/Paris"
        )
        try await publish("i", "bigint", [entry("a", .range(.minValue, .integer(10)))])
        try await publish(
            "l",
            "text",
            [entry("a", .list([.text("eu"), .null])), entry("b", .list([.text("us")]))],
            .list
        )
        try await publish("h", "text", [entry("a", .hash(modulus: 1, remainder: 0))], .hash)
        let cases: [(Statement, String?)] = [
            ("'d', date '2026-11-01'", "a"), ("'d', date '2026-11-02'", nil), ("'d', '2026-11-01'", "a"),
            ("'d', timestamp '2026-11-01 23:59:59.999999'", "a"), ("'d', date 'infinity'", nil),
            ("'t', timestamptz '2026-10-31 23:00:00+00'", "a"),
            ("'t', timestamptz '2026-10-31 22:59:59.999999+00'", nil),
            ("'t', date '2026-11-01'", "a"), ("'t', timestamp '2026-11-02 00:00'", "b"), ("'t', '2026-11-01'", "a"),
            ("'t', '2026-11-01T23:30:00Z'", "b"), ("'t', '2026-11-01 23:30:00'", "a"),
            ("'t', timestamptz 'infinity'", "b"),
            ("'i', 9", "a"), ("'i', 10", nil), ("'i', '-9223372036854775808'", "a"),
            ("'l', 'us'", "b"), ("'l', 'asia'", nil), ("'l', NULL::text", "a"),
        ]
        for zone: Statement in ["UTC", "'Asia/Kolkata'", "'America/Havana'"] {
            _ = try await connection.query("SET TIME ZONE \(fragment: zone)")
            for (arguments, expected) in cases {
                let rows = try await connection.query(
                    "SELECT partition_registry.resolve(\(fragment: arguments)) AS name"
                )
                #expect(try rows.first?.optionalString("name") == expected.map { "\"My\".\($0)" }, "\(arguments)")
            }
        }
        for arguments: Statement in ["'h', 'x'", "'none', 'x'", "'i', now()", "'d', 5::bigint"] {
            await #expect(throws: PostgresError.self) {
                try await connection.query("SELECT partition_registry.resolve(\(fragment: arguments))")
            }
        }
        // A retiring partition takes no more rows.
        let header = try #require(try await registry.header(EntityName(schema: "public", table: "i")))
        let draining = try PartitionMapDocument(
            table: EntityName(schema: "public", table: "i"),
            key: [.init(columns: ["k"], types: ["bigint"], strategy: .range)],
            entries: [.init(schema: "My", name: "a", state: .draining, bound: .range(.minValue, .integer(10)))]
        )
        _ = try await registry.publish(try map(draining, version: 2), replacing: header)
        let rows = try await connection.query("SELECT partition_registry.resolve('i', 9) AS name")
        #expect(try rows.first?.optionalString("name") == nil)
        await connection.close()
    }

    @Test("refuses roles without privileges, and readers who publish")
    func privileges() async throws {
        let owner = try registry()
        try await owner.install()
        let map = try dailyMap(version: 1)
        _ = try await owner.publish(map, replacing: nil)
        let role = "reader_\(UInt64.random(in: .min ... .max))"
        let connection = try await TemporaryDatabase.current.connect()
        _ = try await connection.query("CREATE ROLE \(identifier: role) LOGIN")
        let reader = try registry(user: role)
        #expect(try await reader.isInstalled())
        #expect(await code { _ = try await reader.load(events) } == .refused)
        _ = try await connection.query("GRANT USAGE ON SCHEMA partition_registry TO \(identifier: role)")
        _ = try await connection.query("GRANT SELECT ON ALL TABLES IN SCHEMA partition_registry TO \(identifier: role)")
        #expect(try await reader.load(events) == map)
        let second = try dailyMap(days: 5, version: 2)
        #expect(await code { _ = try await reader.publish(second, replacing: map.header) } == .refused)
        #expect(try await owner.load(events) == map)
        await reader.close()
        _ = try await connection.query("DROP OWNED BY \(identifier: role)")
        _ = try await connection.query("DROP ROLE \(identifier: role)")
        await connection.close()
    }

    @Test("tells a wrong database and a wrong host apart")
    func refusals() async throws {
        let wrong = try PostgresRegistry(
            conninfo: try TemporaryDatabase.current.cluster.conninfo(database: "nonexistent"),
            logger: .test
        )
        #expect(await code { _ = try await wrong.load(events) } == .refused)
        let away = try PostgresRegistry(conninfo: "host=/nonexistent dbname=x user=x", logger: .test)
        #expect(await code { _ = try await away.load(events) } == .unreachable)
        #expect(throws: RegistryError.self) { try PostgresRegistry(conninfo: "nonsense", logger: .test) }
    }

    @Test("writes down runs")
    func runs() async throws {
        let registry = try registry()
        try await registry.install()
        try await registry.record(
            RunRecord(
                startedAt: november,
                finishedAt: november + 1_500_000,
                command: "rotate",
                exitStatus: 0,
                report: #"{"created":2}"#
            )
        )
        let connection = try await TemporaryDatabase.current.connect()
        let rows = try await connection.query(
            """
            SELECT command, exit_status, report->>'created' AS created, finished_at - started_at = '1.5 s' AS took,
              started_at = '2026-11-01 00:00+00' AS began FROM partition_registry.run
            """
        )
        let row = try #require(rows.first)
        #expect(try row.string("command") == "rotate")
        #expect(try row.int("exit_status") == 0)
        #expect(try row.string("created") == "2")
        #expect(try row.bool("took") && row.bool("began"))
        await connection.close()
    }

    @Test("keeps installations apart by prefix")
    func prefixes() async throws {
        let plain = try registry()
        try await plain.install()
        let staging = try PostgresRegistry(
            conninfo: try TemporaryDatabase.current.conninfo(),
            prefix: "a_%.",
            logger: .test
        )
        _ = try await plain.publish(try dailyMap(version: 1), replacing: nil)
        #expect(try await staging.load(events) == nil)
        let own = try dailyMap(days: 7, version: 9)
        _ = try await staging.publish(own, replacing: nil)
        #expect(try await staging.entities() == [events])
        #expect(try await staging.load(events) == own)
        #expect(try await plain.header(events)?.version == 1)
        // A table whose name begins with the other's prefix.
        for (prefix, name) in [("a_", "a_events"), ("a_/", "events")] {
            let other = EntityName(schema: "public", table: name)
            let apart = try PostgresRegistry(
                conninfo: try TemporaryDatabase.current.conninfo(),
                prefix: prefix,
                logger: .test
            )
            #expect(try await apart.load(events) == nil)
            _ = try await plain.publish(try dailyMap(other, version: 3), replacing: plain.header(other))
            #expect(try await apart.load(events) == nil)
            #expect(try await apart.entities() == [])
        }
    }

    @Test("quotes names as the server does")
    func quoting() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        let rows = try await connection.query("SELECT word, quote_ident(word) AS quoted FROM pg_get_keywords()")
        #expect(rows.count > 400)
        for row in rows {
            // What one version quotes and another doesn't is quoted by us: the key must not change with the version.
            let (word, quoted) = (try row.string("word"), try row.string("quoted"))
            #expect(quoted == word || EntityName.quoted(word) == quoted, "\(word)")
        }
        for name in ["a", "A", "a b", "a\"b", "1a", "a1", "_", "a$", "é", ""] {
            let rows = try await connection.query("SELECT quote_ident(\(bind: name)) AS quoted")
            #expect(try rows.first?.string("quoted") == EntityName.quoted(name))
        }
        await connection.close()
    }

    @Test(
        "the age beyond which nothing is served without a promise is the same to routers, to SQL and to whoever retires"
    )
    func bound() async throws {
        try await registry().install()
        let connection = try await TemporaryDatabase.current.connect()
        let rows = try await connection.query(
            "SELECT extract(epoch FROM partition_registry.age_bound())::bigint AS seconds"
        )
        #expect(try .seconds(#require(rows.first).int64("seconds")) == ReloadMachine.Timing().bound)
        #expect(RetireProtocol.Timing().bound == ReloadMachine.Timing().bound)
        await connection.close()
    }
}
