// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import PartitionLoading
import PartitionMap
@testable import PartitionRouter
import TestSupport
import Testing

@Suite("A loader of routed rows", .temporaryDatabase, .timeLimit(.minutes(2)))
struct PartitionLoaderTests {
    /// A row for the partition of that number, and what it says.
    private struct Entry: Sendable {
        let id: Int64
        var note: String? = "good"
    }

    /// `events_0` and `events_1`, of a hundred keys each.
    private static func makeTable() async throws -> Connection {
        let connection = try await TemporaryDatabase.current.connect()
        for statement: Statement in [
            """
            CREATE TABLE events (id bigint NOT NULL, note text CONSTRAINT not_bad CHECK (note <> 'bad'),
                session integer NOT NULL DEFAULT pg_backend_pid()) PARTITION BY RANGE (id)
            """,
            "CREATE TABLE events_0 PARTITION OF events FOR VALUES FROM (0) TO (100)",
            "CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (100) TO (200)",
        ] {
            _ = try await connection.query(statement)
        }
        return connection
    }

    private static func group(_ partition: String, _ entries: Entry...) -> RoutedRows<Entry>.Group {
        .init(
            partition: RoutedPartition(
                table: EntityName(schema: "public", table: "events"),
                schema: "public",
                name: partition,
                state: partition == "events" ? nil : .active,
                version: 1
            ),
            rows: entries
        )
    }

    private static func loader(_ conninfo: String? = nil) throws -> PartitionLoader {
        let conninfo = try conninfo ?? TemporaryDatabase.current.conninfo()
        return try PartitionLoader(
            conninfo: conninfo + " application_name=loader",
            columns: ["id", "note"],
            logger: .test
        )
    }

    private static func load(
        _ loader: PartitionLoader,
        _ groups: RoutedRows<Entry>.Group...
    ) async throws(LoadingError) -> Int {
        try await loader.load(groups) { [String($0.id), $0.note] }
    }

    private static func error(_ body: () async throws(LoadingError) -> Int) async throws -> LoadingError {
        do throws(LoadingError) {
            _ = try await body()
        } catch {
            return error
        }
        throw Nothing()
    }

    private struct Nothing: Error {}

