// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import PartitionMap
import PartitionRegistryPostgres
import PartitionRouter
import Partitioning
import Provisioning
import Testing
import TestSupport

@Suite("A run by a role that is no superuser", .temporaryDatabase)
struct RoleTests {
    /// The ledger with all that a partition takes over, owned by a role that has nothing else; with a default partition.
    private func ownedLedger() async throws -> Fixture {
        let fixture = try await Fixture()
        try await fixture.makeRole()
        try await fixture.makeLedger()
        try await fixture.run([
            "CREATE SCHEMA books AUTHORIZATION %role%", "ALTER TABLE ledger SET SCHEMA books",
            "ALTER TABLE ledger_first SET SCHEMA books", "CREATE TABLE books.rest PARTITION OF books.ledger DEFAULT",
            "ALTER TABLE books.ledger ADD PRIMARY KEY (id, at)", "CREATE INDEX ON books.ledger (lower(note))",
            "CREATE TABLE books.accounts (note text PRIMARY KEY)",
            "ALTER TABLE books.ledger ADD FOREIGN KEY (note) REFERENCES books.accounts",
            "CREATE STATISTICS books.together ON note, amount FROM books.ledger",
            "ALTER STATISTICS books.together OWNER TO %role%", "ALTER TABLE books.accounts OWNER TO %role%",
            "COMMENT ON TABLE books.ledger IS 'What is owed'", "GRANT SELECT ON books.ledger TO PUBLIC",
            "ALTER TABLE books.ledger OWNER TO %role%", "ALTER TABLE books.ledger_first OWNER TO %role%",
            "ALTER TABLE books.rest OWNER TO %role%",
        ])
        return fixture
    }

    private func rotate(_ fixture: Fixture, registry: (any Registry)? = nil) async throws -> RunReport {
        try await fixture.provisioner(user: fixture.role, registry: registry).rotate()
    }

