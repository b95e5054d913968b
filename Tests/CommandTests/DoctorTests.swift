// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Testing
import TestSupport

@Suite("doctor", .temporaryDatabase)
struct DoctorTests {
    private static func rotated() async throws -> EventsTable {
        let events = try await EventsTable()
        _ = try await Tool.run(["rotate", "--db-url=\(events.url)", "--registry-url=self"])
        return events
    }

    @Test("finds no hazard after a run, exits 0, and changes nothing")
    func clean() async throws {
        let events = try await Self.rotated()
        let before = try await events.fingerprint
        let found = try await Diagnosis.run(events.url, ["--registry-url=self"])
        #expect(found.status == 0 && found.codes.isEmpty, "\(found.everything)")
        #expect(try await events.fingerprint == before)
        let quiet = try await Tool.run(["doctor", "--quiet", "--db-url=\(events.url)", "--registry-url=self"])
        #expect(quiet.status == 0 && quiet.everything.isEmpty, "\(quiet.everything)")
    }

    /// Something provoked; % is the first partition, ^ the last.
    struct Provocation: Sendable, CustomTestStringConvertible {
        var code: String
        var statements: [String]

        init(_ code: String, _ statements: String...) {
            self.code = code
            self.statements = statements
        }

        var testDescription: String { "\(code): \(statements.last ?? "")" }
    }

