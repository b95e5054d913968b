// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import LocalPostgres
import Partitioning
import Provisioning
import Testing
import TestSupport

@Suite("An index of the parent", .temporaryDatabase)
struct IndexRepairTests {
    struct Gap: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// Leave the ledger, or its first partition, without a valid child of the parent's index.
        var statements: [String]
        /// Statements of which the last fails, as a build does.
        var failing: [String] = []
        var afterwards: [String] = []
        /// An index of the partition that has to be used, not built anew.
        var kept: String?
    }

    static let gaps = [
        Gap(
            testDescription: "of which a partition has none",
            statements: ["CREATE INDEX i ON ONLY ledger (lower(note)) WHERE amount > 0"]
        ),
        Gap(
            testDescription: "in a tablespace of its own",
            statements: ["CREATE INDEX i ON ONLY ledger (note) TABLESPACE %space%"]
        ),
        Gap(
            testDescription: "for which somebody has built one by hand",
            statements: [
                "CREATE INDEX i ON ONLY ledger (note) INCLUDE (id)",
                "CREATE INDEX by_hand ON ledger_first (note) INCLUDE (id)",
            ],
            kept: "by_hand"
        ),
        Gap(
            testDescription: "whose name the partition's index would get is taken",
            statements: ["CREATE TABLE ledger_first_i ()", "CREATE INDEX i ON ONLY ledger (note)"]
        ),
        Gap(
            testDescription: "that is a primary key",
            statements: ["ALTER TABLE ONLY ledger ADD CONSTRAINT i PRIMARY KEY (id, at) INCLUDE (note)"]
        ),
        Gap(
            testDescription: "that is a primary key, with a unique index made by hand",
            statements: [
                "ALTER TABLE ONLY ledger ADD CONSTRAINT i PRIMARY KEY (id, at)",
                "CREATE UNIQUE INDEX by_hand ON ledger_first (id, at)",
            ],
            kept: "by_hand"
        ),
        Gap(
            testDescription: "that is a primary key, with one made by hand",
            statements: [
                "ALTER TABLE ONLY ledger ADD CONSTRAINT i PRIMARY KEY (id, at)",
                "ALTER TABLE ledger_first ADD CONSTRAINT by_hand PRIMARY KEY (id, at)",
            ],
            kept: "by_hand"
        ),
        Gap(
            testDescription: "that is a unique constraint, checked at the end of transactions",
            statements: [
                "ALTER TABLE ONLY ledger ADD CONSTRAINT i UNIQUE NULLS NOT DISTINCT (note, at) DEFERRABLE INITIALLY DEFERRED"
            ]
        ),
        Gap(
            testDescription: "of which an interrupted build has left an invalid one",
            statements: [
                "CREATE UNIQUE INDEX i ON ONLY ledger (id, at)",
                "INSERT INTO ledger SELECT 1, now() FROM generate_series(1, 2)",
            ],
            failing: ["CREATE UNIQUE INDEX CONCURRENTLY remnant ON ledger_first (id, at)"],
            afterwards: ["TRUNCATE ledger_first"]
        ),
        Gap(
            testDescription: "to which an invalid one is attached",
            statements: [
                "CREATE UNIQUE INDEX i ON ONLY ledger (id, at)",
                "INSERT INTO ledger SELECT 1, now() FROM generate_series(1, 2)",
            ],
            failing: ["CREATE UNIQUE INDEX CONCURRENTLY remnant ON ledger_first (id, at)"],
            afterwards: ["ALTER INDEX i ATTACH PARTITION remnant", "TRUNCATE ledger_first"],
            kept: "remnant"
        ),
    ]

    @Test("gets its valid child on every partition:", arguments: gaps)
    func repair(_ gap: Gap) async throws {
        let fixture = try await Fixture()
        try await fixture.makeTablespace()
        try await fixture.makeLedger()
        try await fixture.run(gap.statements)
        for statement in gap.failing {
            await #expect(throws: PostgresError.self) { try await fixture.run([statement]) }
        }
        try await fixture.run(gap.afterwards)
        #expect(
            try await fixture.observe().plan.findings.contains { $0.code == .missingIndex && $0.severity == .error }
        )

        let report = try await fixture.rotate()
        let table = try #require(report.table("ledger"))
        #expect(table.outcome == .converged, "\(table)")
        let partitions = try await fixture.children(of: "ledger")
        let children = try await fixture.strings(
            """
            SELECT concat_ws(' ', i.indisvalid, x.relname, x.reltablespace = p.reltablespace) AS v
              FROM pg_inherits h JOIN pg_index i ON i.indexrelid = h.inhrelid JOIN pg_class x ON x.oid = i.indexrelid
              JOIN pg_class p ON p.oid = h.inhparent WHERE h.inhparent = 'i'::regclass
            """
        )
        #expect(children.count == partitions.count)
        #expect(children.allSatisfy { $0.hasPrefix("t ") && $0.hasSuffix(" t") }, "\(children)")
        if let kept = gap.kept { #expect(children.contains("t \(kept) t"), "\(children)") }
        #expect(
            try await fixture.string("SELECT indisvalid::text AS v FROM pg_index WHERE indexrelid = 'i'::regclass")
                == "true"
        )
        // Every index of the partitions is one of these: nothing was built twice, nothing left.
        let all = try await fixture.string(
            "SELECT count(*)::text AS v FROM pg_index WHERE indrelid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'ledger'::regclass)"
        )
        #expect(all == String(partitions.count))
        let constraints = try await fixture.strings(
            "SELECT DISTINCT concat_ws(' ', contype, condeferrable, condeferred) AS v FROM pg_constraint WHERE conrelid::regclass::text LIKE 'ledger%' AND contype IN ('p', 'u')"
        )
        #expect(constraints.count <= 1, "\(constraints)")
        #expect(try await fixture.rotate().table("ledger")?.steps.isEmpty == true)
    }

    @Test("that can't be built there is reported with its own SQLSTATE, and leaves no remnant")
    func failure() async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger()
        try await fixture.run([
            "CREATE UNIQUE INDEX i ON ONLY ledger (id, at)",
            "INSERT INTO ledger SELECT 1, now() FROM generate_series(1, 2)",
        ])
        let table = try #require(try await fixture.rotate().table("ledger"))
        guard case .failed(let failure) = table.outcome else {
            Issue.record("\(table)")
            return
        }
        #expect(failure.sqlState == "23505", "\(failure)")
        #expect(
            try await fixture.strings(
                "SELECT indexrelid::regclass::text AS v FROM pg_index WHERE indrelid = 'ledger_first'::regclass"
            ) == []
        )
        #expect(try await fixture.children(of: "ledger").count == fixture.connection.months().count)
    }

    @Test("that can't be built there leaves alone the valid index that has the name already")
    func failureBeforeTheName() async throws {
        let fixture = try await Fixture()
        try await fixture.makeRole()
        try await fixture.makeTablespace()
        try await fixture.makeLedger()
        // The role may not create anything in the tablespace, which is said before anybody looks at the name.
        try await fixture.run([
            "CREATE INDEX i ON ONLY ledger (note) TABLESPACE %space%",
            "CREATE INDEX ledger_first_i ON ledger_first (amount)",
            "GRANT ALL ON SCHEMA public TO %role%", "ALTER TABLE ledger OWNER TO %role%",
            "ALTER TABLE ledger_first OWNER TO %role%",
        ])
        let table = try #require(try await fixture.provisioner(user: fixture.role).rotate().table("ledger"))
        let states = table.steps.compactMap { report -> String? in
            guard case .repairIndex = report.step.action, case .failed(let failure) = report.result else { return nil }
            return failure.sqlState
        }
        #expect(states == ["42501"], "\(table)")
        #expect(try await fixture.indexesOfFirst() == ["ledger_first_i t"])
    }

    @Test("for which no name is free leaves alone the indexes that have the names")
    func noNameFree() async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger()
        let names = ["ledger_first_i"] + (1...20).map { "ledger_first_i_alt\($0)" }
        try await fixture.run(
            ["CREATE INDEX i ON ONLY ledger (note)"] + names.map { "CREATE INDEX \($0) ON ledger_first (amount)" }
        )
        let table = try #require(try await fixture.rotate().table("ledger"))
        guard case .failed(let failure) = table.outcome else {
            Issue.record("\(table)")
            return
        }
        #expect(failure.sqlState == "42P07", "\(failure)")
        #expect(try await fixture.indexesOfFirst() == names.map { $0 + " t" }.sorted())
    }

    @Test("that somebody is building there at the moment is left to them", arguments: [true, false])
    func beingBuilt(superuser: Bool) async throws {
        let fixture = try await Fixture()
        try await fixture.makeRole()
        try await fixture.makeLedger()
        try await fixture.run([
            "CREATE INDEX i ON ONLY ledger (note)", "GRANT ALL ON SCHEMA public TO %role%",
            "ALTER TABLE ledger OWNER TO %role%",
            "ALTER TABLE ledger_first OWNER TO %role%",
        ])
        // CREATE INDEX CONCURRENTLY waits for a transaction that writes the table.
        let writer = try await fixture.database.connect(applicationName: "writer")
        _ = try await writer.query("BEGIN")
        _ = try await writer.query("INSERT INTO ledger VALUES (1, now())")
        let builder = try await fixture.database.connect(applicationName: "builder")
        let building = Task { try await builder.query("CREATE INDEX CONCURRENTLY theirs ON ledger_first (note)") }
        try await eventually("their index is there, and invalid") {
            try await fixture.string(
                "SELECT indisvalid::text AS v FROM pg_index WHERE indexrelid = to_regclass('theirs')"
            ) == "false"
        }
        let run = try fixture.provisioner(user: superuser ? "postgres" : fixture.role)
        let table = try #require(try await run.rotate().table("ledger"))
        guard case .deferred(let reason) = table.outcome else {
            Issue.record("\(table)")
            return
        }
        #expect(reason.contains("builder"), "\(reason)")
        _ = try await writer.query("COMMIT")
        _ = try await building.value
        #expect(try await run.rotate().table("ledger")?.outcome == .converged)
        #expect(
            try await fixture.strings(
                "SELECT indexrelid::regclass::text AS v FROM pg_index WHERE indrelid = 'ledger_first'::regclass"
            )
                == ["theirs"]
        )
    }
}

extension Fixture {
    /// The indexes of the ledger's first partition, and whether they are valid.
    fileprivate func indexesOfFirst() async throws -> [String] {
        try await strings(
            """
            SELECT concat_ws(' ', c.relname, i.indisvalid) AS v FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
             WHERE i.indrelid = 'ledger_first'::regclass ORDER BY c.relname::text COLLATE "C"
            """
        ).sorted()
    }
}
