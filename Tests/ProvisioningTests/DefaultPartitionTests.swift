// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning
import Provisioning
import Testing
import TestSupport

@Suite("Beside a default partition", .temporaryDatabase)
struct DefaultPartitionTests {
    /// The ledger by `timestamptz`, with a default partition that holds some old rows, and a record of every constraint that comes and goes.
    private func ledger(
        rows: Int,
        rest: String = "CREATE TABLE rest PARTITION OF ledger DEFAULT"
    ) async throws -> Fixture {
        let fixture = try await Fixture()
        try await fixture.makeLedger(key: "timestamptz")
        try await fixture.run([
            rest,
            "INSERT INTO ledger SELECT g, '1999-01-01', repeat('x', 100), 1 FROM generate_series(1, \(rows)) g",
            "CREATE TABLE seen (tag text, identity text)",
            """
            CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
            BEGIN
              INSERT INTO public.seen SELECT command_tag, object_identity FROM pg_event_trigger_ddl_commands()
               WHERE object_identity IN ('public.rest', 'public.ledger');
            END $$
            """,
            "ALTER DATABASE %database% SET max_parallel_workers_per_gather = 0",
            "CREATE EVENT TRIGGER watching ON ddl_command_end EXECUTE FUNCTION watch()",
        ])
        return fixture
    }

    private func changesOfDefault(_ fixture: Fixture) async throws -> [String] {
        try await fixture.strings("SELECT tag AS v FROM seen WHERE identity = 'public.rest'")
    }

    /// How often tables of the default partition have been read from one end to the other.
    private func scans(_ fixture: Fixture) async throws -> Int {
        try await eventually("no other session is left") {
            try await fixture.strings(
                "SELECT pid::text AS v FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            ).isEmpty
        }
        return Int(
            try await fixture.string(
                "SELECT sum(seq_scan)::text AS v FROM pg_stat_user_tables WHERE relname LIKE 'rest%'"
            ) ?? ""
        ) ?? 0
    }

    private func checks(_ fixture: Fixture) async throws -> [String] {
        try await fixture.strings(
            "SELECT conname::text AS v FROM pg_constraint WHERE contype = 'c' AND conname LIKE 'partition%'"
        )
    }

    @Test("that is small the partitions are attached, and nothing is changed on it")
    func small() async throws {
        let fixture = try await ledger(rows: 1000)
        #expect(try await fixture.rotate().table("ledger")?.outcome == .converged)
        #expect(try await changesOfDefault(fixture) == [])
        #expect(try await fixture.children(of: "ledger").count == fixture.connection.months().count + 1)
        #expect(try await fixture.rotate().table("ledger")?.steps.isEmpty == true)
    }

    @Test(
        "that is big one CHECK serves all partitions ahead, and is gone afterwards",
        arguments: [
            "CREATE TABLE rest PARTITION OF ledger DEFAULT",
            "CREATE TABLE rest PARTITION OF ledger DEFAULT PARTITION BY HASH (id)",
        ]
    )
    func big(_ rest: String) async throws {
        let isPartitioned = rest.contains("HASH")
        let fixture = try await ledger(rows: isPartitioned ? 0 : 200_000, rest: rest)
        if isPartitioned {
            try await fixture.run([
                "CREATE TABLE rest_0 PARTITION OF rest FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
                "CREATE TABLE rest_1 PARTITION OF rest FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
                "INSERT INTO ledger SELECT g, '1999-01-01', repeat('x', 100), 1 FROM generate_series(1, 200000) g",
            ])
        }
        let before = try await scans(fixture)
        let report = try await fixture.rotate(settings: PlanSettings(bufferDays: 200))
        #expect(report.table("ledger")?.outcome == .converged, "\(String(describing: report.table("ledger")))")
        // One look for rows and one validation of each leaf; no attach reads anything.
        #expect(try await scans(fixture) - before == (isPartitioned ? 4 : 2))
        // Added, validated, dropped.
        #expect(try await changesOfDefault(fixture) == ["ALTER TABLE", "ALTER TABLE", "ALTER TABLE"])
        #expect(try await checks(fixture) == [])
        #expect(try await fixture.children(of: "ledger").count == fixture.connection.months(ahead: 200).count + 1)
    }

    @Test(
        "rows of a future range keep that partition from being made, which is said; the others are",
        arguments: [100, 200_000]
    )
    func rowsInTheWay(_ rows: Int) async throws {
        let fixture = try await ledger(rows: rows)
        try await fixture.run([
            "INSERT INTO ledger VALUES (-1, date_trunc('month', now(), 'UTC') + interval '75 days', 'ahead', 1)",
            "INSERT INTO ledger VALUES (-2, 'infinity', 'for ever', 1), (-3, '-infinity', 'since ever', 1)",
        ])
        let report = try await fixture.rotate(settings: PlanSettings(bufferDays: 200))
        let table = try #require(report.table("ledger"))
        guard case .failed(let failure) = table.outcome else {
            Issue.record("\(table)")
            return
        }
        #expect(failure.sqlState == "23514" && failure.remedy != nil, "\(failure)")
        #expect(table.findings.contains { $0.code == .rowsInDefault && $0.object == "public.rest" })
        #expect(table.steps.filter { if case .failed = $0.result { true } else { false } }.count == 1)
        #expect(table.coverage?.missing.count == 1)
        #expect(try await changesOfDefault(fixture).count == (rows > 1000 ? 3 : 0))
        // With the default partition, and without the one month.
        #expect(try await fixture.children(of: "ledger").count == fixture.connection.months(ahead: 200).count)
        #expect(try await checks(fixture) == [])
        #expect(try await fixture.strings("SELECT count(*)::text AS v FROM rest WHERE id < 0") == ["3"])
        // Once the row is gone the gap is closed.
        try await fixture.execute("DELETE FROM ledger WHERE id = -1")
        #expect(
            try await fixture.rotate(settings: PlanSettings(bufferDays: 200)).table("ledger")?.outcome == .converged
        )
    }

