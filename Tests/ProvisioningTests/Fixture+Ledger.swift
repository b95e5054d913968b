// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning
import Provisioning
import TestSupport
import Testing

extension Fixture {
    /// Statements given as text, for tables of cases; `%name%` stands for what ``fill(_:)`` puts there.
    func run(_ statements: [String], partition: String = "") async throws {
        for text in statements {
            let sql = fill(text).replacing("%partition%", with: partition)
            _ = try await connection.query(Statement(trustedCatalogSQL: sql, "a test's own statement"))
        }
    }

    func string(_ statement: Statement) async throws -> String? {
        try await connection.query(statement).first?.optionalString("v")
    }

    /// Roles and tablespaces belong to the whole server: every test has its own.
    var role: String { "role_" + database.name }
    var tablespace: String { "space_" + database.name }

    func fill(_ text: String) -> String {
        text.replacing("%role%", with: role).replacing("%space%", with: tablespace)
            .replacing("%database%", with: database.name).replacing("%sibling%", with: "ledger_first")
    }

    /// A role that may log in, and nothing else.
    func makeRole() async throws {
        try await execute("CREATE ROLE \(identifier: role) LOGIN")
    }

    func makeTablespace() async throws {
        try await execute(
            "SET allow_in_place_tablespaces = on",
            "CREATE TABLESPACE \(identifier: tablespace) LOCATION ''"
        )
    }

    /// A monthly table with the partition of the current month, called `ledger_first`.
    func makeLedger(key: String = "date") async throws {
        try await run([
            "SET TimeZone = 'UTC'",
            "CREATE TABLE ledger (id bigint NOT NULL, at \(key) NOT NULL, note text, amount numeric) PARTITION BY RANGE (at)",
            "CREATE TABLE limits (note text, amount numeric)",
        ])
        try await makeMonth("ledger_first", of: "ledger", monthsAhead: 0)
    }

    /// A partition for one month, in UTC.
    func makeMonth(_ name: String, of table: String, schema: String = "public", monthsAhead: Int) async throws {
        try await execute(
            "SET TimeZone = 'UTC'",
            """
            DO \(literal: """
                DECLARE month date := date_trunc('month', now()) + interval '\(monthsAhead) months';
                BEGIN
                  EXECUTE format('CREATE TABLE %I.%I PARTITION OF %I.%I FOR VALUES FROM (%L) TO (%L)',
                    \(Self.constant(schema)), \(Self.constant(name)), \(Self.constant(schema)), \(Self.constant(table)),
                    month, (month + interval '1 month')::date);
                END
                """)
            """
        )
    }

    private static func constant(_ text: String) -> String {
        "'" + text.replacing("'", with: "''") + "'"
    }

    /// Oids and names of the attached partitions in the order of creation.
    func children(of table: String) async throws -> [(oid: UInt32, name: String)] {
        try await connection.query(
            """
            SELECT c.oid::bigint AS oid, c.oid::regclass::text AS name
              FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
             WHERE i.inhparent = to_regclass(\(bind: table)) ORDER BY c.oid
            """
        ).map { (UInt32(try $0.int64("oid")), try $0.string("name")) }
    }

    /// What `verify` says of the properties of a table's partitions.
    func drift(in table: String) async throws -> [Finding] {
        let session = try await DatabaseSession.open(try database.configuration(), logger: .test)
        let observation = try await Observation.make(session: session, settings: PlanSettings())
        let index = try #require(observation.snapshot.tables.firstIndex { $0.name.name == table })
        let found = observation.snapshot.tables[index]
        let policy = try #require(observation.plan.tables.first { $0.oid == found.oid }?.policy)
        let findings = try await Verifier(session: session)
            .findings(in: found, policy: policy, now: observation.snapshot.server.now)
        await session.connection.close()
        return findings
    }
}
