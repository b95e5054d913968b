// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import LocalPostgres
import Testing
import TestSupport

/// A server with a log collector, prepared transactions and logical slots.
private actor DoctorServer {
    static let shared = DoctorServer()

    private var starting: Task<Cluster, any Error>?

    func events() async throws -> EventsTable {
        let task = starting ?? Task { try await Self.make() }
        starting = task
        return try await EventsTable(in: TemporaryDatabase.make(on: task.value))
    }

    static func make() async throws -> Cluster {
        try await TestServer.makeCluster(
            settings: [
                "autovacuum": "off", "log_destination": "stderr,csvlog,jsonlog", "logging_collector": "on",
                "max_connections": "50", "max_prepared_transactions": "5", "wal_level": "logical",
            ]
        )
    }
}

@Suite("doctor, on a server of its own")
struct DoctorServerTests {
    private static func execute(_ events: EventsTable, _ statements: String...) async throws {
        for sql in statements {
            _ = try await events.connection.query(Statement(trustedCatalogSQL: sql, "the test's own"))
        }
    }

    @Test(
        "finds rows that were refused for want of a partition, and those sent to the wrong one, in the log of each format"
    )
    func log() async throws {
        let cluster = try await DoctorServer.make()
        let events = try await EventsTable(in: TemporaryDatabase.make(on: cluster))
        let other = try await EventsTable(in: TemporaryDatabase.make(on: cluster))
        let partition = try #require(await events.partitions.first)
        for format in ["stderr", "csvlog", "jsonlog"] {
            try await Self.execute(events, "ALTER SYSTEM SET log_destination = '\(format)'", "SELECT pg_reload_conf()")
            try await eventually("the log is written as \(format) alone") {
                try await events.connection.query(
                    """
                    SELECT count(*) = 1 AND count(*) FILTER (WHERE f = \(bind: format)) = 1 AS alone
                      FROM unnest(ARRAY['stderr', 'csvlog', 'jsonlog']) f WHERE pg_current_logfile(f) IS NOT NULL
                    """
                ).first?.bool("alone") ?? false
            }
            let before = try await Self.refusals(events)
            for table in ["events", partition] {
                await #expect(throws: PostgresError.self) {
                    try await Self.execute(events, "INSERT INTO \(table) VALUES (1, '2001-01-01')")
                }
            }
            // Of another database: plain lines don't say so, and count.
            await #expect(throws: PostgresError.self) {
                try await Self.execute(other, "INSERT INTO events VALUES (1, '2001-01-01')")
            }
            try await eventually("the log has them") { try await Self.refusals(events) >= before + 3 }
            let found = try await Diagnosis.run(events.url)
            let missed = found.first("insert-failures")
            #expect(missed["severity"] == "warning", "\(format): \(found.everything)")
            let words =
                format == "stderr"
                ? "refused 2 times for want of a partition, in this database or another" : "refused once"
            #expect(missed["message"]?.contains(words) == true, "\(format): \(missed)")
            #expect(
                found.evidence("insert-failures").contains { $0.hasPrefix("the last: 20") },
                "\(format): \(found.everything)"
            )
            #expect(found.first("misrouted-rows")["object"] == partition, "\(format): \(found.everything)")
        }
        // Where now itself has no partition writers are refused at this moment.
        try await Self.execute(events, "DROP TABLE \(partition)")
        #expect(try await Diagnosis.run(events.url).first("insert-failures")["severity"] == "error")
        await events.connection.close()
        await other.connection.close()
        await cluster.remove()
    }

    /// Lines about refused rows, in the current log whatever its format.
    private static func refusals(_ events: EventsTable) async throws -> Int {
        try await events.connection.query(
            """
            SELECT (SELECT count(*) FROM regexp_matches(pg_read_file(pg_current_logfile(f)), '(no partition of|partition constraint)', 'g')) AS count
              FROM unnest(ARRAY['stderr', 'csvlog', 'jsonlog']) f WHERE pg_current_logfile(f) IS NOT NULL
            """
        ).first?.int("count") ?? 0
    }

    @Test("the GRANTs that it names let a role that only owns the tables see the rest")
    func grants() async throws {
        let events = try await DoctorServer.shared.events()
        let owner = try await events.makeOwner()
        let url = EventsTable.url(of: events.database, user: owner)
        await #expect(throws: PostgresError.self) {
            try await Self.execute(events, "INSERT INTO events VALUES (1, '2001-01-01')")
        }
        let before = try await Diagnosis.run(url)
        #expect(before.hazards("insert-failures").isEmpty)
        let unseen = before.hazards("not-examined").filter {
            ["sessions", "the server's log"].contains($0["object"] as? String)
        }
        #expect(unseen.count == 2, "\(before.everything)")
        for grant in unseen.compactMap({ $0["remedy"] as? String }).flatMap({ $0.split(separator: "; ") }) {
            try await Self.execute(events, String(grant))
        }
        try await eventually("the log has it") {
            try await !Diagnosis.run(url).hazards("insert-failures").isEmpty
        }
        let after = try await Diagnosis.run(url)
        #expect(
            after.hazards("not-examined").allSatisfy { $0["object"] as? String == "the registry" },
            "\(after.everything)"
        )
    }

    @Test(
        "names a prepared transaction that nobody ends, alone and as the root of a convoy, with the command that ends it"
    )
    func prepared() async throws {
        let events = try await DoctorServer.shared.events()
        let name = "it's \(events.database.name)"
        let quoted = name.replacing("'", with: "''")
        try await Self.execute(
            events,
            "BEGIN",
            "INSERT INTO events VALUES (1, now())",
            "PREPARE TRANSACTION '\(quoted)'"
        )
        let migration = try await events.database.connect()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await migration.query("ALTER TABLE events ADD COLUMN note text") }
            try await events.waiting(1, seconds: 1.1)
            let found = try await Diagnosis.run(events.url, ["--registry-url=none", "--long-transaction=1"])
            #expect(found.first("prepared-transaction")["object"] == name, "\(found.everything)")
            #expect(
                found.evidence("prepared-transaction").contains { $0.contains("RowExclusiveLock on public.events") }
            )
            let convoy = try #require(found.convoys.first, "\(found.everything)")
            #expect(convoy["preparedTransaction"] as? String == name)
            let command = try #require(convoy["endedBy"] as? String)
            try await Self.execute(events, command)
            try await group.waitForAll()
        }
        await migration.close()
    }

    @Test("names a slot that nobody reads")
    func slot() async throws {
        let events = try await DoctorServer.shared.events()
        let name = "slot_\(events.database.name)"
        try await Self.execute(events, "SELECT pg_create_logical_replication_slot('\(name)', 'pgoutput')")
        let found = try await Diagnosis.run(events.url)
        let hazard = try #require(
            found.hazards("replication-slot").first { $0["object"] as? String == name },
            "\(found.everything)"
        )
        #expect(hazard["severity"] as? String == "warning")
        try await Self.execute(events, "SELECT pg_drop_replication_slot('\(name)')")
        #expect(
            try await Diagnosis.run(events.url).hazards("replication-slot").allSatisfy {
                $0["object"] as? String != name
            }
        )
    }

    @Test("counts the locks that a table of many partitions takes against the lock table's size")
    func manyPartitions() async throws {
        let events = try await DoctorServer.shared.events()
        // 64 × (50 + 5) = 3,520 locks fit; 301 tables with two indexes each are 903, of which four times as many don't.
        try await Self.execute(
            events,
            "CREATE TABLE wide (id int PRIMARY KEY, note text) PARTITION BY LIST (id)",
            "CREATE INDEX ON wide (note)",
            """
            DO $$ BEGIN FOR i IN 1..300 LOOP
              EXECUTE format('CREATE TABLE wide_%s PARTITION OF wide FOR VALUES IN (%s)', i, i); COMMIT;
            END LOOP; END $$
            """
        )
        let hazard = try await Diagnosis.run(events.url).first("lock-table-size")
        #expect(hazard["severity"] == "warning", "\(hazard)")
        #expect(hazard["message"]?.contains("takes 903 locks, on 300 partitions") == true, "\(hazard)")
    }

    @Test("names a default partition that is due for a vacuum against wraparound")
    func aging() async throws {
        let events = try await DoctorServer.shared.events()
        try await Self.execute(
            events,
            "CREATE TABLE rest PARTITION OF events DEFAULT",
            "ALTER TABLE rest SET (autovacuum_freeze_max_age = 100000)",
            "CREATE TABLE scratch (n int)"
        )
        #expect(try await Diagnosis.run(events.url).hazards("wraparound-vacuum").isEmpty)
        try await Self.execute(
            events,
            // Each block that writes is a subtransaction, and takes an id.
            """
            DO $$ BEGIN FOR i IN 1..90 LOOP
              FOR j IN 1..1000 LOOP
                BEGIN INSERT INTO scratch VALUES (j); EXCEPTION WHEN division_by_zero THEN NULL; END;
              END LOOP;
              COMMIT;
            END LOOP; END $$
            """
        )
        let hazard = try await Diagnosis.run(events.url).first("wraparound-vacuum")
        #expect(hazard["object"] == "public.rest" && hazard["severity"] == "warning", "\(hazard)")
    }

    @Test("writes nothing, takes no lock but ACCESS SHARE, and says the same on a standby")
    func readOnly() async throws {
        let cluster = try await DoctorServer.make()
        let events = try await EventsTable(in: TemporaryDatabase.make(on: cluster))
        let owner = try await events.makeOwner()
        try await Self.execute(
            events,
            "CREATE TABLE rest PARTITION OF events DEFAULT",
            "INSERT INTO events VALUES (1, '2001-01-01')",
            "GRANT SELECT ON rest TO \"\(owner)\"",
            "GRANT pg_monitor TO \"\(owner)\""
        )
        let standby = try await cluster.makeStandby()
        let before = try await Self.nextTransaction(events)
        let modes = Modes()
        // A doctor is quick: it is watched until some of its locks were seen.
        for _ in 0..<20 where await modes.seen.isEmpty {
            try await withThrowingTaskGroup(of: Void.self) { group in
                let watcher = try await events.database.connect()
                let watch = Task {
                    while !Task.isCancelled { try await modes.look(watcher) }
                }
                group.addTask {
                    let found = try await Diagnosis.run(EventsTable.url(of: events.database, user: owner))
                    #expect(found.codes.contains("rows-in-default"), "\(found.everything)")
                }
                try await group.waitForAll()
                watch.cancel()
                _ = await watch.result
                await watcher.close()
            }
        }
        #expect(await modes.seen == ["AccessShareLock"])
        #expect(try await Self.nextTransaction(events) == before)
        let copy = TemporaryDatabase.existing(events.database.name, on: standby)
        let found = try await Diagnosis.run(EventsTable.url(of: copy, user: owner))
        #expect(
            found.json["isStandby"] as? Bool == true && found.first("standby")["severity"] == "note",
            "\(found.everything)"
        )
        #expect(found.codes.contains("rows-in-default") && found.codes.contains("not-covered"))
        #expect(found.hazards("not-examined", notes: false).isEmpty, "\(found.everything)")
        await events.connection.close()
        await standby.remove()
        await cluster.remove()
    }

    private actor Modes {
        var seen: Set<String> = []

        /// Every session locks its own virtual transaction, and while it begins the database as an object.
        func look(_ connection: Connection) async throws {
            let rows = try await connection.query(
                """
                SELECT l.mode FROM pg_locks l JOIN pg_stat_activity a USING (pid)
                 WHERE a.application_name = 'partition-cli' AND l.locktype NOT IN ('virtualxid', 'object')
                """
            )
            for row in rows { seen.insert(try row.string("mode")) }
        }
    }

    private static func nextTransaction(_ events: EventsTable) async throws -> String? {
        try await events.connection.query("SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS next").first?.string(
            "next"
        )
    }
}
