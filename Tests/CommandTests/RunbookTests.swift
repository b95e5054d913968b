// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import Testing
import TestSupport

@Suite("A runbook", .temporaryDatabase)
struct RunbookTests {
    /// Everything that LIKE doesn't bring, also what is said of things by names that PostgreSQL chooses.
    private static let properties: [Statement] = [
        "ALTER TABLE events ADD COLUMN note text",
        "ALTER TABLE events ALTER COLUMN note SET STATISTICS 321",
        "CREATE UNIQUE INDEX events_identity ON events (id, event_ts)",
        "ALTER TABLE events REPLICA IDENTITY USING INDEX events_identity",
        "CREATE INDEX events_hour ON events (date_part('hour', event_ts AT TIME ZONE 'UTC'))",
        "ALTER INDEX events_hour ALTER COLUMN 1 SET STATISTICS 777",
        "CREATE STATISTICS events_both ON id, note FROM events",
        "ALTER STATISTICS events_both SET STATISTICS 55",
        "COMMENT ON CONSTRAINT events_pkey ON events IS '100 % unique, isn''t it'",
        "COMMENT ON TABLE events IS 'all; of it'",
        "ALTER TABLE events ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY mine ON events USING (id > 0)",
        "GRANT SELECT (id), INSERT ON events TO PUBLIC",
        "ALTER DEFAULT PRIVILEGES GRANT DELETE ON TABLES TO PUBLIC",
        "REVOKE TRIGGER ON events FROM CURRENT_USER",
        "CREATE TABLE events_rest PARTITION OF events DEFAULT",
    ]

    /// With psql, as whoever is handed a script does.
    private func psql(_ script: String, on url: String, before: String = "") async throws -> Tool.Result {
        let folder = try Folder()
        try folder.write("runbook.sql", script)
        return try await Tool.shell(
            "psql -X -q -d \"$DB_URL\" \(before) -f \(folder.url.path)/runbook.sql",
            environment: ["DB_URL": url]
        )
    }

    /// `other`, a second table with its own series, which comes after `events` as it has more days left.
    private func addOther(_ connection: Connection) async throws {
        for statement: Statement in [
            "CREATE TABLE other (at timestamptz NOT NULL) PARTITION BY RANGE (at)",
            """
            DO $$
            DECLARE
                first timestamptz := date_trunc('month', now());
            BEGIN
                EXECUTE format('CREATE TABLE other_first PARTITION OF other FOR VALUES FROM (%L) TO (%L)',
                               first, first + interval '1 month');
            END $$
            """,
        ] { _ = try await connection.query(statement) }
    }

    private func children(of table: String, _ connection: Connection) async throws -> Int {
        try await connection.query("SELECT FROM pg_inherits WHERE inhparent = \(bind: table)::text::regclass").count
    }

    /// Tables that are nobody's partition and aren't partitioned.
    private func orphans(_ connection: Connection) async throws -> Int {
        try await connection.query(
            "SELECT FROM pg_class WHERE relkind = 'r' AND NOT relispartition AND relnamespace = 'public'::regnamespace"
        ).count
    }

    private static let rowOfNextMonth: Statement =
        "INSERT INTO events SELECT 1, date_trunc('month', now()) + interval '1 month 14 days'"

    @Test("has no step that it says it leaves out, and psql does the rest of that table and the others")
    func obstructed() async throws {
        let events = try await EventsTable()
        try await addOther(events.connection)
        _ = try await events.connection.query("CREATE TABLE events_rest PARTITION OF events DEFAULT")
        _ = try await events.connection.query(Self.rowOfNextMonth)
        let runbook = try await Tool.run(["plan", "--sql", "--db-url=\(events.url)"])
        #expect(runbook.output.contains("can't be attached"), "\(runbook.everything)")
        let run = try await psql(runbook.output, on: events.url)
        #expect(run.status == 0, "\(run.everything)\n\(runbook.output)")
        let plan = try await Tool.run(["plan", "--output=json", "--registry-url=none", "--db-url=\(events.url)"])
        #expect((try plan.json["summary"] as? [String: Any])?["partitions"] as? Int == 0, "\(plan.everything)")
        #expect(try await children(of: "other", events.connection) > 1)
        #expect(try await orphans(events.connection) == 0)
    }

