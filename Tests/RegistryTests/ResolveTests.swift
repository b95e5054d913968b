// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import LocalPostgres
import PartitionMap
import PartitionRegistryPostgres
import PartitionRouter
import TestSupport
import Testing

@Suite("partition_registry.resolve", .temporaryDatabase)
struct ResolveTests {
    private static func resolve(_ key: Statement, on connection: Connection) async throws -> String? {
        try await connection.query("SELECT partition_registry.resolve('events', \(fragment: key)) AS name").first?
            .optionalString("name")
    }

    private static func refusal(_ key: Statement, on connection: Connection) async -> SQLState? {
        do {
            _ = try await resolve(key, on: connection)
            return nil
        } catch {
            return (error as? PostgresError)?.sqlState
        }
    }

    /// A key of the document's kind at that coordinate; the infinities have no other text.
    private static func literal(_ coordinate: Int64, _ type: String) -> Statement {
        let span: Statement = "\(bind: coordinate)::bigint * interval '1 microsecond'"
        return switch type {
        case "bigint": "\(bind: coordinate)::bigint"
        case "timestamp with time zone": "(timestamptz 'epoch' + \(fragment: span))"
        default: "(timestamp 'epoch' + \(fragment: span))"
        }
    }

    @Test("places the keys at, before and between the bounds of random maps as the router's lookup does")
    func bounds() async throws {
        let registry = try PostgresRegistry(conninfo: try TemporaryDatabase.current.conninfo(), logger: .test)
        try await registry.install()
        let connection = try await TemporaryDatabase.current.connect()
        var random = SplitMix64(seed: 7)
        var replaced: PartitionMapHeader?
        var compared = 0
        for version in 1...40 as ClosedRange<Int64> {
            // Of another session zone each time: nothing may depend on it.
            let zone = ["UTC", "Asia/Kolkata", "America/Havana", "Europe/Berlin"][Int(version) % 4]
            _ = try await connection.query("SELECT set_config('TimeZone', \(bind: zone), false)")
            let map = try map(try RandomMaps.simple(&random), version: version)
            #expect(try await registry.publish(map, replacing: replaced) == .published)
            replaced = map.header
            let lookup = PartitionLookup(map.document)
            for key in RandomMaps.keys where key.count == 1 {
                let statement: Statement
                switch (key[0], map.document.key[0].types[0]) {
                case (.coordinate, "text"): continue
                case (.coordinate(let number), let type):
                    // A timestamp ends long before 64 bits do.
                    guard type == "bigint" || number.magnitude < 1 << 57 else { continue }
                    statement = Self.literal(number, type)
                case (.text(let text), _): statement = "\(bind: text)::text"
                case (.null, _): statement = "NULL::text"
                }
                guard let resolution = try? lookup.resolve(key) else { continue }
                let expected: String? =
                    if case .active(let entry) = resolution { "\(entry.schema).\(entry.name)" } else { nil }
                let name = try await Self.resolve(statement, on: connection)
                #expect(name == expected, "version \(version), \(map.document.key[0].types[0]), \(key)")
                compared += 1
            }
        }
        #expect(compared > 4_000)
        await connection.close()
    }

    /// Two months of Berlin's time.
    private static func berlin() throws -> PublishedMap {
        let second: Int64 = 1_000_000
        // The first of October, November and December, local midnight, and the offset there.
        let bounds = [(1_790_805_600, 7200), (1_793_487_600, 3600), (1_796_079_600, 3600)].map { at, offset in
            PartitionMapDocument.RangeDatum.instant(microseconds: Int64(at) * second, utcOffset: offset)
        }
        let document = try PartitionMapDocument(
            table: events,
            key: [.init(columns: ["event_ts"], types: ["timestamp with time zone"], strategy: .range)],
            timezone: "Europe/Berlin",
            entries: [
                .init(schema: "public", name: "events_2026_10", bound: .range(bounds[0], bounds[1])),
                .init(schema: "public", name: "events_2026_11", bound: .range(bounds[1], bounds[2])),
            ]
        )
        return try map(document, version: 1)
    }