    @Test("a CHECK that an earlier run left is dropped before anything else")
    func leftover() async throws {
        let fixture = try await ledger(rows: 10)
        try await fixture.run([
            "ALTER TABLE rest ADD CONSTRAINT partition_cli_ahead_0123abc CHECK (at < '2200-01-01') NOT VALID",
            "ALTER TABLE rest ADD CONSTRAINT others CHECK (amount > 0) NOT VALID",
        ])
        let before = try await fixture.observe()
        #expect(before.plan.findings.contains { $0.code == .leftoverCheck && $0.severity == .error })
        let table = try #require(try await fixture.rotate().table("ledger"))
        #expect(table.outcome == .converged, "\(table)")
        if case .dropLeftoverCheck = try #require(table.steps.first).step.action {
        } else {
            Issue.record("\(table.steps)")
        }
        #expect(try await checks(fixture) == [])
        #expect(
            try await fixture.strings(
                "SELECT conname::text AS v FROM pg_constraint WHERE contype = 'c' AND conname = 'others'"
            ) == ["others"]
        )
    }

    @Test("the partition of now is attached while writers are at it, and none of them is refused")
    func writersOfNow() async throws {
        let fixture = try await Fixture()
        try await fixture.execute(
            "CREATE TABLE ledger (at timestamptz NOT NULL) PARTITION BY RANGE (at)",
            "CREATE TABLE rest PARTITION OF ledger DEFAULT",
            "CREATE TABLE stop ()"
        )
        try await fixture.makeMonth("last_month", of: "ledger", monthsAhead: -1)
        let database = fixture.database
        let writer = Task {
            let connection = try await database.connect(applicationName: "writer")
            var written = 0
            while try await connection.query("SELECT FROM stop").isEmpty {
                // Rows of now would be in the way: the past has its partition, the far future only the default one.
                _ = try await connection.query("INSERT INTO ledger VALUES (now() - interval '1 month'), ('2999-01-01')")
                written += 1
            }
            await connection.close()
            return written
        }
        let outcome = try await fixture.rotate().table("ledger")?.outcome
        try await fixture.execute("INSERT INTO stop DEFAULT VALUES")
        #expect(outcome == .converged)
        #expect(try await writer.value > 0)
    }
}