    @Test("leaves out the rest of a table whose step fails, leaves nothing of it, does the others, and ends with 3")
    func failing() async throws {
        let events = try await EventsTable()
        try await addOther(events.connection)
        _ = try await events.connection.query("CREATE TABLE events_rest PARTITION OF events DEFAULT")
        let runbook = try await Tool.run(["plan", "--sql", "--db-url=\(events.url)"])
        // It came after the plan.
        _ = try await events.connection.query(Self.rowOfNextMonth)
        let run = try await psql(runbook.output, on: events.url)
        #expect(run.status == 3, "\(run.everything)")
        #expect(run.error.contains("public.events: a step failed"), "\(run.everything)")
        #expect(!run.error.contains("public.other: a step failed"), "\(run.everything)")
        #expect(run.error.contains("HINT:  Make the script again"), "\(run.everything)")
        #expect(try await children(of: "other", events.connection) > 1)
        #expect(try await children(of: "events", events.connection) == 2)
        #expect(try await orphans(events.connection) == 0)
        _ = try await events.connection.query("TRUNCATE events_rest")
        let again = try await Tool.run(["plan", "--sql", "--db-url=\(events.url)"])
        let second = try await psql(again.output, on: events.url)
        #expect(second.status == 0, "\(second.everything)")
        let plan = try await Tool.run(["plan", "--detailed-exitcode", "--registry-url=none", "--db-url=\(events.url)"])
        #expect(plan.status == 0, "\(plan.everything)")
    }

    @Test("fails on a lock that somebody holds, and does all of it when it is run again as it is")
    func locked() async throws {
        let events = try await EventsTable()
        let runbook = try await Tool.run(["plan", "--sql", "--db-url=\(events.url)"])
        let holder = try await events.database.connect()
        _ = try await holder.query("BEGIN")
        _ = try await holder.query("LOCK TABLE ONLY events IN SHARE UPDATE EXCLUSIVE MODE")
        let before = try await events.fingerprint
        let run = try await psql(runbook.output, on: events.url)
        #expect(run.status == 3 && run.error.contains("lock timeout"), "\(run.everything)")
        #expect(try await events.fingerprint == before)
        _ = try await holder.query("ROLLBACK")
        let again = try await psql(runbook.output, on: events.url)
        #expect(again.status == 0, "\(again.everything)")
        let plan = try await Tool.run(["plan", "--detailed-exitcode", "--registry-url=none", "--db-url=\(events.url)"])
        #expect(plan.status == 0, "\(plan.everything)")
    }

    @Test("takes the CHECK off a big default partition again where a step between failed")
    func checkComesOff() async throws {
        let events = try await EventsTable()
        _ = try await events.connection.query("CREATE TABLE events_rest PARTITION OF events DEFAULT")
        _ = try await events.connection.query(
            "INSERT INTO events SELECT n, '2019-01-01Z'::timestamptz + n * interval '1 s' FROM generate_series(1, 300000) n"
        )
        let runbook = try await Tool.run(["plan", "--sql", "--db-url=\(events.url)"])
        #expect(runbook.output.contains("VALIDATE CONSTRAINT"), "\(runbook.everything)")
        // The name of a partition to come is taken meanwhile.
        _ = try await events.connection.query(
            """
            DO $$
            BEGIN
                EXECUTE format('CREATE TABLE %I (x int)', to_char(date_trunc('month', now()) + interval '1 month', '"events_"YYYY_MM'));
            END $$
            """
        )
        let run = try await psql(runbook.output, on: events.url)
        #expect(run.status == 3 && run.error.contains("already exists"), "\(run.everything)")
        let checks = try await events.connection.query(
            "SELECT FROM pg_constraint WHERE conname LIKE 'partition_cli%'"
        )
        #expect(checks.isEmpty, "\(run.everything)\n\(runbook.output)")
    }

