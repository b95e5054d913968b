// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import LocalPostgres
import PartitionRouter
import Partitioning
import Provisioning
import Testing
import TestSupport

@Suite("A run that loses its connection", .temporaryDatabase)
struct CrashConnectionTests {
    private static let points: [PausePoint] = [
        .observed, .checkAdded, .checkValidated, .tableBuilt, .attached, .checkDropped, .verified,
    ]

    @Test("connects again, finishes, and does nothing twice, wherever its session is ended", arguments: points)
    func terminated(point: PausePoint) async throws {
        let fixture = try await Fixture()
        try await fixture.makeEventsWithLargeDefault()
        let registry = MemoryRegistry()
        let report = try await Visits.run(fixture.provisioner(registry: registry), at: point) { _ in
            let ended = try await fixture.terminateRun()
            #expect(ended == 1)
        }
        try await fixture.expectFinishedOnce(report, registry)
    }

    @Test("connects again as often as it takes")
    func terminatedAgainAndAgain() async throws {
        let fixture = try await Fixture()
        try await fixture.makeEventsWithLargeDefault()
        let registry = MemoryRegistry()
        let report = try await Visits.run(fixture.provisioner(registry: registry), at: .tableBuilt, times: 3) { _ in
            let ended = try await fixture.terminateRun()
            #expect(ended == 1)
        }
        try await fixture.expectFinishedOnce(report, registry)
    }

    @Test(
        "gives up for this run, and defers what is left, when its session ends again and again with nothing done in between"
    )
    func circuit() async throws {
        let fixture = try await Fixture()
        try await fixture.makeEventsWithLargeDefault()
        let registry = MemoryRegistry()
        let report = try await Visits.run(fixture.provisioner(registry: registry), at: .tableBuilt, times: 100) {
            count in
            #expect(count < Circuit.limit)
            _ = try await fixture.terminateRun()
        }
        guard case .deferred(let reason)? = report.table("events")?.outcome else {
            Issue.record("\(report)")
            return
        }
        #expect(reason.contains("lost 5 times in a row"))
        #expect(try await fixture.partitions(of: "events").count == 2)
        #expect(report.publications?.values.allSatisfy { !$0.isFailure } == true)
        #expect(try await fixture.provisioner(registry: registry).rotate().table("events")?.outcome == .converged)
    }

    @Test("reads from the catalog whether a commit took effect whose answer it never got")
    func unknownCommit() async throws {
        // COMMIT is durable here and then waits for a standby that doesn't exist: where the event trigger says so.
        let cluster = try await TestServer.makeCluster(settings: ["synchronous_standby_names": "nobody"])
        let administrator = try await Connection.open(ConnectionConfiguration(cluster.conninfo()), logger: .test)
        for statement in Self.tableWithSlowCommit { _ = try await administrator.query(statement) }
        var configuration = try ConnectionConfiguration(cluster.conninfo())
        configuration.applicationName = "partition-cli"
        let provisioner = Provisioner(
            configuration: configuration,
            settings: PlanSettings(),
            budget: RunBudget(run: .seconds(60), table: .seconds(30), emergencyDays: 0),
            logger: .test
        )
        let task = Task { try await provisioner.rotate() }
        try await eventually("the run's COMMIT waits for the standby") {
            try await administrator.query("SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'").count == 1
        }
        _ = try await administrator.query("DROP EVENT TRIGGER hold_the_commit")
        _ = try await administrator.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        )
        let table = try #require(try await task.value.table("events"))
        #expect(table.outcome == .converged)
        let targets = table.steps.map(\.step.target)
        #expect(Set(targets).count == targets.count)
        #expect(table.steps.allSatisfy { if case .done = $0.result { true } else { false } })
        let partitions = try await administrator.query("SELECT FROM pg_inherits WHERE inhparent = 'events'::regclass")
        #expect(partitions.count == targets.count + 1)
        await administrator.close()
        await cluster.remove()
    }

    @Test(
        "finishes after the server itself crashed and came back 3 s later, and does nothing twice",
        arguments: [PausePoint.checkValidated, .tableBuilt, .attached]
    )
    func serverRestarted(point: PausePoint) async throws {
        let cluster = try await TestServer.makeCluster()
        let administrator = try await Connection.open(ConnectionConfiguration(cluster.conninfo()), logger: .test)
        for statement in Fixture.eventsWithLargeDefault { _ = try await administrator.query(statement) }
        await administrator.close()
        let registry = MemoryRegistry()
        let provisioner = Provisioner(
            configuration: try ConnectionConfiguration(cluster.conninfo()),
            settings: PlanSettings(),
            budget: RunBudget(run: .seconds(90), table: .seconds(60), emergencyDays: 0),
            publisher: Publisher(registry: registry, logger: .test),
            logger: .test
        )
        let report = try await Visits.run(provisioner, at: point) { _ in
            try await cluster.stop(.immediate)
            // The run meets a server that isn't there, not only one that is starting.
            try await Task.sleep(for: .seconds(3))
            try await cluster.launch()
        }
        let table = try #require(report.table("events"))
        #expect(table.outcome == .converged, "\(table.outcome)")
        let targets = table.steps.filter { $0.step.runsInTransaction }.map(\.step.target)
        #expect(Set(targets).count == targets.count)
        let checking = try await Connection.open(ConnectionConfiguration(cluster.conninfo()), logger: .test)
        let children = try await checking.query("SELECT FROM pg_inherits WHERE inhparent = 'events'::regclass").count
        let created = table.steps.count { if case .createPartition = $0.step.action { true } else { false } }
        #expect(children == created + 2)
        await checking.close()
        #expect(report.publications?.isEmpty == false)
        #expect(report.publications?.values.allSatisfy { !$0.isFailure } == true)
        await cluster.remove()
    }

    private static let tableWithSlowCommit: [Statement] = [
        "SET synchronous_commit = local",
        "CREATE TABLE events (event_ts date NOT NULL) PARTITION BY RANGE (event_ts)",
        """
        DO $$ BEGIN EXECUTE format('CREATE TABLE events_now PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
          date_trunc('month', now())::date, (date_trunc('month', now()) + interval '1 month')::date); END $$
        """,
        """
        CREATE FUNCTION hold_the_commit() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
          IF current_setting('application_name') = 'partition-cli' THEN
            PERFORM set_config('synchronous_commit', 'on', true);
          END IF; END $$
        """,
        "CREATE EVENT TRIGGER hold_the_commit ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION hold_the_commit()",
    ]
}

extension Fixture {
    /// Ends the session of the run that has the claim.
    fileprivate func terminateRun() async throws -> Int {
        try await connection.query(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE application_name = 'partition-cli' AND datname = current_database()
            """
        ).count
    }

    fileprivate func expectFinishedOnce(_ report: RunReport, _ registry: MemoryRegistry) async throws {
        #expect(report.condition == .ordinary)
        let table = try #require(report.table("events"))
        #expect(table.outcome == .converged, "\(table.outcome)")
        let attached = try await partitions(of: "events")
        let created = table.steps.filter { step in
            if case .createPartition = step.step.action, case .done = step.result { true } else { false }
        }
        #expect(created.count == attached.count - 2)
        #expect(Set(created.map(\.step.target)).count == created.count)
        try await expectNothingLeft()
        try await expectPublished(registry, attached.count)
        #expect(try await observe().plan.steps == [])
    }
}
