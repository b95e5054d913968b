// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning
import TestSupport

/// Applications that go on while a run works: each statement has its session and a fixed rhythm, which a stall doesn't slow down.
struct Bystanders {
    /// How often each statement was run.
    var counts: [Int]
    /// What any of them was told by the server: nothing, if all is well.
    var errors: [String]

    static let application = "bystander"

    /// - Parameters:
    ///   - statements: each run every 10 ms in a session of its own.
    ///   - beginning: run once in each session before.
    ///   - body: what they stand by.
    static func during<Value: Sendable>(
        _ fixture: LocksFixture,
        _ statements: [Statement],
        beginning: Statement? = nil,
        _ body: @Sendable () async throws -> Value
    ) async throws -> (value: Value, bystanders: Bystanders) {
        let end = Ending()
        var sessions: [Connection] = []
        for _ in statements { sessions.append(try await fixture.connect(application)) }
        if let beginning { for session in sessions { _ = try await session.query(beginning) } }
        return try await withThrowingTaskGroup(of: (Int, Int, [String]).self) { group in
            for (index, statement) in statements.enumerated() {
                let session = sessions[index]
                group.addTask {
                    var count = 0
                    var errors: [String] = []
                    var next = ContinuousClock.now
                    while await !end.hasCome {
                        do {
                            _ = try await session.query(statement)
                        } catch {
                            errors.append("\(error)")
                        }
                        count += 1
                        next += .milliseconds(10)
                        if next > .now { try await Task.sleep(until: next) }
                    }
                    await session.close()
                    return (index, count, errors)
                }
            }
            let value: Value
            do {
                value = try await body()
            } catch {
                await end.come()
                throw error
            }
            await end.come()
            var result = Bystanders(counts: statements.map { _ in 0 }, errors: [])
            for try await (index, count, errors) in group {
                result.counts[index] = count
                result.errors += errors
            }
            return (value, result)
        }
    }

    private actor Ending {
        var hasCome = false
        func come() { hasCome = true }
    }
}

/// A transaction of an application that holds its locks until it is told to let go.
struct Holder {
    static let application = "long-reader"
    let connection: Connection

    static func begin(_ fixture: LocksFixture, _ statement: Statement) async throws -> Holder {
        let connection = try await fixture.connect(application)
        _ = try await connection.query("BEGIN")
        _ = try await connection.query(statement)
        return Holder(connection: connection)
    }

    func end() async throws {
        _ = try await connection.query("COMMIT")
        await connection.close()
    }
}

extension LocksFixture {
    enum Default: Sendable, CaseIterable {
        case none, small
        /// 3 million narrow rows outside of every range that is to come.
        case large
    }

    /// The pattern's table with only the current month there, on request with a default partition, and with a foreign key unless that is refused:
    /// with one there are two locks that applications wait for, and fear of a deadlock.
    func makeEvents(_ kind: Default, hasForeignKey: Bool = true) async throws {
        try await execute(
            "CREATE TABLE customers (id int PRIMARY KEY, touched int NOT NULL DEFAULT 0) WITH (fillfactor = 50)",
            "INSERT INTO customers SELECT generate_series(1, 100)",
            """
            CREATE TABLE events (event_ts timestamptz NOT NULL, customer int NOT NULL)
            PARTITION BY RANGE (event_ts)
            """,
            hasForeignKey ? "ALTER TABLE events ADD FOREIGN KEY (customer) REFERENCES customers" : "SELECT",
            """
            DO $$ BEGIN
              EXECUTE format('CREATE TABLE %I PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
                to_char(now(), '"events_"YYYY_MM'), date_trunc('month', now()), date_trunc('month', now()) + interval '1 month');
            END $$
            """
        )
        guard kind != .none else { return }
        try await execute(
            "CREATE TABLE events_default PARTITION OF events DEFAULT",
            // Looking every row's customer up would take a minute.
            "SET session_replication_role = replica",
            """
            INSERT INTO events_default
            SELECT timestamptz '2001-01-01 00:00Z' + n * interval '1 second', 1 + n % 100
              FROM generate_series(1, \(literal: kind == .large ? 3_000_000 : 1000)) n
            """,
            "RESET session_replication_role",
            "VACUUM (FREEZE) events_default"
        )
    }

    /// Writers and readers of the table, of its default partition, and of the table it references.
    func workload(_ kind: Default) -> [Statement] {
        var statements: [Statement] = [
            "INSERT INTO events VALUES (now(), 1)",
            "SELECT 1 FROM events WHERE event_ts = now()",
            "UPDATE customers SET touched = touched + 1 WHERE id = 2",
            "SELECT touched FROM customers WHERE id = 3",
        ]
        if kind != .none {
            statements += [
                "INSERT INTO events VALUES ('2002-02-02 00:00Z', 4)",
                "SELECT 1 FROM events_default LIMIT 1",
            ]
        }
        return statements
    }

    /// A role of the test's that owns the tables and may see nothing of other roles' sessions.
    func makeOwner() async throws -> String {
        let role = "owner_\(UInt64.random(in: .min ... .max))"
        try await execute(
            "CREATE ROLE \(identifier: role) LOGIN",
            "GRANT CREATE ON SCHEMA public TO \(identifier: role)",
            "GRANT ALL ON customers TO \(identifier: role)",
            """
            DO $$ DECLARE t regclass; BEGIN
              FOR t IN SELECT relid FROM pg_partition_tree('events') LOOP
                EXECUTE format('ALTER TABLE %s OWNER TO %I', t, \(literal: role));
              END LOOP;
            END $$
            """
        )
        return role
    }

    /// Starts an autovacuum that goes on for minutes.
    ///
    /// - Parameter againstWraparound: whether it is one that yields to nobody.
    func makeSlowAutovacuum(of table: String, againstWraparound: Bool = false) async throws {
        if againstWraparound {
            try await execute(
                // The least there is.
                "ALTER TABLE \(identifier: table) SET (autovacuum_freeze_max_age = 100000)",
                "DO $$ BEGIN FOR i IN 1..100001 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$"
            )
        }
        try await execute(
            """
            ALTER TABLE \(identifier: table) SET (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0,
              autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)
            """,
            "INSERT INTO \(identifier: table) SELECT t.* FROM \(identifier: table) t, generate_series(1, 50)",
            "DELETE FROM \(identifier: table) WHERE random() < 0.5",
            "ALTER SYSTEM SET autovacuum = on",
            "SELECT pg_reload_conf()"
        )
        try await eventually("autovacuum is at work on the table") {
            try await strings(
                """
                SELECT 1::text AS v FROM pg_stat_activity a JOIN pg_locks l USING (pid)
                 WHERE a.backend_type = 'autovacuum worker' AND l.relation = \(bind: table)::regclass AND l.mode = 'ShareUpdateExclusiveLock'
                """
            ).count == 1
        }
    }
}
