// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import LocalPostgres
import PartitionMap
import PartitionRegistryPostgres
import PartitionRouter
import Partitioning
import Provisioning
import Testing
import TestSupport

@Suite("A run beside a standby", .serialized)
struct StandbyTests {
    @Test(
        "with remote_apply and a reader on the standby that holds replay up, nobody on the primary waits, nor does the run or its publishing"
    )
    func remoteApply() async throws {
        var settings = LocksServer.settings
        settings["synchronous_standby_names"] = "standby"
        settings["synchronous_commit"] = "remote_apply"
        let cluster = try await TestServer.makeCluster(settings: settings)
        try await LocksFixture.with(cluster, setUp: ["SET synchronous_commit = local"]) { fixture in
            try await fixture.makeEvents(.small)
            let standby = try await cluster.makeStandby(
                settings: ["hot_standby": "on", "max_standby_streaming_delay": "-1"]
            )
            try await eventually("the standby is synchronous") {
                try await fixture.strings(
                    "SELECT 1::text AS v FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming'"
                ).count == 1
            }
            let reader = try await Connection.open(
                ConnectionConfiguration(standby.conninfo(database: fixture.name)),
                logger: .test
            )
            _ = try await reader.query("BEGIN")
            _ = try await reader.query("SELECT 1 FROM events_default LIMIT 1")
            let registry = PostgresRegistry(
                configuration: try ConnectionConfiguration(cluster.conninfo(database: fixture.name)),
                logger: .test
            )
            try await registry.install()
            // Writers that waited for the standby themselves would say nothing about our locks.
            let workload = fixture.workload(.small)
            let (report, bystanders) = try await Bystanders.during(
                fixture,
                workload,
                beginning: "SET synchronous_commit = local"
            ) {
                try await fixture.neverWaitingForStandbys {
                    try await fixture.provisioner(registry: registry).rotate()
                }
            }
            #expect(report.table("events")?.outcome == .converged)
            #expect(report.publications?.count == 1)
            #expect(
                report.publications?.values.contains { $0.isFailure } == false,
                "\(String(describing: report.publications))"
            )
            await registry.close()
            try fixture.expectUndisturbed(bystanders)
            let replayed = try await reader.query(
                "SELECT count(*) FILTER (WHERE true)::int AS n FROM pg_inherits WHERE inhparent = 'events'::regclass"
            )
            // Still the two of before: replay stands behind the reader, and the run is over all the same.
            #expect(try replayed.first?.int("n") == 2)
            #expect(try await fixture.partitionCount() > 2)
            _ = try await reader.query("COMMIT")
            await reader.close()
            await standby.remove()
        }
        await cluster.remove()
    }

    @Test("on the standby a run changes nothing, tells how things stand, and takes no claim")
    func onTheStandby() async throws {
        let cluster = try await TestServer.makeCluster(settings: LocksServer.settings)
        try await LocksFixture.with(cluster) { fixture in
            try await fixture.makeEvents(.none)
            let standby = try await cluster.makeStandby(settings: ["hot_standby": "on"])
            let registry = MemoryRegistry()
            let provisioner = Provisioner(
                configuration: try ConnectionConfiguration(standby.conninfo(database: fixture.name)),
                settings: PlanSettings(),
                budget: RunBudget(run: .seconds(60), table: .seconds(30), emergencyDays: 0),
                publisher: Publisher(registry: registry, logger: .test),
                logger: .test
            )
            let report = try await provisioner.rotate()
            #expect(report.condition == .standby)
            #expect(report.publications == nil)
            #expect(report.table("events")?.coverage?.missing.isEmpty == false)
            #expect(try await registry.load(EntityName(schema: "public", table: "events")) == nil)
            await standby.remove()
        }
        await cluster.remove()
    }
}

extension LocksFixture {
    /// Looks on while the body goes on whether any session of the database waits for a standby to confirm a commit.
    fileprivate func neverWaitingForStandbys<Value: Sendable>(
        _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        let watcher = try await connect("watcher")
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    let waiting = try await watcher.query(
                        "SELECT left(query, 60) AS v FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = current_database()"
                    )
                    #expect(waiting.isEmpty)
                    try? await Task.sleep(for: .milliseconds(20))
                }
            }
            let value = try await body()
            group.cancelAll()
            return value
        }
    }
}
