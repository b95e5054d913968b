// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import PartitionMap
import PartitionRouter
import Partitioning
import Provisioning
import Testing
import TestSupport

@Suite("Whatever things are called,", .temporaryDatabase)
struct NameTests {
    @Test(
        "schema, table, column, role, policy, index and constraint may be called",
        arguments: [
            "Mixed Case", "quo\"te", "it's", "semi;colon -- ", "dot.ted", "select", "näme ☃ 表", "back\\slash",
            "new\nline",
            "'; DROP TABLE victims; --", "\"; DROP TABLE victims; --", "$$; DROP TABLE victims; $$",
            "%s %I %1$L {table} $1",
            "{\"partition-cli\":{}}", " ", "e\u{301}",
        ]
    )
    func hostile(_ name: String) async throws {
        let fixture = try await Fixture()
        let role = String(name.prefix(20)) + fixture.database.name
        let table: Statement = "\(qualified: name, name)"
        try await fixture.execute(
            "CREATE TABLE public.victims ()",
            "CREATE ROLE \(identifier: role)",
            "CREATE SCHEMA \(identifier: name)",
            "CREATE TABLE \(qualified: name, "other") (\(identifier: name) date PRIMARY KEY)",
            """
            CREATE TABLE \(fragment: table) (\(identifier: name) date NOT NULL, value int,
                CONSTRAINT \(identifier: name) CHECK (value > 0)) PARTITION BY RANGE (\(identifier: name))
            """,
            "ALTER TABLE \(fragment: table) ADD FOREIGN KEY (\(identifier: name)) REFERENCES \(qualified: name, "other")",
            "CREATE INDEX \(identifier: name + "i") ON \(fragment: table) ((\(identifier: name) + 1))",
            "ALTER INDEX \(qualified: name, name + "i") ALTER COLUMN 1 SET STATISTICS 7",
            "CREATE STATISTICS \(qualified: name, name + "s") ON value, \(identifier: name) FROM \(fragment: table)",
            """
            CREATE POLICY \(identifier: name) ON \(fragment: table) TO \(identifier: role) USING (EXISTS (
                SELECT FROM \(qualified: name, "other") o WHERE o.\(identifier: name) = \(identifier: name).\(identifier: name)))
            """,
            "GRANT SELECT (\(identifier: name)) ON \(fragment: table) TO \(identifier: role) WITH GRANT OPTION",
            "COMMENT ON TABLE \(fragment: table) IS \(literal: name)",
            "COMMENT ON COLUMN \(fragment: table).\(identifier: name) IS \(literal: name)",
            "CREATE TABLE \(qualified: name, name + " rest") PARTITION OF \(fragment: table) DEFAULT"
        )
        try await fixture.makeMonth(name + " now", of: name, schema: name, monthsAhead: 0)
        let registry = MemoryRegistry()
        let report = try await fixture.rotate(registry: registry)
        #expect(report.table(name)?.outcome == .converged, "\(String(describing: report.table(name)))")
        let partitions = try await fixture.partitions(of: name, schema: name)
        // One for each month, and the default partition.
        #expect(try await partitions.count == fixture.connection.months().count + 1)
        #expect(try await fixture.drift(in: name) == [])
        let map = try #require(try await registry.load(EntityName(schema: name, table: name)))
        #expect(map.document.entries.count == partitions.count)
        #expect(try await fixture.rotate(registry: registry).table(name)?.steps == [])
        #expect(
            try await fixture.strings("SELECT 'there' AS v FROM public.victims RIGHT JOIN (SELECT 1) x ON true") == [
                "there"
            ]
        )
    }

    @Test("two tables that share their first 62 bytes get partitions of different names, none longer than 63 bytes")
    func sharedPrefix() async throws {
        let fixture = try await Fixture()
        let prefix = String(repeating: "é", count: 31)
        let tables = [prefix + "a", prefix + "b", prefix]
        for (index, table) in tables.enumerated() {
            try await fixture.execute("CREATE TABLE \(identifier: table) (at date) PARTITION BY RANGE (at)")
            try await fixture.makeMonth("first_\(index)", of: table, monthsAhead: 0)
        }
        let report = try await fixture.rotate()
        let months = try await fixture.connection.months().count
        var names: [String] = []
        for table in tables {
            #expect(report.table(table)?.outcome == .converged, "\(String(describing: report.table(table)))")
            let partitions = try await fixture.partitions(of: table)
            #expect(partitions.count == months)
            names += partitions.compactMap { $0.split(separator: " ").first.map(String.init) }
        }
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { $0.utf8.count <= 63 })
    }

    @Test("tables of the same name in different schemas, and of names that only look the same, are kept apart")
    func sameNames() async throws {
        let fixture = try await Fixture()
        for (schema, table) in [("public", "events"), ("other", "events"), ("other", "e\u{301}"), ("other", "\u{e9}")] {
            try await fixture.execute(
                "CREATE SCHEMA IF NOT EXISTS \(identifier: schema)",
                "CREATE TABLE \(qualified: schema, table) (at date) PARTITION BY RANGE (at)"
            )
            try await fixture.makeMonth(table + " now", of: table, schema: schema, monthsAhead: 0)
        }
        let report = try await fixture.rotate()
        #expect(report.tables.map(\.outcome) == Array(repeating: .converged, count: 4), "\(report.tables)")
        let months = try await fixture.connection.months().count
        for (schema, table) in [("public", "events"), ("other", "events"), ("other", "e\u{301}"), ("other", "\u{e9}")] {
            #expect(try await fixture.partitions(of: table, schema: schema).count == months)
        }
    }

    @Test("columns whose names only look the same keep their own privileges and comments")
    func lookalikeColumns() async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger()
        try await fixture.execute(
            "ALTER TABLE ledger ADD COLUMN \"e\u{301}\" text DEFAULT 'two'",
            "ALTER TABLE ledger ADD COLUMN \"\u{e9}\" text DEFAULT 'one'",
            "COMMENT ON COLUMN ledger.\"\u{e9}\" IS 'one'",
            "GRANT SELECT (\"e\u{301}\") ON ledger TO PUBLIC"
        )
        #expect(try await fixture.rotate().table("ledger")?.outcome == .converged)
        #expect(try await fixture.drift(in: "ledger") == [])
        let newest = try #require(try await fixture.children(of: "ledger").last)
        #expect(
            try await fixture.strings(
                "SELECT attname::text AS v FROM pg_attribute WHERE attrelid = \(literal: Int64(newest.oid)) AND attacl IS NOT NULL"
            ).map { Array($0.utf8) } == [Array("e\u{301}".utf8)]
        )
    }
}
