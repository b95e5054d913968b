// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning
import Provisioning
import Testing
import TestSupport

@Suite("A detach that was interrupted", .temporaryDatabase)
struct LocksFinalizeTests {
    @Test("is completed, but not while an old snapshot would be waited for under its locks, whose owner is named")
    func finalize() async throws {
        let fixture = try await Fixture()
        try await fixture.makeEvents()
        #expect(try await fixture.rotate().table("events")?.outcome == .converged)
        try await fixture.execute("CREATE TABLE elsewhere ()")
        let partition = try #require(
            try await fixture.strings(
                """
                SELECT c.relname::text AS v FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid JOIN pg_description d ON d.objoid = c.oid
                 WHERE inhparent = 'events'::regclass ORDER BY c.relname DESC
                """
            ).first
        )
        let reader = try await fixture.database.connect(applicationName: "old-snapshot")
        _ = try await reader.script(["BEGIN", "SELECT FROM events LIMIT 1"])
        try await fixture.execute("SET lock_timeout = '100ms'")
        await #expect(throws: PostgresError.self) {
            try await fixture.execute("ALTER TABLE events DETACH PARTITION \(identifier: partition) CONCURRENTLY")
        }
        _ = try await reader.query("COMMIT")
        let pending: Statement = "SELECT 1::text AS v FROM pg_inherits WHERE inhdetachpending"
        #expect(try await fixture.strings(pending) == ["1"])

        _ = try await reader.script(["BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT FROM elsewhere"])
        let budget = RunBudget(run: .seconds(20), table: .seconds(1), emergencyDays: 0)
        let deferred = try await fixture.provisioner(budget: budget).rotate()
        let blockers = deferred.finalizing.flatMap { result -> [Blocker] in
            if case .deferred(_, let blockers) = result { blockers } else { [] }
        }
        #expect(blockers.map(\.application) == ["old-snapshot"])
        #expect(try await fixture.strings(pending) == ["1"])

        _ = try await reader.query("COMMIT")
        let finished = try await fixture.rotate().finalizing
        #expect(finished.count == 1)
        for result in finished {
            guard case .done = result else {
                Issue.record("\(result)")
                continue
            }
        }
        #expect(try await fixture.strings(pending) == [])
    }
}

extension RunReport {
    fileprivate var finalizing: [StepReport.Result] {
        (table("events")?.steps ?? []).filter { if case .finalizeDetach = $0.step.action { true } else { false } }
            .map(\.result)
    }
}