    @Test(
        "finds what is provoked, with evidence, cause and remedy, and exits 1",
        arguments: [
            Provocation("not-covered", "DROP TABLE %"),
            Provocation("registry-drift", "ALTER TABLE events DETACH PARTITION ^"),
            Provocation("registry-drift", "DROP TABLE events"),
            Provocation("missing-index", "CREATE INDEX broken ON ONLY events (id)"),
            Provocation(
                "gap",
                "CREATE TABLE old PARTITION OF events FOR VALUES FROM ('2001-01-01Z') TO ('2001-02-01Z')"
            ),
            Provocation("leaf-publication", "CREATE PUBLICATION feed FOR TABLE events"),
            Provocation(
                "rows-in-default",
                "CREATE TABLE rest PARTITION OF events DEFAULT",
                "INSERT INTO events VALUES (1, '1999-01-01')"
            ),
            Provocation(
                "orphan-table",
                "INSERT INTO events VALUES (1, now())",
                "ALTER TABLE events DETACH PARTITION %",
                "ANALYZE %"
            ),
            Provocation(
                "orphan-table",
                "CREATE TABLE events_by_hand AS SELECT 1::bigint AS id, now() AS event_ts",
                "ANALYZE events_by_hand"
            ),
            Provocation(
                "pending-detach",
                "UPDATE pg_inherits SET inhdetachpending = true WHERE inhrelid = '^'::regclass"
            ),
            Provocation(
                "broken-foreign-key",
                "CREATE TABLE notes (id bigint, event_ts timestamptz, CONSTRAINT about FOREIGN KEY (id, event_ts) REFERENCES events)",
                """
                DELETE FROM pg_constraint WHERE confrelid = '^'::regclass
                   AND conparentid = (SELECT oid FROM pg_constraint WHERE conname = 'about')
                """
            ),
        ]
    )
    func provoked(_ provocation: Provocation) async throws {
        let events = try await Self.rotated()
        let partitions = try await events.partitions
        let (first, last) = (try #require(partitions.first), try #require(partitions.last))
        for sql in provocation.statements {
            let text = sql.replacing("%", with: first).replacing("^", with: last)
            _ = try await events.connection.query(Statement(trustedCatalogSQL: text, "the test's own"))
        }
        let found = try await Diagnosis.run(events.url, ["--registry-url=self"])
        #expect(found.status == 1, "\(found.everything)")
        #expect(found.codes.contains(provocation.code), "\(found.everything)")
        for hazard in found.hazards where hazard["severity"] as? String != "note" {
            #expect((hazard["cause"] as? String)?.isEmpty == false && hazard["remedy"] is String, "\(hazard)")
        }
    }

    @Test("tells the statements that mend a foreign key, and they do")
    func repair() async throws {
        let events = try await Self.rotated()
        let last = try #require(await events.partitions.last)
        for sql in [
            "CREATE TABLE notes (id bigint, event_ts timestamptz, CONSTRAINT about FOREIGN KEY (id, event_ts) REFERENCES events)",
            "DELETE FROM pg_constraint WHERE confrelid = '\(last)'::regclass AND conname <> 'about' AND contype = 'f'",
        ] { _ = try await events.connection.query(Statement(trustedCatalogSQL: sql, "the test's own")) }
        let remedy = try await Diagnosis.run(events.url).first("broken-foreign-key")["remedy"] ?? ""
        let statements = remedy.split(separator: "; ALTER").map { $0.hasPrefix("ALTER") ? String($0) : "ALTER\($0)" }
        #expect(statements.count == 2, "\(remedy)")
        // The row of pg_trigger that belonged to the part we deleted would be in the way.
        _ = try await events.connection.query(
            "DELETE FROM pg_trigger t WHERE tgconstraint <> 0 AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.oid = t.tgconstraint)"
        )
        _ = try await events.connection.query(
            "DELETE FROM pg_depend d WHERE d.classid = 'pg_constraint'::regclass AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.oid = d.objid)"
        )
        for statement in statements {
            let sql = statement.prefix { $0 != ";" }
            _ = try await events.connection.query(Statement(trustedCatalogSQL: String(sql), "doctor's"))
        }
        #expect(try await Diagnosis.run(events.url).hazards("broken-foreign-key").isEmpty)
    }

    @Test(
        "names a convoy's root, the queue behind it and the command that ends it, which does; also to a role that only owns the tables"
    )
    func convoy() async throws {
        let events = try await EventsTable()
        let owner = try await events.makeOwner()
        let reader = try await events.database.connect(applicationName: "reporter")
        _ = try await reader.query("BEGIN")
        _ = try await reader.query("SELECT count(*) FROM events")
        let migration = try await events.database.connect(applicationName: "migration")
        let writers = [
            try await events.database.connect(applicationName: "writer"),
            try await events.database.connect(applicationName: "writer"),
        ]
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await migration.query("ALTER TABLE events ADD COLUMN note text") }
            try await events.waiting(1)
            for (number, writer) in writers.enumerated() {
                group.addTask {
                    _ = try await writer.query("INSERT INTO events VALUES (\(bind: number)::bigint, now())")
                }
                try await events.waiting(2 + number)
            }
            try await events.waiting(3, seconds: 1.1)
            for url in [events.url, EventsTable.url(of: events.database, user: owner)] {
                let found = try await Diagnosis.run(url)
                #expect(found.status == 1)
                let convoy = try #require(found.convoys.first, "\(found.everything)")
                let queue = convoy["queue"] as? [[String: Any]] ?? []
                let sessions = queue.compactMap { $0["session"] as? [String: Any] }
                #expect((convoy["root"] as? [String: Any])?["pid"] as? Int == Int(reader.backendPID), "\(convoy)")
                #expect(
                    sessions.map { $0["pid"] as? Int } == ([migration] + writers).map { Int($0.backendPID) },
                    "\(convoy)"
                )
                #expect(sessions.first?["mode"] as? String == "AccessExclusiveLock")
                #expect(sessions.first?["table"] as? String == "public.events")
                #expect(convoy["endedBy"] as? String == "SELECT pg_terminate_backend(\(reader.backendPID))")
                let hazard = found.first("lock-convoy")
                #expect(hazard["severity"] == "error" && hazard["object"] == "pid \(reader.backendPID)", "\(hazard)")
                #expect(
                    hazard["remedy"]?.contains("SELECT pg_cancel_backend(\(migration.backendPID))") == true,
                    "\(hazard)"
                )
                #expect(found.hazards("not-covered").count == 1, "the convoy hides nothing else: \(found.everything)")
            }
            let command = "SELECT pg_terminate_backend(\(reader.backendPID))"
            _ = try await events.connection.query(Statement(trustedCatalogSQL: command, "doctor's"))
            try await group.waitForAll()
        }
        #expect(try await Diagnosis.run(events.url).convoys.isEmpty)
        for connection in [reader, migration] + writers { await connection.close() }
    }

    @Test("names a long transaction with what it holds; how long is long can be said")
    func longTransaction() async throws {
        let events = try await EventsTable()
        let reader = try await events.database.connect(applicationName: "reporter")
        _ = try await reader.query("BEGIN")
        _ = try await reader.query("SELECT count(*) FROM events")
        try await eventually("the transaction is old enough") {
            try await events.connection.query(
                "SELECT xact_start < clock_timestamp() - interval '1.1 s' AS old FROM pg_stat_activity WHERE pid = \(bind: Int64(reader.backendPID))"
            ).first?.bool("old") ?? false
        }
        #expect(try await Diagnosis.run(events.url).hazards("long-transaction").isEmpty)
        let found = try await Diagnosis.run(events.url, ["--registry-url=none", "--long-transaction=1"])
        let hazard = found.first("long-transaction")
        #expect(
            hazard["object"] == "pid \(reader.backendPID)" && hazard["severity"] == "warning",
            "\(found.everything)"
        )
        #expect(hazard["remedy"]?.contains("pg_terminate_backend(\(reader.backendPID))") == true)
        let evidence = found.evidence("long-transaction")
        #expect(evidence.contains("it holds AccessShareLock on public.events"), "\(evidence)")
        #expect(evidence.contains { $0.contains("application reporter") && $0.contains("idle in transaction") })
        await reader.close()
        for wrong in ["0", "86401", "x"] {
            let result = try await Tool.run(["doctor", "--long-transaction=\(wrong)", "--db-url=\(events.url)"])
            #expect(result.status == 64 && result.error.contains("from 1 to 86400"), "\(result.everything)")
        }
    }

    @Test(
        "behind PgBouncer in transaction mode says so in a sentence, and looks at nothing through it; in session mode it works"
    )
    func pooler() async throws {
        let events = try await EventsTable()
        for mode in [PgBouncer.Mode.transaction, .session] {
            let bouncer = try await PgBouncer.start(before: events.database.cluster, mode: mode)
            defer { bouncer.stop() }
            let url = bouncer.url(database: events.database.name)
            let found = try await Diagnosis.run(url)
            #expect(found.status == 1, "\(found.everything)")
            let hazard = found.first("pooler")
            if mode == .transaction {
                #expect(found.hazards.count == 1 && hazard["severity"] == "error", "\(found.everything)")
                #expect(hazard["message"]?.contains("a pooler in transaction or statement mode") == true)
                #expect(hazard["remedy"]?.contains("pool_mode = session") == true)
            } else {
                #expect(hazard["severity"] == "note" && !found.hazards("not-covered").isEmpty, "\(found.everything)")
            }
        }
    }
}
