// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import PartitionMap
import PartitionRouter
import Partitioning
import Provisioning
import Testing
import TestSupport

@Suite("Two runs, and one that is interrupted", .temporaryDatabase)
struct LocksRunsTests {
    @Test("one of two runs at once works, the other says who does, having done nothing")
    func twoRuns() async throws {
        let fixture = try await Fixture()
        try await fixture.makeEvents()
        let before = try await fixture.partitions(of: "events")
        let first = try await Visits.run(fixture.provisioner(), at: .observed) { _ in
            let second = try await fixture.rotate()
            guard case .busy(let holder) = second.condition else {
                Issue.record("\(second.condition)")
                return
            }
            #expect(holder.contains("pid "))
            #expect(second.tables == [])
            #expect(try await fixture.partitions(of: "events") == before)
        }
        #expect(first.condition == .ordinary)
        #expect(first.table("events")?.outcome == .converged)
        #expect(try await fixture.observe().plan.steps == [])
    }

    @Test("runs in two databases don't know of each other")
    func twoDatabases() async throws {
        let fixture = try await Fixture()
        try await fixture.makeEvents()
        try await LocksFixture.with { other in
            try await other.makeEvents(.none)
            let first = try await Visits.run(fixture.provisioner(), at: .observed) { _ in
                let second = try await other.provisioner().rotate()
                #expect(second.table("events")?.outcome == .converged)
            }
            #expect(first.table("events")?.outcome == .converged)
        }
    }

    @Test(
        "a cancelled run publishes what was committed, leaves nothing behind, and says that it was interrupted",
        arguments: [PausePoint.observed, .checkAdded, .checkValidated, .tableBuilt, .attached]
    )
    func cancelled(point: PausePoint) async throws {
        let fixture = try await Fixture()
        try await fixture.makeEventsWithLargeDefault()
        let registry = MemoryRegistry()
        let run = RunningTask()
        let task = Task {
            // Far enough ahead that there is more to do on every day of the year.
            let provisioner = try fixture.provisioner(settings: PlanSettings(bufferDays: 120), registry: registry)
            return try await Visits.run(provisioner, at: point) { _ in await run.cancel() }
        }
        await run.set(task)
        let report = try await task.value
        #expect(report.condition == .interrupted)
        let attached = try await fixture.partitions(of: "events")
        #expect(attached.count == (point == .attached ? 3 : 2))
        try await fixture.expectNothingLeft()
        try await fixture.expectPublished(registry, attached.count)
        #expect(
            report.table("events")?.steps.count { if case .done = $0.result { true } else { false } } == attached.count
                - 2
        )

        #expect(try await fixture.rotate(registry: registry).table("events")?.outcome == .converged)
        try await fixture.expectPublished(registry, try await fixture.partitions(of: "events").count)
    }

    @Test("a cancellation ends a statement of ours that waits for a lock")
    func cancelledWhileWaiting() async throws {
        let fixture = try await Fixture()
        try await fixture.makeEventsWithLargeDefault()
        let maintenance = try await fixture.database.connect(applicationName: "maintenance")
        _ = try await maintenance.query("BEGIN")
        _ = try await maintenance.query("LOCK TABLE ONLY events IN SHARE UPDATE EXCLUSIVE MODE")
        let task = Task { try await fixture.rotate() }
        try await eventually("the run waits for the lock") {
            try await fixture.strings(
                "SELECT 1::text AS v FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT granted AND a.datname = current_database()"
            ).count == 1
        }
        task.cancel()
        let report = try await task.value
        #expect(report.condition == .interrupted)
        _ = try await maintenance.query("COMMIT")
        #expect(try await fixture.partitions(of: "events").count == 2)
        try await fixture.expectNothingLeft()
    }
}

/// Does something once, when a run gets to a pause point.
enum Visits {
    /// - Parameter action: told how many times the point was reached before.
    static func run(
        _ provisioner: Provisioner,
        at wanted: PausePoint,
        times: Int = 1,
        _ action: @escaping @Sendable (Int) async throws -> Void
    ) async throws -> RunReport {
        let counter = Counter()
        let visit: @Sendable (PausePoint) async -> Void = { point in
            guard point == wanted else { return }
            let count = await counter.next()
            guard count < times else { return }
            await PausePoint.$visit.withValue(nil) {
                do { try await action(count) } catch { Issue.record(error) }
            }
        }
        let report = try await PausePoint.$visit.withValue(visit) { try await provisioner.rotate() }
        #expect(await counter.count > 0, "the run never got to \(wanted.rawValue)")
        return report
    }

    private actor Counter {
        var count = 0
        func next() -> Int {
            count += 1
            return count - 1
        }
    }
}

/// A task that something inside of it can cancel.
actor RunningTask {
    private var task: Task<RunReport, any Error>?
    private var isCancelled = false

    func set(_ task: Task<RunReport, any Error>) {
        self.task = task
        if isCancelled { task.cancel() }
    }

    func cancel() {
        isCancelled = true
        task?.cancel()
    }
}

extension Fixture {
    /// The pattern's table with a default partition too big to be scanned within a lock's budget.
    func makeEventsWithLargeDefault() async throws {
        for statement in Self.eventsWithLargeDefault { try await execute(statement) }
    }

    static let eventsWithLargeDefault: [Statement] = [
        "CREATE TABLE events (event_ts timestamptz NOT NULL, payload text) PARTITION BY RANGE (event_ts)",
        """
        DO $$ BEGIN
          SET LOCAL TimeZone = 'UTC';
          EXECUTE format('CREATE TABLE %I PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
            to_char(now(), '"events_"YYYY_MM'), date_trunc('month', now()), date_trunc('month', now()) + interval '1 month');
        END $$
        """,
        "CREATE TABLE events_default PARTITION OF events DEFAULT",
        "INSERT INTO events_default SELECT '2001-01-01Z', repeat('x', 1000) FROM generate_series(1, 12000)",
    ]

    /// No CHECK of ours on a default partition, and no table of ours that is nobody's partition.
    func expectNothingLeft() async throws {
        #expect(
            try await strings("SELECT conname::text AS v FROM pg_constraint WHERE conname LIKE 'partition_cli%'") == []
        )
        #expect(
            try await strings(
                """
                SELECT c.relname::text AS v FROM pg_class c JOIN pg_description d ON d.objoid = c.oid AND d.objsubid = 0
                 WHERE d.description LIKE '%partition-cli%' AND (NOT c.relispartition OR d.description LIKE '%isUnattached%')
                """
            ) == []
        )
    }

    func expectPublished(_ registry: MemoryRegistry, _ count: Int) async throws {
        let map = try await registry.load(EntityName(schema: "public", table: "events"))
        #expect(map?.document.entries.count == count)
    }
}
