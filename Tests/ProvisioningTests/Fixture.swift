// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Logging
import PartitionMap
import PartitionRouter
import Partitioning
import Provisioning
import TestSupport

/// A database of the test's own, with what most tests of runs need.
struct Fixture {
    let database: TemporaryDatabase
    let connection: Connection

    init() async throws {
        database = try TemporaryDatabase.current
        connection = try await database.connect(applicationName: "fixture")
    }

    /// Statements one after the other, each in a transaction of its own.
    func execute(_ statements: Statement...) async throws {
        for statement in statements { _ = try await connection.query(statement) }
    }

    func strings(_ statement: Statement) async throws -> [String] {
        try await connection.query(statement).map { try $0.string("v") }
    }

    /// A run like the command's, with short budgets.
    func provisioner(
        user: String = "postgres",
        settings: PlanSettings = PlanSettings(),
        budget: RunBudget = RunBudget(run: .seconds(60), table: .seconds(30), emergencyDays: 0),
        quota: QuotaGuard? = nil,
        registry: (any Registry)? = nil
    ) throws -> Provisioner {
        Provisioner(
            configuration: try database.configuration(applicationName: "partition-cli", user: user),
            settings: settings,
            budget: budget,
            quota: quota,
            publisher: registry.map { Publisher(registry: $0, logger: .test) },
            logger: .test
        )
    }

    func rotate(settings: PlanSettings = PlanSettings(), registry: (any Registry)? = nil) async throws -> RunReport {
        try await provisioner(settings: settings, registry: registry).rotate()
    }

    func observe(settings: PlanSettings = PlanSettings()) async throws -> Observation {
        let session = try await DatabaseSession.open(try database.configuration(), logger: .test)
        let observation = try await Observation.make(session: session, settings: settings)
        await session.connection.close()
        return observation
    }

    /// Names and bounds of the attached partitions, ordered by name, as PostgreSQL prints them in UTC.
    func partitions(of table: String, schema: String = "public") async throws -> [String] {
        _ = try await connection.query("SET TimeZone = 'UTC'")
        _ = try await connection.query("SET DateStyle = 'ISO'")
        return try await strings(
            """
            SELECT c.relname || ' ' || pg_get_expr(c.relpartbound, c.oid) AS v
              FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
              JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace n ON n.oid = p.relnamespace
             WHERE p.relname = \(bind: table) AND n.nspname = \(bind: schema) ORDER BY c.relname
            """
        )
    }

    /// The pattern's table: monthly, only the current month there.
    func makeEvents() async throws {
        try await execute(
            "CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY, event_ts timestamptz NOT NULL, payload text) PARTITION BY RANGE (event_ts)",
            "CREATE INDEX idx_events_ts ON events (event_ts)",
            """
            DO $$ BEGIN
              SET LOCAL TimeZone = 'UTC';
              EXECUTE format('CREATE TABLE %I PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
                to_char(now(), '"events_"YYYY_MM'), date_trunc('month', now()), date_trunc('month', now()) + interval '1 month');
            END $$
            """
        )
    }
}

extension RunReport {
    func table(_ name: String) -> TableReport? { tables.first { $0.table.name == name } }
}
