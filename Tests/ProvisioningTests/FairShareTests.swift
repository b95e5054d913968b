// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning
import Provisioning
import Testing
import TestSupport

/// A run comes to `first` before `second`: they are equally urgent.
@Suite("What takes long for one table", .temporaryDatabase)
struct FairShareTests {
    private func tables(_ statements: String...) async throws -> Fixture {
        let fixture = try await Fixture()
        for table in ["first", "second"] {
            try await fixture.run([
                "SET TimeZone = 'UTC'",
                "CREATE TABLE \(table) (at timestamptz NOT NULL, note text) PARTITION BY RANGE (at)",
            ])
            try await fixture.makeMonth("\(table)_now", of: table, monthsAhead: 0)
        }
        try await fixture.run(statements)
        return fixture
    }

    private func budget(_ seconds: Int) -> RunBudget {
        RunBudget(run: .seconds(seconds), table: .seconds(seconds), emergencyDays: 0)
    }

    private func outcomes(_ table: TableReport?, _ isWanted: (Step) -> Bool) -> [StepReport.Result] {
        table?.steps.filter { isWanted($0.step) }.map(\.result) ?? []
    }

    @Test("as an index that waits for somebody's old snapshot, keeps no table from its partitions, and says who it is")
    func oldSnapshot() async throws {
        let fixture = try await tables("CREATE TABLE unrelated (x int)", "CREATE INDEX gap ON ONLY first (note)")
        let dump = try await fixture.database.connect(applicationName: "pg_dump")
        _ = try await dump.script([
            "BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT FROM unrelated",
        ])
        let report = try await fixture.provisioner(budget: budget(8)).rotate()
        #expect(report.table("second")?.outcome == .converged)
        let first = try #require(report.table("first"))
        #expect(first.coverage?.missing == [])
        let repairs = outcomes(first) { if case .repairIndex = $0.action { true } else { false } }
        guard repairs.count == 1, case .deferred(let reason, let blockers) = repairs[0] else {
            Issue.record("\(first.steps)")
            return
        }
        #expect(blockers.map(\.pid) == [Int(dump.backendPID)])
        #expect(blockers.first?.mode == Blocker.snapshot)
        #expect(reason.contains("building the index gap on public.first_now"), "\(reason)")
        #expect(reason.contains("pid \(dump.backendPID)") && reason.contains("pg_dump"), "\(reason)")
        #expect(first.outcome == .deferred(reason))
    }

    @Test("as a big default partition that is hard to read, keeps no less urgent table from its partitions")
    func hardScan() async throws {
        let fixture = try await tables(
            "CREATE TABLE first_rest PARTITION OF first DEFAULT",
            "INSERT INTO first SELECT '1999-01-01', repeat('x', 200) FROM generate_series(1, 60000)"
        )
        let maintenance = try await fixture.database.connect(applicationName: "maintenance")
        let report = try await Visits.run(fixture.provisioner(budget: budget(5)), at: .observed) { _ in
            _ = try await maintenance.script(["BEGIN", "LOCK TABLE first_rest IN ACCESS EXCLUSIVE MODE"])
        }
        #expect(report.table("second")?.outcome == .converged)
        guard case .deferred(let reason) = report.table("first")?.outcome else {
            Issue.record("\(String(describing: report.table("first")))")
            return
        }
        #expect(reason.contains("public.first_rest") && reason.contains("application maintenance"), "\(reason)")
        _ = try await maintenance.query("COMMIT")
        #expect(try await fixture.rotate().table("first")?.outcome == .converged)
    }

    @Test("as an index that waits for a writer, leaves the other tables' indexes their share of the run")
    func share() async throws {
        let fixture = try await tables(
            "CREATE INDEX first_gap ON ONLY first (note)",
            "CREATE INDEX second_gap ON ONLY second (note)"
        )
        let writer = try await fixture.database.connect(applicationName: "writer")
        _ = try await writer.script(["BEGIN", "INSERT INTO first VALUES (now())"])
        let report = try await fixture.provisioner(budget: budget(12)).rotate()
        #expect(report.table("second")?.outcome == .converged)
        guard case .deferred(let reason) = report.table("first")?.outcome else {
            Issue.record("\(String(describing: report.table("first")))")
            return
        }
        #expect(reason.contains("writer"), "\(reason)")
        _ = try await writer.query("COMMIT")
        #expect(try await fixture.rotate().table("first")?.outcome == .converged)
    }
}
