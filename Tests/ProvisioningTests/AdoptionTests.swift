// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning
import Provisioning
import Testing
import TestSupport

@Suite("An empty table that has been examined for adoption", .temporaryDatabase)
struct AdoptionTests {
    /// What another session does to it; `%name%` is its name.
    struct Meddling: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var statements: [String]
    }

    static let meddlings = [
        Meddling(
            testDescription: "gets rows",
            statements: ["INSERT INTO %name% VALUES (1, date_trunc('month', now()) + interval '1 month')"]
        ),
        Meddling(
            testDescription: "is swapped for another with rows",
            statements: [
                "ALTER TABLE %name% RENAME TO moved", "CREATE TABLE %name% (LIKE ledger INCLUDING ALL)",
                "CREATE POLICY backdoor ON %name% USING (true)", "COMMENT ON TABLE %name% IS 'prepared'",
                "INSERT INTO %name% VALUES (1, date_trunc('month', now()) + interval '1 month')",
            ]
        ),
        Meddling(testDescription: "gets an heir", statements: ["CREATE TABLE heir () INHERITS (%name%)"]),
    ]

    @Test("is neither altered nor attached where it, before that, …", arguments: meddlings)
    func meddledWith(_ meddling: Meddling) async throws {
        let fixture = try await Fixture()
        let wanted = try await fixture.prepareLedger()
        let other = try await fixture.database.connect(applicationName: "other")
        let report = try await Visits.run(fixture.provisioner(), at: .observed) { _ in
            for text in meddling.statements {
                let sql = text.replacing("%name%", with: wanted)
                _ = try await other.query(Statement(trustedCatalogSQL: sql, "written in the test"))
            }
        }
        let table = try #require(report.table("ledger"))
        #expect(table.outcome == .converged, "\(table)")
        let partitions = try await fixture.children(of: "ledger").map(\.name)
        #expect(!partitions.contains(wanted) && partitions.contains(wanted + "_alt1"), "\(partitions)")
        let states = try await fixture.strings(
            """
            SELECT concat_ws(' ', c.relispartition, obj_description(c.oid), (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid)) AS v
              FROM pg_class c WHERE c.relname IN (\(bind: wanted), 'moved')
            """
        )
        #expect(Set(states) == ["f prepared 1"], "\(states)")
    }

    @Test("is not attached where it gets rows just before that, in its range or out of it", arguments: [1, 100])
    func writtenTo(months: Int) async throws {
        let fixture = try await Fixture()
        let wanted = try await fixture.prepareLedger()
        let report = try await Visits.run(fixture.provisioner(), at: .tableBuilt) { _ in
            try await fixture.execute(
                "INSERT INTO \(identifier: wanted) VALUES (1, date_trunc('month', now()) + \(literal: months) * interval '1 month')"
            )
        }
        #expect(report.table("ledger")?.outcome == .converged)
        let partitions = try await fixture.children(of: "ledger").map(\.name)
        #expect(!partitions.contains(wanted) && partitions.contains(wanted + "_alt1"), "\(partitions)")
        #expect(try await fixture.strings("SELECT count(*)::text AS v FROM \(identifier: wanted)") == ["1"])
    }

    @Test("is left for later while somebody uses it")
    func inUse() async throws {
        let fixture = try await Fixture()
        let wanted = try await fixture.prepareLedger()
        let reader = try await fixture.database.connect(applicationName: "reader")
        _ = try await reader.query("BEGIN")
        _ = try await reader.query("SELECT FROM \(identifier: wanted)")
        let watcher = try await fixture.database.connect(applicationName: "watcher")
        let table = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    // Asked for and not given: whoever came now would have to queue behind us.
                    let asked = try await watcher.query(
                        "SELECT FROM pg_locks WHERE NOT granted AND relation = to_regclass(\(bind: wanted))"
                    )
                    #expect(asked.isEmpty)
                    try? await Task.sleep(for: .milliseconds(5))
                }
            }
            let report = try await fixture.rotate()
            group.cancelAll()
            return try #require(report.table("ledger"))
        }
        guard case .deferred(let reason) = table.outcome else {
            Issue.record("\(table)")
            return
        }
        #expect(reason.contains("pid \(reader.backendPID)"), "\(reason)")
        _ = try await reader.query("COMMIT")
        #expect(try await fixture.rotate().table("ledger")?.outcome == .converged)
        #expect(try await fixture.children(of: "ledger").map(\.name).contains(wanted))
    }

    @Test("is adopted also by an owner who has no privileges on it")
    func withoutPrivileges() async throws {
        let fixture = try await Fixture()
        try await fixture.makeRole()
        let wanted = try await fixture.prepareLedger()
        try await fixture.run([
            "GRANT ALL ON SCHEMA public TO %role%", "ALTER TABLE ledger OWNER TO %role%",
            "ALTER TABLE ledger_first OWNER TO %role%", "ALTER TABLE \(wanted) OWNER TO %role%",
            "REVOKE ALL ON \(wanted) FROM %role%",
        ])
        let table = try #require(try await fixture.provisioner(user: fixture.role).rotate().table("ledger"))
        #expect(table.outcome == .converged, "\(table)")
        #expect(try await fixture.children(of: "ledger").map(\.name).contains(wanted))
    }
}

extension Fixture {
    /// The ledger, and an empty table, prepared by hand, of the name that its next partition will get.
    ///
    /// - Returns: that name.
    fileprivate func prepareLedger() async throws -> String {
        try await makeLedger()
        let wanted = try #require(try await wantedNames("ledger").first)
        try await run([
            "CREATE TABLE \(wanted) (LIKE ledger INCLUDING ALL)", "CREATE POLICY backdoor ON \(wanted) USING (true)",
            "COMMENT ON TABLE \(wanted) IS 'prepared'",
        ])
        return wanted
    }
}