    @Test("that owns the tables does everything, and publishes")
    func owner() async throws {
        let fixture = try await ownedLedger()
        let registry = MemoryRegistry()
        let report = try await rotate(fixture, registry: registry)
        #expect(report.table("ledger")?.outcome == .converged, "\(String(describing: report.table("ledger")))")
        #expect(
            report.publications?.values.contains { $0.isFailure } == false,
            "\(String(describing: report.publications))"
        )
        #expect(try await fixture.drift(in: "ledger") == [])
        let map = try #require(try await registry.load(EntityName(schema: "books", table: "ledger")))
        #expect(try await map.document.entries.count == fixture.connection.months().count + 1)
        let again = try await rotate(fixture, registry: registry)
        #expect(again.table("ledger")?.steps.isEmpty == true)
    }

    @Test("that is a member of the owner makes tables that belong to the owner")
    func member() async throws {
        let fixture = try await ownedLedger()
        let member = "member_" + fixture.database.name
        try await fixture.execute("CREATE ROLE \(identifier: member) LOGIN IN ROLE \(identifier: fixture.role)")
        let report = try await fixture.provisioner(user: member).rotate()
        #expect(report.table("ledger")?.outcome == .converged, "\(String(describing: report.table("ledger")))")
        #expect(try await fixture.drift(in: "ledger") == [])
    }

    @Test(
        "that owns the tables and took its own privileges away, or has forced its own row security, still does everything",
        arguments: [
            [
                "REVOKE UPDATE, DELETE, TRUNCATE ON books.ledger, books.ledger_first, books.rest, books.accounts FROM %role%"
            ],
            [
                "REVOKE INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON books.ledger, books.ledger_first, books.rest FROM %role%"
            ],
            [
                "ALTER TABLE books.ledger ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
                "CREATE POLICY none ON books.ledger USING (false)",
            ],
            [
                "ALTER TABLE books.rest ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
                "CREATE POLICY none ON books.rest USING (false)",
                "ALTER TABLE books.ledger ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
            ],
        ]
    )
    func withoutOwnPrivileges(_ statements: [String]) async throws {
        let fixture = try await ownedLedger()
        try await fixture.run(statements)
        let report = try await rotate(fixture)
        #expect(report.table("ledger")?.outcome == .converged, "\(String(describing: report.table("ledger")))")
        #expect(try await fixture.drift(in: "ledger") == [])
        #expect(try await rotate(fixture).table("ledger")?.steps.isEmpty == true)
    }

    @Test("that may not look into a big default partition says which right is missing, and adds no CHECK there")
    func blindOnDefault() async throws {
        let fixture = try await ownedLedger()
        try await fixture.run([
            "ALTER TABLE books.ledger DROP CONSTRAINT ledger_note_fkey",
            "INSERT INTO books.ledger SELECT g, '1999-01-01', repeat('x', 200), 1 FROM generate_series(1, 40000) g",
            "ALTER TABLE books.rest ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
            "CREATE POLICY none ON books.rest USING (false)",
        ])
        let report = try await rotate(fixture)
        let table = try #require(report.table("ledger"))
        #expect(
            table.findings.contains { $0.code == .privilege && $0.remedy?.contains("BYPASSRLS") == true },
            "\(table.findings)"
        )
        #expect(table.outcome == .converged, "\(table.outcome)")
        #expect(
            try await fixture.strings(
                "SELECT conname::text AS v FROM pg_constraint WHERE conname LIKE 'partition\\_cli\\_%'"
            ) == []
        )
    }

    @Test("and owns nothing reports each table with the GRANT that is missing, and changes nothing")
    func stranger() async throws {
        let fixture = try await ownedLedger()
        let stranger = "stranger_" + fixture.database.name
        try await fixture.execute("CREATE ROLE \(identifier: stranger) LOGIN")
        let before = try await fixture.children(of: "books.ledger").map(\.oid)
        let report = try await fixture.provisioner(user: stranger, registry: MemoryRegistry()).rotate()
        let table = try #require(report.table("ledger"))
        let finding = try #require(table.findings.first { $0.code == .privilege }, "\(table.findings)")
        #expect(finding.remedy?.contains("GRANT \(fixture.role) TO") == true, "\(finding)")
        #expect(table.outcome == .leftAlone && table.steps.isEmpty)
        #expect(report.publications?.isEmpty == true)
        #expect(try await fixture.children(of: "books.ledger").map(\.oid) == before)
    }

    @Test("that may not create tables in the schema leaves nothing behind, and says so with 42501")
    func noCreate() async throws {
        let fixture = try await ownedLedger()
        try await fixture.run(["ALTER SCHEMA books OWNER TO postgres", "GRANT USAGE ON SCHEMA books TO %role%"])
        let report = try await rotate(fixture)
        guard case .failed(let failure) = try #require(report.table("ledger")).outcome else {
            Issue.record("\(report.tables)")
            return
        }
        #expect(failure.sqlState == "42501")
        #expect(failure.remedy == "GRANT CREATE ON SCHEMA books TO \(fixture.role)", "\(failure)")
        #expect(try await fixture.children(of: "books.ledger").count == 2)
        try await fixture.run(["GRANT CREATE ON SCHEMA books TO %role%"])
        #expect(try await rotate(fixture).table("ledger")?.outcome == .converged)
    }

    @Test(
        "that may not copy the table's definition, or use its tablespace, is told the GRANT",
        arguments: [
            ("REVOKE SELECT ON books.ledger FROM PUBLIC, %role%", "GRANT SELECT ON books.ledger TO %role%"),
            ("ALTER TABLE books.ledger SET TABLESPACE %space%", "GRANT CREATE ON TABLESPACE %space% TO %role%"),
        ]
    )
    func missingGrant(statement: String, grant: String) async throws {
        let fixture = try await ownedLedger()
        try await fixture.makeTablespace()
        try await fixture.run([statement])
        let report = try await rotate(fixture)
        guard case .failed(let failure) = try #require(report.table("ledger")).outcome else {
            Issue.record("\(report.tables)")
            return
        }
        #expect(failure.sqlState == "42501")
        #expect(failure.remedy == fixture.fill(grant), "\(failure)")
        try await fixture.run([grant])
        #expect(try await rotate(fixture).table("ledger")?.outcome == .converged)
        try await fixture.run(["DROP SCHEMA books CASCADE", "DROP TABLESPACE %space%"])
    }

    @Test("that is a member of the owner without its rights is told how to have them")
    func noInherit() async throws {
        let fixture = try await ownedLedger()
        let member = "member_" + fixture.database.name
        try await fixture.execute(
            "CREATE ROLE \(identifier: member) LOGIN NOINHERIT IN ROLE \(identifier: fixture.role)"
        )
        let table = try #require(try await fixture.provisioner(user: member).rotate().table("ledger"))
        let remedy = table.findings.first { $0.code == .privilege }?.remedy
        #expect(remedy?.contains("ALTER ROLE \(member) INHERIT") == true, "\(table.findings)")
    }

    @Test("for a member of an owner that may not create tables there, says that the owner is to be granted it")
    func ownerMayNotCreate() async throws {
        let fixture = try await ownedLedger()
        let member = "member_" + fixture.database.name
        try await fixture.run(["ALTER SCHEMA books OWNER TO postgres", "GRANT USAGE ON SCHEMA books TO %role%"])
        try await fixture.execute(
            "CREATE ROLE \(identifier: member) LOGIN IN ROLE \(identifier: fixture.role)",
            "GRANT USAGE, CREATE ON SCHEMA books TO \(identifier: member)"
        )
        let report = try await fixture.provisioner(user: member).rotate()
        guard case .failed(let failure) = try #require(report.table("ledger")).outcome else {
            Issue.record("\(report.tables)")
            return
        }
        #expect(failure.remedy == "GRANT CREATE ON SCHEMA books TO \(fixture.role)", "\(failure)")
    }

    @Test("that is deferred names the session in the way as far as it is shown, and says what shows the rest")
    func hiddenBlocker() async throws {
        let fixture = try await ownedLedger()
        let reader = try await fixture.database.connect(applicationName: "reader")
        _ = try await reader.script(["BEGIN", "SELECT FROM books.rest"])
        let budget = RunBudget(run: .seconds(20), table: .seconds(1), emergencyDays: 0)
        let report = try await fixture.provisioner(user: fixture.role, budget: budget).rotate()
        guard case .deferred(let reason) = try #require(report.table("ledger")).outcome else {
            Issue.record("\(report.tables)")
            return
        }
        #expect(reason.contains("pid \(reader.backendPID)") && !reason.contains("insufficient privilege"), "\(reason)")
        #expect(reason.contains("GRANT pg_read_all_stats TO \(fixture.role)"), "\(reason)")
    }

    @Test("and may make no schema is told by the registry in the database what to grant")
    func noSchema() async throws {
        let fixture = try await ownedLedger()
        try await fixture.run(["REVOKE CREATE ON DATABASE %database% FROM PUBLIC"])
        let registry = PostgresRegistry(
            configuration: try fixture.database.configuration(user: fixture.role),
            logger: .test
        )
        let error = await #expect(throws: RegistryError.self) { try await registry.install() }
        #expect(error?.code == .refused)
        #expect(
            error?.hint == "GRANT CREATE ON DATABASE \(fixture.database.name) TO \(fixture.role)",
            "\(error as Any)"
        )
        try await fixture.run(["GRANT CREATE ON DATABASE %database% TO %role%"])
        try await registry.install()
        await registry.close()
    }

    @Test("that can't be told the quota's source says what to grant", arguments: [nil, Int64(1) << 40])
    func quota(_ capacity: Int64?) async throws {
        let fixture = try await ownedLedger()
        let connection = try await fixture.database.connect(user: fixture.role)
        let reading = try await QuotaGuard(threshold: 0.8, declaredCapacity: capacity).reading(of: nil, on: connection)
        switch (capacity, reading) {
        case (nil, .unknown(let why)): #expect(why.contains("GRANT pg_read_all_settings"), "\(why)")
        case (_?, .known(let ratio, .declaredCapacity)): #expect(ratio > 0 && ratio < 0.5)
        default: Issue.record("\(reading)")
        }
    }
}