    @Test("takes a text for what PostgreSQL takes it for, or refuses it")
    func texts() async throws {
        let registry = try PostgresRegistry(conninfo: try TemporaryDatabase.current.conninfo(), logger: .test)
        try await registry.install()
        _ = try await registry.publish(try Self.berlin(), replacing: nil)
        let connection = try await TemporaryDatabase.current.connect()
        _ = try await connection.query("SELECT set_config('TimeZone', 'America/Havana', false)")
        // Half an hour after midnight in Berlin, which is the day before in UTC.
        let known = [
            "2026-10-31T23:30:00+00:00", "2026-10-31 23:30:00Z", "2026-10-31 23:30z", "2026-10-31 23:30+00",
            "2026-10-31 23:30:00.123456+0000", "2026-10-31T18:30-05", "2026-11-01 05:00:00+05:30",
            "2026-11-01 00:30:00", "2026-11-01T00:30", "2026-11-01",
        ]
        for text in known {
            let name = try await Self.resolve("\(bind: text)::text", on: connection)
            #expect(name == "public.events_2026_11", "\(text)")
        }
        for text in [
            "20261031T233000+0000", "20261031 233000Z", "2026-10-31 23:30:00+0", "2026-10-31 23:30:00 GMT",
            "2026-10-31 23:30:00 UTC", "2026-10-31 23:30:00 America/New_York", "2026-10-31 23:30:00+00 AD",
            "2026-10-31 23:30:00 +00", "2026-10-31T23:30:00+00:00 ", "Oct 31 23:30:00 2026 Z", "tomorrow", "now", "",
            "2026-10-31 23:30:00\n+00", "2026-10-31 24:00", "2026-10-31 23:59:60", "31.10.2026 23:30:00 UTC",
        ] {
            let state = await Self.refusal("\(bind: text)::text", on: connection)
            #expect(state == SQLState(rawValue: "22007"), "\(text)")
        }
        for text in [
            "infinity", "-infinity", "9999-12-31 23:59:59Z", "200000-12-31 23:59:59+00", "0044-03-15 12:00:00+00 BC",
        ] {
            #expect(try await Self.resolve("\(bind: text)::text", on: connection) == nil, "\(text)")
        }
        await connection.close()
    }

    @Test("knows a removed map no more, and a replaced one by its new entries alone")
    func replaced() async throws {
        let registry = try PostgresRegistry(conninfo: try TemporaryDatabase.current.conninfo(), logger: .test)
        try await registry.install()
        let connection = try await TemporaryDatabase.current.connect()
        let first = try dailyMap(days: 3, version: 1)
        _ = try await registry.publish(first, replacing: nil)
        #expect(try await Self.resolve("date '2026-11-03'", on: connection) == "public.events_2")
        let second = try dailyMap(days: 2, version: 2)
        _ = try await registry.publish(second, replacing: first.header)
        #expect(try await Self.resolve("date '2026-11-03'", on: connection) == nil)
        #expect(try await Self.resolve("date '2026-11-02'", on: connection) == "public.events_1")
        _ = try await registry.remove(events, replacing: second.header)
        #expect(await Self.refusal("date '2026-11-02'", on: connection) == SQLState(rawValue: "42704"))
        await connection.close()
    }

    @Test("refuses in a transaction whose picture of the maps is old, and only there")
    func oldTransaction() async throws {
        let registry = try PostgresRegistry(conninfo: try TemporaryDatabase.current.conninfo(), logger: .test)
        try await registry.install()
        _ = try await registry.publish(try dailyMap(version: 1), replacing: nil)
        let connection = try await TemporaryDatabase.current.connect()
        let bounds = try await connection.query("SELECT partition_registry.age_bound() = interval '90 s' AS same")
        #expect(try bounds.first?.bool("same") == true)
        let levels: [(Statement, Bool)] = [
            ("READ COMMITTED", false), ("REPEATABLE READ", true), ("SERIALIZABLE", true),
        ]
        for (level, isRefused) in levels {
            // Nobody waits for 90 seconds here.
            for (bound, isOver) in [("0 s", true), ("1 day", false)] {
                _ = try await connection.query(
                    """
                    CREATE OR REPLACE FUNCTION partition_registry.age_bound() RETURNS interval LANGUAGE sql IMMUTABLE
                    AS \(literal: "SELECT interval '\(bound)'")
                    """
                )
                _ = try await connection.query("BEGIN ISOLATION LEVEL \(fragment: level)")
                let state = await Self.refusal("date '2026-11-01'", on: connection)
                #expect(state == (isRefused && isOver ? SQLState(rawValue: "55000") : nil), "\(level), \(bound)")
                _ = try await connection.query("ROLLBACK")
            }
        }
        await connection.close()
    }

    @Test("refuses on a standby, which can't tell how old its map is", .timeLimit(.minutes(2)))
    func standby() async throws {
        let cluster = try await TestServer.makeCluster()
        let standby = try await cluster.makeStandby()
        let registry = try PostgresRegistry(conninfo: cluster.conninfo(), logger: .test)
        try await registry.install()
        let map = try dailyMap(version: 1)
        _ = try await registry.publish(map, replacing: nil)
        let copy = try PostgresRegistry(conninfo: standby.conninfo(), logger: .test)
        try await eventually("the standby has the map") {
            (try? await copy.load(events, .document))?.header == map.header
        }
        let connection = try await Connection.open(ConnectionConfiguration(standby.conninfo()), logger: .test)
        #expect(await Self.refusal("date '2026-11-01'", on: connection) == SQLState(rawValue: "55000"))
        await connection.close()
        await standby.remove()
        await cluster.remove()
    }
}
