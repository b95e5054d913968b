// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning
import Provisioning
import Testing
import TestSupport

@Suite("An autovacuum against transaction id wraparound", .serialized)
struct LocksWraparoundTests {
    @Test(
        "is never asked to make way, and makes the run defer, naming it, also where its query isn't shown",
        arguments: [true, false]
    )
    func defers(maySeeOthers: Bool) async throws {
        try await LocksFixture.with { fixture in
            try await fixture.makeEvents(.small)
            let user = maySeeOthers ? "postgres" : try await fixture.makeOwner()
            try await fixture.makeSlowAutovacuum(of: "events_default", againstWraparound: true)
            let vacuums = try await fixture.strings(
                "SELECT query AS v FROM pg_stat_activity WHERE backend_type = 'autovacuum worker' AND datname = current_database()"
            )
            #expect(vacuums.contains { $0.contains("to prevent wraparound") }, "\(vacuums)")
            let budget = RunBudget(run: .seconds(30), table: .seconds(3), emergencyDays: 0)
            let (report, bystanders) = try await Bystanders.during(fixture, fixture.workload(.small)) {
                try await fixture.provisioner(budget: budget, user: user).rotate()
            }
            let blockers = report.table("events")?.steps.flatMap { step -> [Blocker] in
                if case .deferred(_, let blockers) = step.result { blockers } else { [] }
            }
            try await fixture.execute(
                "ALTER SYSTEM RESET autovacuum",
                "SELECT pg_reload_conf()",
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'"
            )
            guard case .deferred(let reason) = report.table("events")?.outcome else {
                Issue.record("\(String(describing: report.table("events")))")
                return
            }
            #expect(reason.contains("against transaction id wraparound") && !reason.contains("attempts"), "\(reason)")
            #expect(blockers?.contains { $0.isWraparoundVacuum } == true)
            #expect(try fixture.log.lines.contains { $0.contains("canceling autovacuum task") } == false)
            #expect(try await fixture.partitionCount() == 2)
            try fixture.expectUndisturbed(bystanders)
            try await fixture.expectNothingLeft()
        }
    }
}
