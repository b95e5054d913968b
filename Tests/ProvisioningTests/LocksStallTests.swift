// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning
import Provisioning
import Testing
import TestSupport

/// One after the other, on a server of their own: they are about what one run does to others on the machine.
@Suite("Locks, with applications at work", .serialized)
struct LocksStallTests {
    @Test("a transaction that reads without a default partition is not waited for, and nobody else waits")
    func readerWithoutDefault() async throws {
        try await LocksFixture.with { fixture in
            try await fixture.makeEvents(.none)
            let reader = try await Holder.begin(fixture, "SELECT count(*) FROM events")
            let (report, bystanders) = try await Bystanders.during(fixture, fixture.workload(.none)) {
                try await fixture.provisioner().rotate()
            }
            try await reader.end()
            #expect(report.table("events")?.outcome == .converged)
            try fixture.expectUndisturbed(bystanders)
        }
    }

    @Test(
        "a transaction that holds the default partition is waited for without a stall, and the run succeeds when it ends",
        arguments: [LocksFixture.Default.small, .large]
    )
    func readerWithDefault(kind: LocksFixture.Default) async throws {
        try await LocksFixture.with { fixture in
            try await fixture.makeEvents(kind)
            let reader = try await Holder.begin(fixture, "SELECT 1 FROM events LIMIT 1")
            let (report, bystanders) = try await Bystanders.during(fixture, fixture.workload(kind)) {
                async let run = fixture.provisioner().rotate()
                try await fixture.waitForLooks(5)
                #expect(try await fixture.partitionCount() == 2)
                try await reader.end()
                return try await run
            }
            #expect(
                report.table("events")?.outcome == .converged,
                "\(String(describing: report.table("events")?.outcome))"
            )
            try fixture.expectUndisturbed(bystanders)
            try await fixture.expectNothingLeft()
        }
    }

    @Test("a reader of 8 s beside 3 million rows in the default partition stalls nobody")
    func eightSeconds() async throws {
        try await LocksFixture.with { fixture in
            try await fixture.makeEvents(.large)
            let reader = try await fixture.connect(Holder.application)
            let (report, bystanders) = try await Bystanders.during(fixture, fixture.workload(.large)) {
                async let reading = reader.query("SELECT pg_sleep(8) FROM (SELECT FROM events LIMIT 1) e")
                try await eventually("the reader reads") {
                    try await fixture.strings(
                        "SELECT 1::text AS v FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
                    ).count == 1
                }
                let report = try await fixture.provisioner().rotate()
                _ = try await reading
                return report
            }
            #expect(report.table("events")?.outcome == .converged)
            try fixture.expectUndisturbed(bystanders)
            try await fixture.expectNothingLeft()
        }
    }

    @Test(
        "a reader that stays makes the run defer at the end of its budget, naming who is in the way, with nothing left behind"
    )
    func defers() async throws {
        try await LocksFixture.with { fixture in
            try await fixture.makeEvents(.small)
            let reader = try await Holder.begin(fixture, "SELECT 1 FROM events LIMIT 1")
            let budget = RunBudget(run: .seconds(20), table: .seconds(2), emergencyDays: 0)
            let (report, bystanders) = try await Bystanders.during(fixture, fixture.workload(.small)) {
                try await fixture.provisioner(budget: budget).rotate()
            }
            let events = try #require(report.table("events"))
            let blockers = events.steps.compactMap { step -> [Blocker]? in
                if case .deferred(_, let blockers) = step.result { blockers } else { nil }
            }
            let first = try #require(blockers.first?.first)
            #expect(first.application == Holder.application)
            #expect(first.pid == Int(reader.connection.backendPID))
            #expect(first.state == "idle in transaction")
            guard case .deferred(let reason) = events.outcome else {
                Issue.record("\(events.outcome)")
                return
            }
            #expect(reason.contains("pid \(reader.connection.backendPID)"))
            #expect(reason.contains(Holder.application))
            // Looked for it and never asked: not one bystander had to queue behind us.
            #expect(!reason.contains("attempts"))
            try fixture.expectUndisturbed(bystanders)
            #expect(try await fixture.partitionCount() == 2)
            try await fixture.expectNothingLeft()

            try await reader.end()
            #expect(try await fixture.provisioner().rotate().table("events")?.outcome == .converged)
        }
    }

    @Test(
        "a default partition that came after the plan is planned for again, and nobody waits behind us for its reader"
    )
    func lateDefault() async throws {
        try await LocksFixture.with { fixture in
            try await fixture.makeEvents(.none)
            let reader = try await fixture.connect(Holder.application)
            let budget = RunBudget(run: .seconds(20), table: .seconds(2), emergencyDays: 0)
            let provisioner = try fixture.provisioner(budget: budget)
            let (report, bystanders) = try await Bystanders.during(
                fixture,
                fixture.workload(.none) + ["SELECT 1 FROM events LIMIT 1"]
            ) {
                try await Visits.run(provisioner, at: .tableBuilt) { _ in
                    _ = try await reader.query("CREATE TABLE events_default PARTITION OF events DEFAULT")
                    _ = try await reader.script(["BEGIN", "SELECT 1 FROM events_default LIMIT 1"])
                }
            }
            guard case .deferred(let reason) = report.table("events")?.outcome else {
                Issue.record("\(String(describing: report.table("events")?.outcome))")
                return
            }
            #expect(reason.contains(Holder.application))
            try fixture.expectUndisturbed(bystanders)
            _ = try await reader.query("COMMIT")
            #expect(try await fixture.provisioner().rotate().table("events")?.outcome == .converged)
        }
    }

    @Test("readers of 20 ms that never leave a gap don't starve the run")
    func shortReaders() async throws {
        try await LocksFixture.with { fixture in
            try await fixture.makeEvents(.small)
            let readers: [Statement] = (0..<6).map { _ in "SELECT pg_sleep(0.02) FROM (SELECT FROM events LIMIT 1) e" }
            let (report, bystanders) = try await Bystanders.during(fixture, fixture.workload(.small) + readers) {
                try await fixture.provisioner().rotate()
            }
            #expect(report.table("events")?.outcome == .converged)
            try fixture.expectUndisturbed(bystanders)
            try await fixture.expectNothingLeft()
        }
    }

    @Test("an autovacuum of the default partition makes way for us, and nobody else waits", arguments: [true, false])
    func autovacuum(maySeeOthers: Bool) async throws {
        try await LocksFixture.with { fixture in
            try await fixture.makeEvents(.small)
            let user = maySeeOthers ? "postgres" : try await fixture.makeOwner()
            try await fixture.makeSlowAutovacuum(of: "events_default")
            let (report, bystanders) = try await Bystanders.during(fixture, fixture.workload(.small)) {
                try await fixture.provisioner(user: user).rotate()
            }
            try await fixture.execute("ALTER SYSTEM RESET autovacuum", "SELECT pg_reload_conf()")
            #expect(report.table("events")?.outcome == .converged)
            #expect(try fixture.log.lines.contains { $0.contains("canceling autovacuum task") })
            try fixture.expectUndisturbed(bystanders)
            try await fixture.expectNothingLeft()
        }
    }

    @Test("a transaction that writes the referenced table is waited for without a stall")
    func writerOfReferencedTable() async throws {
        try await LocksFixture.with { fixture in
            try await fixture.makeEvents(.none)
            let writer = try await Holder.begin(fixture, "UPDATE customers SET touched = 0 WHERE id = 9")
            let (report, bystanders) = try await Bystanders.during(fixture, fixture.workload(.none)) {
                async let run = fixture.provisioner().rotate()
                try await fixture.waitForLooks(5)
                #expect(try await fixture.partitionCount() == 1)
                try await writer.end()
                return try await run
            }
            #expect(report.table("events")?.outcome == .converged)
            try fixture.expectUndisturbed(bystanders)
        }
    }
}

extension LocksFixture {
    /// Nobody waited for 50 ms behind us or together with us, nobody was refused anything, and everybody was at work.
    func expectUndisturbed(_ bystanders: Bystanders) throws {
        #expect(bystanders.errors == [])
        #expect(bystanders.counts.allSatisfy { $0 > 0 })
        let log = try self.log
        #expect(!log.pids(of: "partition-cli").isEmpty)
        #expect(log.waits(of: Bystanders.application, amid: "partition-cli") == [])
    }

    func partitionCount() async throws -> Int {
        try await strings("SELECT inhrelid::regclass::text AS v FROM pg_inherits WHERE inhparent = 'events'::regclass")
            .count
    }

    /// No CHECK of ours on a default partition, and no table of ours that is nobody's partition.
    func expectNothingLeft() async throws {
        #expect(
            try await strings("SELECT conname::text AS v FROM pg_constraint WHERE conname LIKE 'partition_cli%'") == []
        )
        #expect(
            try await strings(
                """
                SELECT c.relname::text AS v FROM pg_class c JOIN pg_description d ON d.objoid = c.oid AND d.objsubid = 0
                 WHERE d.description LIKE '%partition-cli%' AND NOT c.relispartition
                """
            ) == []
        )
    }
}
