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
        "CREATE TABLE events_rest PARTITION OF events DEFAULT",
    ]

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
