// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import PartitionMap
import PartitionRouter
import Partitioning
import Provisioning
import Testing
import TestSupport

@Suite("What isn't grown is read, reported and left as it is", .temporaryDatabase)
struct LeftAloneTests {
    struct Shape: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// Make a partitioned table `shape`.
        var statements: [String]
        var reason: LeftAlone.Reason
    }

    private static func ranges(_ columns: String, _ key: String, _ from: String, _ to: String) -> [String] {
        [
            "CREATE TABLE shape (\(columns)) PARTITION BY RANGE (\(key))",
            "CREATE TABLE shape_1 PARTITION OF shape FOR VALUES FROM (\(from)) TO (\(to))",
        ]
    }

    static let shapes = [
        Shape(
            testDescription: "a list of values, NULL among them",
            statements: [
                "CREATE TABLE shape (x text) PARTITION BY LIST (x)",
                "CREATE TABLE shape_1 PARTITION OF shape FOR VALUES IN ('it''s', NULL, 'a,b')",
                "CREATE TABLE shape_2 PARTITION OF shape DEFAULT",
            ],
            reason: .kind
        ),
        Shape(
            testDescription: "a hash",
            statements: [
                "CREATE TABLE shape (x int) PARTITION BY HASH (x)",
                "CREATE TABLE shape_1 PARTITION OF shape FOR VALUES WITH (MODULUS 4, REMAINDER 3)",
            ],
            reason: .kind
        ),
        Shape(
            testDescription: "two columns",
            statements: ranges("x int, at date", "x, at", "1, '2026-01-01'", "MAXVALUE, MAXVALUE"),
            reason: .kind
        ),
        Shape(testDescription: "integers", statements: ranges("x bigint", "x", "MINVALUE", "1000000"), reason: .kind),
        Shape(testDescription: "texts", statements: ranges("x text", "x", "'a'", "'b'"), reason: .kind),
        Shape(testDescription: "uuids", statements: ranges("x uuid", "x", "MINVALUE", "MAXVALUE"), reason: .kind),
        Shape(
            testDescription: "an expression",
            statements: ranges("at timestamp", "(date_trunc('month', at))", "'2026-01-01'", "'2026-02-01'"),
            reason: .kind
        ),
        Shape(
            testDescription: "a domain over a timestamp",
            statements: ["CREATE DOMAIN moment AS timestamptz"]
                + ranges("at moment", "at", "'2026-01-01'", "'2026-02-01'"),
            reason: .kind
        ),
        Shape(
            testDescription: "partitions that are partitioned themselves",
            statements: [
                "CREATE TABLE shape (x int, at date) PARTITION BY RANGE (at)",
                "CREATE TABLE shape_1 PARTITION OF shape FOR VALUES FROM ('2026-11-01') TO ('2026-12-01') PARTITION BY HASH (x)",
                "CREATE TABLE shape_1_0 PARTITION OF shape_1 FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
            ],
            reason: .kind
        ),
        Shape(
            testDescription: "no partition at all",
            statements: ["CREATE TABLE shape (at date) PARTITION BY RANGE (at)"],
            reason: .notInferable
        ),
        Shape(
            testDescription: "only unbounded partitions",
            statements: ranges("at date", "at", "MINVALUE", "MAXVALUE"),
            reason: .notInferable
        ),
        Shape(
            testDescription: "a period that is none",
            statements: ranges("at timestamptz", "at", "'2026-11-03 01:02:03.45Z'", "'2026-11-07 22:11:00.1Z'"),
            reason: .notInferable
        ),
        Shape(
            testDescription: "a bound beyond what can be counted",
            statements: ranges("at timestamptz", "at", "'294276-01-01Z'", "MAXVALUE"),
            reason: .unreadableBound
        ),
        Shape(
            testDescription: "nobody's interest for years",
            statements: ranges("at date", "at", "'2019-11-01'", "'2019-12-01'"),
            reason: .dormant
        ),
        Shape(
            testDescription: "an extension for an owner",
            statements: ranges("at date", "at", "'2026-11-01'", "'2026-12-01'") + [
                "ALTER EXTENSION plpgsql ADD TABLE shape"
            ],
            reason: .extensionMember
        ),
    ]

    @Test("a table by, or with,", arguments: shapes)
    func shape(_ shape: Shape) async throws {
        let fixture = try await Fixture()
        try await fixture.run(["SET TimeZone = 'UTC'"] + shape.statements)
        try await fixture.makeLedger()
        let before = try await fixture.fingerprint()
        let registry = MemoryRegistry()
        let report = try await fixture.rotate(registry: registry)
        let table = try #require(report.table("shape"))
        #expect(table.steps.isEmpty)
        let plan = try await fixture.observe().plan
        guard case .leftAlone(let left) = try #require(plan.tables.first { $0.table.name == "shape" }).disposition
        else {
            Issue.record("\(plan)")
            return
        }
        #expect(left.reason == shape.reason, "\(left)")
        #expect(table.findings.contains { $0.message.contains(left.explanation) })
        if shape.reason == .unreadableBound {
            if case .failed = table.outcome {} else { Issue.record("\(table.outcome)") }
        } else {
            #expect(table.outcome == .leftAlone)
        }
        #expect(try await fixture.fingerprint() == before)
        #expect(await registry.entities() == [PublisherTests.ledger])
        #expect(report.table("ledger")?.outcome == .converged)
    }

    @Test("views, materialized views, plain, inherited, foreign and temporary tables")
    func others() async throws {
        let fixture = try await Fixture()
        try await fixture.run([
            "CREATE TABLE plain (at date)", "CREATE TABLE heir (x int) INHERITS (plain)",
            "CREATE VIEW seen AS SELECT * FROM plain",
            "CREATE MATERIALIZED VIEW kept AS SELECT * FROM plain", "CREATE FOREIGN DATA WRAPPER nowhere",
            "CREATE SERVER nowhere FOREIGN DATA WRAPPER nowhere", "CREATE FOREIGN TABLE far (at date) SERVER nowhere",
            "CREATE TEMPORARY TABLE passing (at date) PARTITION BY RANGE (at)",
            "CREATE TEMPORARY TABLE passing_1 PARTITION OF passing FOR VALUES FROM ('2026-11-01') TO ('2026-12-01')",
        ])
        let before = try await fixture.fingerprint()
        #expect(try await fixture.rotate().tables.isEmpty)
        #expect(try await fixture.fingerprint() == before)
    }

    @Test("foreign partitions, and those with bounds at infinity, beside which the table is grown")
    func foreignPartitions() async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger(key: "timestamptz")
        try await fixture.run([
            "CREATE FOREIGN DATA WRAPPER nowhere", "CREATE SERVER nowhere FOREIGN DATA WRAPPER nowhere",
            "CREATE FOREIGN TABLE far PARTITION OF ledger FOR VALUES FROM ('2020-01-01Z') TO ('2020-02-01Z') SERVER nowhere",
            "CREATE TABLE ancient PARTITION OF ledger FOR VALUES FROM (MINVALUE) TO ('2010-01-01Z')",
            "CREATE TABLE distant PARTITION OF ledger FOR VALUES FROM ('2900-01-01Z') TO ('infinity')",
            "CREATE TABLE for_ever PARTITION OF ledger FOR VALUES FROM ('infinity') TO (MAXVALUE)",
            "CREATE INDEX ON ledger (note)",
        ])
        let registry = MemoryRegistry()
        let table = try #require(try await fixture.rotate(registry: registry).table("ledger"))
        #expect(table.outcome == .converged, "\(table)")
        let partitions = try await fixture.children(of: "ledger")
        // Beside the four of above.
        #expect(try await partitions.count == 4 + fixture.connection.months().count)
        #expect(try await registry.load(PublisherTests.ledger)?.document.entries.count == partitions.count)
        #expect(try await fixture.rotate(registry: registry).table("ledger")?.steps.isEmpty == true)
    }

    @Test("what pg_partman maintains; and all, as long as that can't be seen")
    func partman() async throws {
        let fixture = try await Fixture()
        try await fixture.makeRole()
        try await fixture.makeLedger()
        try await fixture.run([
            "CREATE TABLE \"Part Man\" (at date) PARTITION BY RANGE (at)", "GRANT ALL ON SCHEMA public TO %role%",
            "CREATE SCHEMA \"part Man\"", "CREATE TABLE \"part Man\".part_config (parent_table text)",
            "INSERT INTO \"part Man\".part_config VALUES ('public.Part Man'), ('public.gone')",
            "SET allow_system_table_mods = on",
            """
            INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
            VALUES (99999, 'pg_partman', 10, '"part Man"'::regnamespace, false, '5.2')
            """,
        ])
        try await fixture.makeMonth("Part Man_p", of: "Part Man", monthsAhead: 0)
        let report = try await fixture.rotate()
        #expect(report.table("ledger")?.outcome == .converged)
        #expect(report.table("Part Man")?.outcome == .leftAlone)
        #expect(report.table("Part Man")?.findings.contains { $0.message.contains("pg_partman") } == true)

        // What this program has begun it goes on with; the other table could be pg_partman's.
        try await fixture.run([
            "ALTER TABLE \"Part Man\" OWNER TO %role%", "ALTER TABLE \"Part Man_p\" OWNER TO %role%",
            "ALTER TABLE ledger OWNER TO %role%",
        ])
        for grant in [
            "GRANT USAGE ON SCHEMA \"part Man\" TO %role%", "GRANT SELECT ON \"part Man\".part_config TO %role%",
        ] {
            let blind = try await fixture.provisioner(user: fixture.role).rotate()
            let finding = try #require(blind.table("Part Man")?.findings.first)
            #expect(finding.remedy == grant.replacing("%role%", with: fixture.role))
            #expect(blind.table("Part Man")?.steps.isEmpty == true)
            #expect(blind.table("ledger")?.policy != nil)
            try await fixture.run([grant])
        }
        let seeing = try await fixture.provisioner(user: fixture.role).rotate()
        #expect(seeing.table("Part Man")?.findings.contains { $0.message.contains("maintains it") } == true)
    }
}

extension Fixture {
    /// Changes when any relation of the table `shape` or of other names than the ledger's does.
    fileprivate func fingerprint() async throws -> String? {
        try await string(
            """
            SELECT md5(string_agg(concat_ws(' ', c.oid, c.relname, c.xmin), ',' ORDER BY c.oid)) AS v
              FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = 'public' AND c.relname NOT LIKE 'ledger%' AND c.relname <> 'limits'
            """
        )
    }
}