    private static func count(_ connection: Connection, in table: String = "events") async throws -> Int64 {
        try #require(try await connection.query("SELECT count(*) AS rows FROM \(identifier: table)").first).int64(
            "rows"
        )
    }

    @Test("loads all groups, NULL and all that COPY's text format has a meaning for")
    func loads() async throws {
        let connection = try await Self.makeTable()
        let odd = "a\tb\\N\nc\r\\."
        let loader = try Self.loader()
        let loaded = try await Self.load(
            loader,
            Self.group("events_0", Entry(id: 1, note: odd), Entry(id: 2, note: nil)),
            Self.group("events_1", Entry(id: 100))
        )
        #expect(loaded == 3)
        let rows = try await connection.query("SELECT id, note FROM events ORDER BY id")
        #expect(try rows.map { try $0.optionalString("note") } == [odd, nil, "good"])
        await loader.close()
        #expect(try await Self.load(loader, Self.group("events_1", Entry(id: 101))) == 1)
        await loader.close()
        await connection.close()
    }

    @Test("a fence, a name that is gone and a partition of other bounds say that the rows are to be looked up again")
    func outdated() async throws {
        let connection = try await Self.makeTable()
        let role = "loader_\(UInt64.random(in: .min ... .max))"
        _ = try await connection.query("CREATE ROLE \(identifier: role) LOGIN")
        _ = try await connection.query("GRANT INSERT ON events_0, events_1 TO \(identifier: role)")
        let loader = try Self.loader(try TemporaryDatabase.current.conninfo(user: role))
        #expect(try await Self.load(loader, Self.group("events_1", Entry(id: 100))) == 1)

        func expectOutdated(_ state: String, _ groups: RoutedRows<Entry>.Group...) async throws {
            let error = try await Self.error { () throws(LoadingError) in
                try await loader.load(groups) { [String($0.id), $0.note] }
            }
            #expect(error.sqlState == state, "\(error)")
            #expect(error.isRoutingOutdated && !error.isUndecided, "\(error)")
            // Of the other groups nothing either.
            #expect(try await Self.count(connection) == 1)
        }
        let other = Self.group("events_1", Entry(id: 101))
        try await expectOutdated("23514", other, Self.group("events_0", Entry(id: 199)))
        _ = try await connection.query("REVOKE INSERT ON events_0 FROM \(identifier: role)")
        try await expectOutdated("42501", other, Self.group("events_0", Entry(id: 1)))
        _ = try await connection.query("ALTER TABLE events_0 RENAME TO events_0_retired")
        try await expectOutdated("42P01", other, Self.group("events_0", Entry(id: 1)))
        // The loader's session is as good as before.
        #expect(try await Self.load(loader, other) == 1)
        await loader.close()
        _ = try await connection.query("DROP OWNED BY \(identifier: role)")
        _ = try await connection.query("DROP ROLE \(identifier: role)")
        await connection.close()
    }

    @Test("a row that the table itself refuses isn't looked up again: it would be refused for ever")
    func refused() async throws {
        let connection = try await Self.makeTable()
        let loader = try Self.loader()
        for (state, group) in [
            ("23514", Self.group("events_0", Entry(id: 1, note: "bad"))),
            ("22P02", Self.group("events_0", Entry(id: 1))),
        ] {
            let error = try await Self.error { () throws(LoadingError) in
                try await loader.load([group]) { [state == "22P02" ? "x" : String($0.id), $0.note] }
            }
            #expect(error.sqlState == state, "\(error)")
            #expect(!error.isRoutingOutdated && !error.isUndecided && !error.isTemporary, "\(error)")
        }
        #expect(try await Self.count(connection) == 0)
        await loader.close()
        await connection.close()
    }

    @Test("a row that a partition refuses by its bounds goes through the table with its group, and its batch is whole")
    func refusedByBounds() async throws {
        let connection = try await Self.makeTable()
        let loader = try Self.loader()
        let loaded = try await Self.load(
            loader,
            Self.group("events_0", Entry(id: 1), Entry(id: 199)),
            Self.group("events_1", Entry(id: 2), Entry(id: 101))
        )
        #expect(loaded == 4)
        #expect(try await Self.count(connection, in: "events_0") == 2)
        #expect(try await Self.count(connection, in: "events_1") == 2)
        // Where the table has no partition either nothing is loaded.
        let error = try await Self.error { () throws(LoadingError) in
            try await Self.load(loader, Self.group("events_1", Entry(id: 102)), Self.group("events_0", Entry(id: 999)))
        }
        #expect(error.sqlState == "23514" && error.isRoutingOutdated && !error.isTemporary, "\(error)")
        #expect(try await Self.count(connection) == 4)
        await loader.close()
        await connection.close()
    }

    @Test("a key that the server rounds into the next partition is loaded there")
    func rounded() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        for statement: Statement in [
            "CREATE TABLE ticks (at timestamptz(0) NOT NULL) PARTITION BY RANGE (at)",
            "CREATE TABLE ticks_27 PARTITION OF ticks FOR VALUES FROM ('2026-11-27Z') TO ('2026-11-28Z')",
            "CREATE TABLE ticks_28 PARTITION OF ticks FOR VALUES FROM ('2026-11-28Z') TO ('2026-11-29Z')",
        ] {
            _ = try await connection.query(statement)
        }
        let table = EntityName(schema: "public", table: "ticks")
        let start: Int64 = 1_795_737_600_000_000
        let width: Int64 = 86_400_000_000
        let document = try PartitionMapDocument(
            table: table,
            key: [.init(columns: ["at"], types: ["timestamp with time zone"], strategy: .range)],
            timezone: "UTC",
            entries: (0..<2 as Range<Int64>).map { number in
                let (lower, upper) = (start + number * width, start + (number + 1) * width)
                return .init(
                    schema: "public",
                    name: "ticks_\(27 + number)",
                    state: .active,
                    bound: .range(
                        .instant(microseconds: lower, utcOffset: 0),
                        .instant(microseconds: upper, utcOffset: 0)
                    )
                )
            }
        )
        let registry = MemoryRegistry()
        let origin = MapOrigin(systemIdentifier: "1", database: "app", timeline: 1, lsn: .init(rawValue: 1))
        _ = try await registry.publish(try PublishedMap(document: document, version: 1, origin: origin), replacing: nil)
        let router = Router(entity: table, registry: registry, logger: .test)
        let running = Task { await router.run() }
        for await _ in router.versions() { break }
        let routed = router.reader().group(["2026-11-27T23:59:59.4Z", "2026-11-27T23:59:59.7Z"]) { text -> [KeyValue] in
            [.text(text)]
        }
        running.cancel()
        #expect(routed.groups.map(\.partition.name) == ["ticks_27"])
        let loader = try PartitionLoader(
            conninfo: TemporaryDatabase.current.conninfo(),
            columns: ["at"],
            logger: .test
        )
        #expect(try await loader.load(routed.groups) { [$0] } == 2)
        #expect(try await Self.count(connection, in: "ticks_27") == 1)
        #expect(try await Self.count(connection, in: "ticks_28") == 1)
        await loader.close()
        await connection.close()
    }

    @Test("a row that the check of a run keeps out of the default partition is taken in a while")
    func keptOutByRun() async throws {
        let connection = try await Self.makeTable()
        for statement: Statement in [
            "CREATE TABLE events_rest PARTITION OF events DEFAULT",
            "ALTER TABLE events_rest ADD CONSTRAINT partition_cli_ahead_1f CHECK (id < 200 OR id >= 300) NOT VALID",
        ] {
            _ = try await connection.query(statement)
        }
        let loader = try Self.loader()
        let groups = [Self.group("events", Entry(id: 250)), Self.group("events_rest", Entry(id: 250))]
        for group in groups {
            let error = try await Self.error { () throws(LoadingError) in try await Self.load(loader, group) }
            #expect(error.sqlState == "23514", "\(error)")
            #expect(error.isTemporary && !error.isRoutingOutdated && !error.isUndecided, "\(error)")
        }
        _ = try await connection.query("ALTER TABLE events_rest DROP CONSTRAINT partition_cli_ahead_1f")
        #expect(try await Self.load(loader, groups[0]) == 1)
        await loader.close()
        await connection.close()
    }

    @Test("a connection that breaks at COMMIT leaves open whether the rows are there, and the next load has a new one")
    func brokenAtCommit() async throws {
        let database = try TemporaryDatabase.current
        let connection = try await Self.makeTable()
        let proxy = try await TCPProxy.start(before: database.cluster, hanging: .before("COMMIT"))
        let loader = try Self.loader(
            "host=127.0.0.1 port=\(proxy.port) dbname=\(database.name) user=postgres sslmode=disable gssencmode=disable"
        )
        let loading = Task { () async throws -> LoadingError in
            try await Self.error { () throws(LoadingError) in
                try await Self.load(loader, Self.group("events_0", Entry(id: 1)))
            }
        }
        try await eventually("COMMIT is on its way") { proxy.isHung }
        proxy.stop()
        let error = try await loading.value
        #expect(error.isUndecided && !error.isRoutingOutdated, "\(error)")
        await loader.close()
        await connection.close()
    }

    @Test(
        "a session that the server ends during COMMIT leaves open whether the rows are there, and the next load has a new one"
    )
    func endedAtCommit() async throws {
        let connection = try await Self.makeTable()
        for statement: Statement in [
            "CREATE FUNCTION doze() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(300); RETURN NULL; END $$",
            """
            CREATE CONSTRAINT TRIGGER late AFTER INSERT ON events_0 DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION doze()
            """,
        ] {
            _ = try await connection.query(statement)
        }
        let loader = try Self.loader()
        let loading = Task { () async throws -> LoadingError in
            try await Self.error { () throws(LoadingError) in
                try await Self.load(loader, Self.group("events_0", Entry(id: 1)))
            }
        }
        try await eventually("the session is ended during COMMIT") {
            try await !connection.query(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE application_name = 'loader' AND datname = current_database() AND query = 'COMMIT' AND state = 'active'
                """
            ).isEmpty
        }
        let error = try await loading.value
        #expect(error.isUndecided && !error.isRoutingOutdated, "\(error)")
        #expect(try await Self.load(loader, Self.group("events_1", Entry(id: 100))) == 1)
        await loader.close()
        await connection.close()
    }

    @Test("loads that come at once share one connection, and each is whole")
    func concurrent() async throws {
        let connection = try await Self.makeTable()
        let loader = try Self.loader()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<20 as Range<Int64> {
                group.addTask {
                    try await Self.load(
                        loader,
                        Self.group("events_0", Entry(id: number), Entry(id: number + 20)),
                        Self.group("events_1", Entry(id: 100 + number))
                    )
                }
            }
            for try await loaded in group { #expect(loaded == 3) }
        }
        #expect(try await Self.count(connection) == 60)
        let sessions = try await connection.query("SELECT DISTINCT session FROM events")
        #expect(sessions.count == 1)
        // Those that were closed go by and by.
        try await eventually("one connection is left") {
            try await connection.query(
                "SELECT FROM pg_stat_activity WHERE application_name = 'loader' AND datname = current_database()"
            ).count == 1
        }
        await loader.close()
        await connection.close()
    }
}