    @Test("refuses another database and another server than the plan was made on, having changed nothing")
    func elsewhere() async throws {
        let events = try await EventsTable()
        let runbook = try await Tool.run(["plan", "--sql", "--db-url=\(events.url)"])
        let before = try await events.fingerprint
        let identifier = try #require(
            try await events.connection.query("SELECT system_identifier::text AS id FROM pg_control_system()").first
        ).string("id")
        #expect(runbook.output.contains(identifier))
        let moved = try await psql(runbook.output.replacing(identifier, with: "4711"), on: events.url)
        #expect(moved.status == 3 && moved.error.contains("made on another server"), "\(moved.everything)")
        let elsewhere = events.url.replacing("/\(events.database.name)?", with: "/postgres?")
        let other = try await psql(runbook.output, on: elsewhere)
        #expect(other.status == 3 && other.error.contains("made for the database"), "\(other.everything)")
        #expect(try await events.fingerprint == before)
    }

    @Test("has names in UTF-8 and says so to psql, whatever the database is in")
    func latin() async throws {
        let database = try TemporaryDatabase.current
        let connection = try await database.connect()
        let name = database.name + "_latin"
        _ = try await connection.query(
            "CREATE DATABASE \(identifier: name) ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        )
        let url = EventsTable.url(of: database).replacing("/\(database.name)?", with: "/\(name)?")
        let setup = try await psql(
            """
            \\encoding UTF8
            CREATE TABLE "größe" (at timestamptz NOT NULL) PARTITION BY RANGE (at);
            SELECT format('CREATE TABLE "größe_1" PARTITION OF "größe" FOR VALUES FROM (%L) TO (%L)',
                          date_trunc('month', now()), date_trunc('month', now()) + interval '1 month') \\gexec
            """,
            on: url
        )
        #expect(setup.status == 0, "\(setup.everything)")
        let runbook = try await Tool.run(["plan", "--sql", "--db-url=\(url)"])
        #expect(runbook.output.contains("größe"), "\(runbook.everything)")
        let run = try await psql(runbook.output, on: url)
        #expect(run.status == 0, "\(run.everything)")
        let verified = try await Tool.run(["verify", "--registry-url=none", "--db-url=\(url)"])
        #expect(verified.status == 0, "\(verified.everything)")
        let plan = try await Tool.run(["plan", "--detailed-exitcode", "--registry-url=none", "--db-url=\(url)"])
        #expect(plan.status == 0, "\(plan.everything)")
        _ = try await connection.query("DROP DATABASE \(identifier: name)")
    }

    @Test(
        "run by psql gives what a run gives: every property, the same bounds, and nothing left to do",
        arguments: [false, true]
    )
    func psql(bigDefault: Bool) async throws {
        let events = try await EventsTable()
        for statement in Self.properties { _ = try await events.connection.query(statement) }
        if bigDefault {
            _ = try await events.connection.query(
                "INSERT INTO events SELECT n, '2019-01-01Z'::timestamptz + n * interval '1 s', repeat('x', 100) FROM generate_series(1, 90000) n"
            )
            _ = try await events.connection.query("VACUUM ANALYZE events_rest")
        }
        // A missing index, too.
        _ = try await events.connection.query("CREATE INDEX events_note ON ONLY events (note)")
        let url = "--db-url=\(events.url)"
        let runbook = try await Tool.run(["plan", "--sql", url])
        #expect(runbook.status == 0, "\(runbook.everything)")
        #expect(runbook.output.contains("VALIDATE CONSTRAINT") == bigDefault)
        let folder = try Folder()
        try folder.write("runbook.sql", runbook.output)
        let run = try await Tool.shell(
            "psql -X -q -d \"$DB_URL\" -f \(folder.url.path)/runbook.sql",
            environment: ["DB_URL": events.url]
        )
        #expect(run.status == 0, "\(run.everything)\n\(runbook.output)")
        let verified = try await Tool.run(["verify", "--registry-url=none", url])
        #expect(verified.status == 0, "\(verified.everything)\n\(runbook.output)")
        let plan = try await Tool.run(["plan", "--detailed-exitcode", "--registry-url=none", url])
        #expect(plan.status == 0, "\(plan.everything)")
        let checks = try await events.connection.query(
            "SELECT conname AS name FROM pg_constraint WHERE conname LIKE 'partition_cli%'"
        )
        #expect(checks.isEmpty)
    }

    @Test("stops psql at once where a run is at work, having changed nothing")
    func claimed() async throws {
        let events = try await EventsTable()
        let runbook = try await Tool.run(["plan", "--sql", "--db-url=\(events.url)"])
        let folder = try Folder()
        try folder.write("runbook.sql", runbook.output)
        // What a run holds: an advisory lock of any session.
        let key = try #require(runbook.output.firstMatch(of: /pg_try_advisory_lock\((\d+)\)/)?.1)
        let holder = try await events.database.connect()
        _ = try await holder.query("SELECT pg_advisory_lock(\(bind: Int64(key) ?? 0)::bigint)")
        let before = try await events.fingerprint
        let run = try await Tool.shell(
            "psql -X -q -d \"$DB_URL\" -f \(folder.url.path)/runbook.sql",
            environment: ["DB_URL": events.url]
        )
        #expect(run.status == 3 && run.error.contains("a run of partition-cli is at work"), "\(run.everything)")
        #expect(try await events.fingerprint == before)
    }

    @Test("refuses another role than the one that the plan was made with, having changed nothing")
    func otherRole() async throws {
        let events = try await EventsTable()
        let runbook = try await Tool.run(["plan", "--sql", "--db-url=\(events.url)"])
        let role = try await events.connection.query("SELECT current_user AS role").first?.string("role")
        #expect(runbook.output.contains("as the role \(role ?? ""),"))
        let folder = try Folder()
        try folder.write("runbook.sql", runbook.output)
        let before = try await events.fingerprint
        let run = try await Tool.shell(
            "psql -X -q -d \"$DB_URL\" -c 'SET ROLE pg_monitor' -f \(folder.url.path)/runbook.sql",
            environment: ["DB_URL": events.url]
        )
        #expect(
            run.status == 3 && run.error.contains("and this is pg_monitor") && run.error.contains("HINT:"),
            "\(run.everything)"
        )
        #expect(try await events.fingerprint == before)
    }

    @Test("says in it what it leaves out: steps beyond those of one run, and tables that are left alone")
    func leftOut() async throws {
        let events = try await EventsTable()
        _ = try await events.connection.query(
            "CREATE TABLE hourly (ts timestamptz NOT NULL) PARTITION BY RANGE (ts)"
        )
        _ = try await events.connection.query(
            """
            CREATE TABLE hourly_first PARTITION OF hourly
            FOR VALUES FROM (date_trunc('hour', now())) TO (date_trunc('hour', now()) + interval '1 hour')
            """
        )
        _ = try await events.connection.query("CREATE TABLE hashed (id int) PARTITION BY HASH (id)")
        let runbook = try await Tool.run(["plan", "--sql", "--db-url=\(events.url)"])
        let comments = runbook.output.split(separator: "\n").filter { $0.hasPrefix("--") }.joined(separator: "\n")
        #expect(comments.contains("Not in this script, of public.hourly:"), "\(comments)")
        #expect(comments.contains("public.hashed:"), "\(comments)")
        // Named by somebody, a table that is left alone is no success, and that is said beside the script.
        let named = try await Tool.run(["plan", "--sql", "--table=public.hashed", "--db-url=\(events.url)"])
        #expect(named.status == 1 && named.error.contains("a table needs a hand"), "\(named.everything)")
        #expect(named.output.contains("public.hashed:"), "\(named.output)")
    }

    @Test("of a plan without steps says so, and is a script that does nothing")
    func idle() async throws {
        let events = try await EventsTable()
        _ = try await Tool.run(["rotate", "--registry-url=none", "--db-url=\(events.url)"])
        let runbook = try await Tool.run(["plan", "--sql", "--db-url=\(events.url)"])
        #expect(runbook.output.contains("-- There is nothing to do."))
        #expect(runbook.output.split(separator: "\n").allSatisfy { $0.hasPrefix("--") })
    }
}
