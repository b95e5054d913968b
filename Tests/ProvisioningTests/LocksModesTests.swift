// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning
import Provisioning
import Testing
import TestSupport

@Suite("Lock modes of a run", .temporaryDatabase)
struct LocksModesTests {
    @Test(
        "without a default partition and foreign keys nothing stronger than SHARE UPDATE EXCLUSIVE is taken on the table"
    )
    func plain() async throws {
        let fixture = try await Fixture()
        try await fixture.makeEvents()
        let ledger = try await LockLedger(fixture)
        #expect(try await fixture.rotate().table("events")?.outcome == .converged)
        #expect(try await ledger.strongest(on: "public.events") == .shareUpdateExclusive)
        #expect(try await ledger.strongest(on: fixture.currentPartition()).map { $0 < .share } ?? true)
    }

    @Test("for ranges to come beside a default partition, that partition alone is locked against everybody")
    func future() async throws {
        let fixture = try await Fixture()
        try await fixture.makeEvents()
        try await fixture.execute("CREATE TABLE events_default PARTITION OF events DEFAULT")
        let ledger = try await LockLedger(fixture)
        #expect(try await fixture.rotate().table("events")?.outcome == .converged)
        #expect(try await ledger.strongest(on: "public.events") == .shareUpdateExclusive)
        #expect(try await ledger.strongest(on: "public.events_default") == .accessExclusive)
        #expect(try await ledger.strongest(on: fixture.currentPartition()).map { $0 < .share } ?? true)
    }

    @Test(
        "the table itself is locked against everybody for the range of now only, and its partitions never",
        arguments: [true, false]
    )
    func live(mayLock: Bool) async throws {
        let fixture = try await Fixture()
        let user = try await fixture.makeEventsWithoutNow(mayLock: mayLock)
        let ledger = try await LockLedger(fixture)
        let report = try await fixture.provisioner(user: user).rotate()
        #expect(report.table("events")?.outcome == .converged, "\(String(describing: report.table("events")?.outcome))")
        let modes = try await ledger.ofAttaches(on: "public.events")
        #expect(modes.count == report.table("events")?.steps.count)
        #expect(modes.filter { $0 == .accessExclusive }.count == 1)
        #expect(modes.allSatisfy { $0 == .accessExclusive || $0 == .shareUpdateExclusive })
        #expect(try await ledger.strongest(on: "public.events_old").map { $0 < .share } ?? true)
        _ = try await fixture.connection.query("DROP OWNED BY \(identifier: user)")
        _ = try await fixture.connection.query("DROP ROLE \(identifier: user)")
    }

    @Test("a table that references itself is locked against its writers, which the plan says")
    func selfReference() async throws {
        let fixture = try await Fixture()
        try await fixture.execute(
            "CREATE TABLE tree (id int, ts date, parent int, parent_ts date, PRIMARY KEY (id, ts), FOREIGN KEY (parent, parent_ts) REFERENCES tree) PARTITION BY RANGE (ts)",
            """
            DO $$ BEGIN EXECUTE format('CREATE TABLE tree_now PARTITION OF tree FOR VALUES FROM (%L) TO (%L)',
              date_trunc('month', now() AT TIME ZONE 'UTC')::date, (date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month')::date); END $$
            """
        )
        let ledger = try await LockLedger(fixture)
        let planned = try await fixture.observe().plan.steps.flatMap(\.locks).filter { $0.relation.name == "tree" }
        #expect(planned.map(\.mode).max() == .shareRowExclusive)
        #expect(try await fixture.rotate().table("tree")?.outcome == .converged)
        #expect(try await ledger.strongest(on: "public.tree") == .shareRowExclusive)
    }

