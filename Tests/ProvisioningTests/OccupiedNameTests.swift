// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning
import Provisioning
import Testing
import TestSupport

@Suite("A name that is taken", .temporaryDatabase)
struct OccupiedNameTests {
    struct Stranger: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// `%name%` is the name that the partition would get.
        var statements: [String]
        var reason: String
    }

    static let strangers = [
        Stranger(
            testDescription: "other columns",
            statements: ["CREATE TABLE %name% (x int)"],
            reason: "other columns"
        ),
        Stranger(
            testDescription: "a column of another type",
            statements: ["CREATE TABLE %name% (id int NOT NULL, at date NOT NULL, note text, amount numeric)"],
            reason: "another type"
        ),
        Stranger(
            testDescription: "a column that allows NULL",
            statements: ["CREATE TABLE %name% (id bigint, at date NOT NULL, note text, amount numeric)"],
            reason: "allows NULL"
        ),
        Stranger(
            testDescription: "another default",
            statements: ["CREATE TABLE %name% (LIKE ledger)", "ALTER TABLE %name% ALTER note SET DEFAULT 'x'"],
            reason: "default"
        ),
        Stranger(
            testDescription: "a missing check",
            statements: [
                "ALTER TABLE ledger ADD CONSTRAINT positive CHECK (amount > 0)", "CREATE TABLE %name% (LIKE ledger)",
            ],
            reason: "check positive"
        ),
        Stranger(
            testDescription: "rows",
            statements: ["CREATE TABLE %name% (LIKE ledger INCLUDING ALL)", "INSERT INTO %name% VALUES (1, now())"],
            reason: "holds rows"
        ),
        Stranger(
            testDescription: "UNLOGGED",
            statements: ["CREATE UNLOGGED TABLE %name% (LIKE ledger INCLUDING ALL)"],
            reason: "UNLOGGED"
        ),
        Stranger(
            testDescription: "an identity column",
            statements: [
                "CREATE TABLE %name% (LIKE ledger)", "ALTER TABLE %name% ALTER id ADD GENERATED ALWAYS AS IDENTITY",
            ],
            reason: "identity"
        ),
        Stranger(
            testDescription: "a foreign key",
            statements: [
                "CREATE TABLE r (id bigint PRIMARY KEY)",
                "CREATE TABLE %name% (LIKE ledger, FOREIGN KEY (id) REFERENCES r)",
            ],
            reason: "foreign keys"
        ),
        Stranger(
            testDescription: "a trigger",
            statements: [
                "CREATE TABLE %name% (LIKE ledger)",
                "CREATE TRIGGER t BEFORE UPDATE ON %name% FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            ],
            reason: "triggers"
        ),
        Stranger(
            testDescription: "a check that the parent lacks",
            statements: ["CREATE TABLE %name% (LIKE ledger INCLUDING ALL, CONSTRAINT closed CHECK (false))"],
            reason: "a check of its own, closed"
        ),
        Stranger(
            testDescription: "a check that can't be inherited",
            statements: ["CREATE TABLE %name% (LIKE ledger INCLUDING ALL, CONSTRAINT closed CHECK (false) NO INHERIT)"],
            reason: "a check of its own, closed"
        ),
        Stranger(
            testDescription: "a unique constraint that the parent lacks",
            statements: ["CREATE TABLE %name% (LIKE ledger INCLUDING ALL, CONSTRAINT once UNIQUE (note))"],
            reason: "an index of its own, once"
        ),
        Stranger(
            testDescription: "an index that the parent lacks",
            statements: [
                "CREATE TABLE %name% (LIKE ledger INCLUDING ALL)", "CREATE INDEX evil ON %name% (lower(note))",
            ],
            reason: "an index of its own, evil"
        ),
        Stranger(
            testDescription: "an index of the parent's twice",
            statements: [
                "CREATE INDEX ON ledger (note)", "CREATE TABLE %name% (LIKE ledger INCLUDING ALL)",
                "CREATE INDEX twice ON %name% (note)",
            ],
            reason: "an index of its own"
        ),
        Stranger(
            testDescription: "a statistics object that the parent lacks",
            statements: [
                "CREATE TABLE %name% (LIKE ledger INCLUDING ALL)",
                "CREATE STATISTICS related ON note, amount FROM %name%",
            ],
            reason: "a statistics object of its own"
        ),
        Stranger(
            testDescription: "the right shape and a foreign owner, whatever our marker in its comment says",
            statements: [
                "CREATE ROLE %role%", "CREATE TABLE %name% (LIKE ledger INCLUDING ALL)",
                "ALTER TABLE %name% OWNER TO %role%",
                """
                COMMENT ON TABLE %name% IS
                '{"partition-cli":{"createdAt":"2026-11-22T02:00:00Z","parent":"public.other","version":1}}'
                """,
            ],
            reason: "it belongs to role_"
        ),
        Stranger(
            testDescription: "inheritance",
            statements: ["CREATE TABLE %name% (LIKE ledger)", "CREATE TABLE heir () INHERITS (%name%)"],
            reason: "inheritance"
        ),
        Stranger(
            testDescription: "a partition of another table",
            statements: [
                "CREATE TABLE other (LIKE ledger) PARTITION BY LIST (id)",
                "CREATE TABLE %name% PARTITION OF other DEFAULT",
            ],
            reason: "partition of public.other"
        ),
        Stranger(
            testDescription: "a view",
            statements: ["CREATE VIEW %name% AS SELECT 1"],
            reason: "not an ordinary table"
        ),
        Stranger(
            testDescription: "a sequence",
            statements: ["CREATE SEQUENCE %name%"],
            reason: "not an ordinary table"
        ),
        Stranger(
            testDescription: "a type",
            statements: ["CREATE TYPE %name% AS ENUM ('a')"],
            reason: "a type has that name"
        ),
        Stranger(
            testDescription: "an index",
            statements: ["CREATE INDEX %name% ON limits (note)"],
            reason: "not an ordinary table"
        ),
    ]

    @Test("by a stranger stays the stranger's, which is said; the partition gets another name:", arguments: strangers)
    func stranger(_ stranger: Stranger) async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger()
        let wanted = try #require(try await fixture.wantedNames("ledger").first)
        try await fixture.run(stranger.statements.map { $0.replacing("%name%", with: wanted) })
        let before = try await fixture.string("SELECT to_regclass(\(bind: wanted))::oid::text AS v")

        let report = try await fixture.rotate()
        let table = try #require(report.table("ledger"))
        #expect(table.outcome == .converged, "\(table)")
        let finding = try #require(table.findings.first { $0.code == .nameOccupied }, "\(table.findings)")
        #expect(finding.object == "public.\(wanted)")
        #expect(finding.message.contains(stranger.reason), "\(finding.message)")
        #expect(try await fixture.string("SELECT to_regclass(\(bind: wanted))::oid::text AS v") == before)
        let partitions = try await fixture.children(of: "ledger").map(\.name)
        #expect(!partitions.contains(wanted) && partitions.contains(wanted + "_alt1"), "\(partitions)")
        let again = try #require(try await fixture.rotate().table("ledger"))
        #expect(again.outcome == .converged && again.steps.isEmpty, "\(again)")
    }

    @Test("by an empty table of the parent's shape is that table's: it is adopted and brought into line")
    func adoption() async throws {
        let fixture = try await Fixture()
        try await fixture.makeRole()
        try await fixture.makeLedger()
        try await fixture.run([
            "CREATE INDEX ledger_note ON ledger (lower(note))", "ALTER TABLE ledger ADD PRIMARY KEY (id, at)",
            "ALTER TABLE ledger ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
            "CREATE POLICY own ON ledger USING (note = current_user)", "GRANT SELECT (note) ON ledger TO %role%",
            "COMMENT ON TABLE ledger IS 'What is owed'", "ALTER TABLE ledger_first SET (fillfactor = 70)",
        ])
        let wanted = try #require(try await fixture.wantedNames("ledger").first)
        try await fixture.run([
            "CREATE TABLE \(wanted) (amount numeric, note text, at date NOT NULL, id bigint NOT NULL)",
            "GRANT SELECT, DELETE ON \(wanted) TO %role% WITH GRANT OPTION",
            "CREATE POLICY backdoor ON \(wanted) USING (true)",
            "CREATE POLICY own ON \(wanted) USING (true)",
            "ALTER TABLE \(wanted) SET (autovacuum_enabled = off, toast.vacuum_truncate = off), ALTER note SET STATISTICS 3, "
                + "ALTER note SET (n_distinct = 5), ALTER note SET STORAGE PLAIN, ALTER note SET COMPRESSION pglz",
            "ALTER TABLE \(wanted) REPLICA IDENTITY FULL", "COMMENT ON TABLE \(wanted) IS 'prepared'",
        ])
        let oid = try await fixture.string("SELECT to_regclass(\(bind: wanted))::oid::text AS v")
        let table = try #require(try await fixture.rotate().table("ledger"))
        #expect(table.outcome == .converged, "\(table)")
        #expect(try await fixture.children(of: "ledger").contains { String($0.oid) == oid && $0.name == wanted })
        #expect(try await fixture.drift(in: "ledger") == [])
    }

    @Test("doesn't matter where a partition of any name covers the range")
    func coveredAlready() async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger()
        for month in 1...3 { try await fixture.makeMonth("Something else \(month)", of: "ledger", monthsAhead: month) }
        let table = try #require(try await fixture.rotate().table("ledger"))
        #expect(table.outcome == .converged && table.steps.isEmpty, "\(table)")
    }
}

extension Fixture {
    /// The names that the next run would give to a table's new partitions.
    func wantedNames(_ table: String) async throws -> [String] {
        try await observe().plan.steps.filter { $0.table.name == table }.compactMap { step in
            if case .createPartition(let creation) = step.action { creation.name.name } else { nil }
        }
    }
}
