// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning
import Provisioning
import Testing
import TestSupport

@Suite("The time for a table's locks, and that of the run", .temporaryDatabase)
struct LocksDeadlineTests {
    @Test("an index may be built for longer than locks may be waited for")
    func longBuild() async throws {
        let fixture = try await Fixture()
        try await fixture.makeEvents()
        #expect(try await fixture.rotate().table("events")?.outcome == .converged)
        try await fixture.execute("CREATE INDEX idx_payload ON ONLY events (payload)")
        let writer = try await fixture.database.connect(applicationName: "writer")
        _ = try await writer.script(["BEGIN", "INSERT INTO events (event_ts) VALUES (now())"])
        let budget = RunBudget(run: .seconds(60), table: .milliseconds(500), emergencyDays: 0)
        let provisioner = try fixture.provisioner(budget: budget)
        async let report = provisioner.rotate()
        try await eventually("the build waits for the writer") {
            try await fixture.strings(
                "SELECT 1::text AS v FROM pg_stat_progress_create_index WHERE phase LIKE 'waiting%' AND datname = current_database()"
            ).count == 1
        }
        try await Task.sleep(for: .seconds(1))
        _ = try await writer.query("COMMIT")
        #expect(try await report.table("events")?.outcome == .converged)
        #expect(
            try await fixture.strings(
                "SELECT indisvalid::text AS v FROM pg_index WHERE indexrelid = 'idx_payload'::regclass"
            ) == ["true"]
        )
    }

    @Test("a CHECK on the default partition may be validated for longer than locks may be waited for")
    func longValidation() async throws {
        let fixture = try await Fixture()
        try await fixture.makeEventsWithLargeDefault()
        let maintenance = try await fixture.database.connect(applicationName: "maintenance")
        let budget = RunBudget(run: .seconds(60), table: .milliseconds(2500), emergencyDays: 0)
        // It holds the lock by then: there is nobody else to wait for.
        let release = Task {
            try await eventually(
                within: .seconds(60),
                "the validation has waited for longer than a lock may be waited for"
            ) {
                try await fixture.strings(Self.longWaits).count == 1
            }
            _ = try await maintenance.query("COMMIT")
        }
        let report = try await Visits.run(fixture.provisioner(budget: budget), at: .checkAdded) { _ in
            _ = try await maintenance.script(["BEGIN", "LOCK TABLE events_default IN SHARE UPDATE EXCLUSIVE MODE"])
        }
        try await release.value
        #expect(report.table("events")?.outcome == .converged)
        try await fixture.expectNothingLeft()
    }

    /// Sessions of ours that have been waiting for a lock, to validate a CHECK, for longer than the budget of the table's locks.
    private static let longWaits: Statement = """
        SELECT pid::text AS v FROM pg_stat_activity
         WHERE application_name = 'partition-cli' AND datname = current_database() AND wait_event_type = 'Lock'
           AND query LIKE '%VALIDATE CONSTRAINT%' AND clock_timestamp() - query_start > interval '2600 ms'
        """

    @Test("after the run's deadline no index is begun, which would be left half built")
    func nothingBegun() async throws {
        let fixture = try await Fixture()
        try await fixture.makeEvents()
        try await fixture.execute("CREATE INDEX idx_payload ON ONLY events (payload)")
        let budget = RunBudget(run: .seconds(1), table: .seconds(1), emergencyDays: 0)
        let report = try await Visits.run(fixture.provisioner(budget: budget), at: .observed) { _ in
            try await Task.sleep(for: .milliseconds(1200))
        }
        let steps = try #require(report.table("events")).steps
        let repairs = steps.filter { if case .repairIndex = $0.step.action { true } else { false } }
        #expect(repairs.count == 1)
        for repair in repairs {
            guard case .deferred(let reason, _) = repair.result else {
                Issue.record("\(repair.result)")
                continue
            }
            #expect(reason == "the run's time was used up")
        }
        #expect(
            try await fixture.strings(
                "SELECT inhrelid::regclass::text AS v FROM pg_inherits WHERE inhparent = 'idx_payload'::regclass"
            ) == []
        )
        #expect(
            try await fixture.strings(
                "SELECT 1::text AS v FROM pg_indexes WHERE indexdef LIKE '%(payload)' AND tablename <> 'events'"
            ) == []
        )
    }
}