    @Test("what the plan says of locks is what the run takes, with foreign keys in both directions")
    func asPlanned() async throws {
        let fixture = try await Fixture()
        try await fixture.execute(
            "CREATE TABLE customers (id int PRIMARY KEY)",
            "CREATE TABLE sales (id int, ts date, customer int REFERENCES customers, PRIMARY KEY (id, ts)) PARTITION BY RANGE (ts)",
            """
            DO $$ BEGIN EXECUTE format('CREATE TABLE sales_now PARTITION OF sales FOR VALUES FROM (%L) TO (%L)',
              date_trunc('month', now() AT TIME ZONE 'UTC')::date, (date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month')::date); END $$
            """,
            "CREATE TABLE sales_default PARTITION OF sales DEFAULT",
            "CREATE TABLE returns (id int, sale int, sale_ts date, FOREIGN KEY (sale, sale_ts) REFERENCES sales)"
        )
        let ledger = try await LockLedger(fixture)
        var planned: [String: LockMode] = [:]
        for lock in try await fixture.observe().plan.steps.flatMap(\.locks) {
            planned[lock.relation.description] = max(planned[lock.relation.description] ?? .accessShare, lock.mode)
        }
        #expect(planned.count == 4)
        #expect(try await fixture.rotate().table("sales")?.outcome == .converged)
        for (relation, mode) in planned {
            #expect(try await ledger.strongest(on: relation) == mode, "\(relation)")
        }
    }
}

/// Writes down, at the end of every command of our run's session and in its transaction, the locks that it holds.
struct LockLedger {
    let fixture: Fixture

    init(_ fixture: Fixture) async throws {
        self.fixture = fixture
        try await fixture.execute(
            "CREATE TABLE lock_ledger (transaction text, relation text, mode text, command text)",
            """
            CREATE FUNCTION write_lock_ledger() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
            BEGIN
              IF current_setting('application_name') = 'partition-cli' THEN
                INSERT INTO public.lock_ledger
                SELECT pg_current_xact_id(), relation::regclass, mode, tg_tag FROM pg_locks
                 WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted;
              END IF;
            END $$
            """,
            "CREATE EVENT TRIGGER lock_ledger ON ddl_command_end EXECUTE FUNCTION write_lock_ledger()"
        )
    }

    func strongest(on relation: String) async throws -> LockMode? {
        try await modes("SELECT DISTINCT mode AS v FROM lock_ledger WHERE relation = \(bind: relation)").max()
    }

    /// The strongest mode in each transaction that attached a partition.
    func ofAttaches(on relation: String) async throws -> [LockMode] {
        var result: [LockMode] = []
        let transactions = try await fixture.strings(
            """
            SELECT DISTINCT transaction AS v FROM lock_ledger
             WHERE relation = \(bind: relation) AND mode = 'ShareUpdateExclusiveLock' AND command = 'COMMENT'
            """
        )
        for transaction in transactions {
            let modes = try await modes(
                "SELECT mode AS v FROM lock_ledger WHERE relation = \(bind: relation) AND transaction = \(bind: transaction)"
            )
            if let strongest = modes.max() { result.append(strongest) }
        }
        return result
    }

    private func modes(_ statement: Statement) async throws -> [LockMode] {
        try await fixture.strings(statement).compactMap { name in LockMode.allCases.first { $0.catalogName == name } }
    }
}

extension Fixture {
    func currentPartition() async throws -> String {
        let month: Statement = """
            SELECT 'public.' || to_char(now() AT TIME ZONE 'UTC', '"events_"YYYY_MM') AS v
            """
        return try #require(try await strings(month).first)
    }

    /// A table of a new role's, whose newest partition has ended, with a default partition.
    ///
    /// - Parameter mayLock: whether the role has the privileges that LOCK TABLE asks for; without, it merely owns.
    func makeEventsWithoutNow(mayLock: Bool) async throws -> String {
        let role = "owner_\(UInt64.random(in: .min ... .max))"
        try await execute(
            "CREATE ROLE \(identifier: role) LOGIN",
            "GRANT CREATE ON SCHEMA public TO \(identifier: role)",
            "CREATE TABLE events (event_ts timestamptz NOT NULL) PARTITION BY RANGE (event_ts)",
            """
            DO $$ BEGIN
              SET LOCAL TimeZone = 'UTC';
              EXECUTE format('CREATE TABLE events_old PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
                date_trunc('month', now()) - interval '1 month', date_trunc('month', now()));
            END $$
            """,
            "CREATE TABLE events_default PARTITION OF events DEFAULT"
        )
        for table in ["events", "events_old", "events_default"] {
            try await execute("ALTER TABLE \(identifier: table) OWNER TO \(identifier: role)")
            if !mayLock {
                try await execute(
                    "REVOKE UPDATE, DELETE, TRUNCATE ON \(identifier: table) FROM \(identifier: role)",
                    "REVOKE ALL ON \(identifier: table) FROM \(identifier: role)",
                    "GRANT SELECT ON \(identifier: table) TO \(identifier: role)"
                )
            }
        }
        return role
    }
}
