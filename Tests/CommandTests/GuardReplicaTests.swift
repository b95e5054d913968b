// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import LocalPostgres
import Telemetry
import Testing
import TestSupport

/// A primary with a streaming standby, and the binary run against both.
@Suite("Guards of the command on a primary with a standby")
struct GuardReplicaTests {
    private struct Servers {
        let primary: Cluster
        let standby: Cluster
        let onPrimary: Connection
        let onStandby: Connection

        static func with(_ body: (Servers) async throws -> Void) async throws {
            let primary = try await TestServer.makeCluster(settings: ["autovacuum": "off"])
            let standby = try await primary.makeStandby(settings: ["hot_standby": "on"])
            let servers = Servers(
                primary: primary,
                standby: standby,
                onPrimary: try await Connection.open(ConnectionConfiguration(primary.conninfo()), logger: .test),
                onStandby: try await Connection.open(ConnectionConfiguration(standby.conninfo()), logger: .test)
            )
            for statement in EventsTable.statements { _ = try await servers.onPrimary.query(statement) }
            try await body(servers)
            await servers.onStandby.close()
            await servers.onPrimary.close()
            await standby.remove()
            await primary.remove()
        }

        /// Replay stands still, and there is something to replay.
        func pause() async throws {
            _ = try await onStandby.query("SELECT pg_wal_replay_pause()")
            try await eventually("replay is paused") {
                try await onStandby.query("SELECT pg_get_wal_replay_pause_state() AS state").first?.string("state")
                    == "paused"
            }
            _ = try await onPrimary.query("CREATE TABLE IF NOT EXISTS load (id int)")
            _ = try await onPrimary.query("INSERT INTO load SELECT generate_series(1, 1000)")
        }

        func resume() async throws { _ = try await onStandby.query("SELECT pg_wal_replay_resume()") }

        func partitions() async throws -> Int {
            try await onPrimary.query("SELECT FROM pg_inherits WHERE inhparent = 'events'::regclass").count
        }

        func run(_ command: [String], on cluster: Cluster? = nil, _ more: [String] = []) async throws -> Tool.Result {
            try await Tool.run(command + ["--db-url=\((cluster ?? primary).conninfo())"] + more)
        }
    }

    @Test(
        "a standby that stands still under load: 75 and nothing created, and metrics say why; once it goes on 0; once it is gone they forget it"
    )
    func breaker() async throws {
        let metrics = try MetricsDirectory()
        defer { metrics.remove() }
        try await Servers.with { servers in
            let more = ["--registry-url=none", "--max-lag=300ms", "--metrics-file=\(metrics.file)"]
            try await servers.pause()
            let load = Task {
                let writer = try await Connection.open(
                    ConnectionConfiguration(servers.primary.conninfo()),
                    logger: .test
                )
                while !Task.isCancelled { _ = try? await writer.query("INSERT INTO load VALUES (1)") }
                await writer.close()
            }
            let deferred = try await servers.run(["rotate"], more + ["--lock-budget=2"])
            #expect(deferred.status == 75, "\(deferred.everything)")
            #expect(try await servers.partitions() == 1)
            #expect(try metrics.value("partition_circuit_open") == 1)
            #expect(try #require(try metrics.value("partition_replication_lag_seconds")) > 0.3)
            #expect(try metrics.value("partition_rotate_exit_status") == 75)

            try await servers.resume()
            load.cancel()
            try await load.value
            let done = try await servers.run(["rotate"], more)
            #expect(done.status == 0, "\(done.everything)")
            #expect(try await servers.partitions() > 1)
            #expect(try metrics.value("partition_circuit_open") == 0)

            try await servers.standby.stop()
            try await eventually("nobody follows any more") {
                try await servers.onPrimary.query("SELECT FROM pg_stat_replication").isEmpty
            }
            #expect(try await servers.run(["rotate"], more).status == 0)
            #expect(try metrics.value("partition_replication_lag_seconds") == nil)
            #expect(
                try await servers.run(["rotate"], more.map { $0 == "--max-lag=300ms" ? "--max-lag=none" : $0 }).status
                    == 0
            )
            #expect(try metrics.value("partition_circuit_open") == nil)
        }
    }

    @Test(
        "a map is published by repair, and by import, only when the standby has replayed what it says",
        arguments: ["repair", "import"]
    )
    func published(command: String) async throws {
        let redis = try await RedisServer.start()
        let url = "--registry-url=redis://127.0.0.1:\(redis.port)"
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("maps-\(UUID()).jsonl")
        try await Servers.with { servers in
            #expect(try await servers.run(["rotate"], [url]).status == 0)
            let maps = try await Tool.run(["registry", "export", url])
            try maps.output.write(to: file, atomically: true, encoding: .utf8)
            _ = try await redis.command("FLUSHALL")
            try await servers.pause()
            let words = ["registry", command] + (command == "import" ? [file.path] : [])
            let work = try Tool.start(words + ["--db-url=\(servers.primary.conninfo())", url])
            try await eventually("it waits for the standby") {
                try await servers.onPrimary.query(
                    """
                    SELECT FROM pg_stat_activity
                     WHERE application_name = 'partition-cli' AND query LIKE '%pg_stat_replication%' AND state = 'idle'
                       AND xact_start IS NULL AND backend_start < now() - interval '1 second'
                    """
                ).count == 1
            }
            #expect(try await redis.command("EXISTS", "{partition_map:events}:meta") == "0")
            // It has the database for itself meanwhile.
            #expect(try await servers.run(["rotate"], [url]).status == 76)
            try await servers.resume()
            let result = await work.result()
            #expect(result.status == 0, "\(result.everything)")
            #expect(try await redis.command("EXISTS", "{partition_map:events}:meta") == "1")

            let onStandby = try await servers.run(words, on: servers.standby, [url])
            #expect(onStandby.status == 75 && onStandby.error.contains("is a standby"), "\(onStandby.everything)")
        }
        try? FileManager.default.removeItem(at: file)
    }

    @Test("a run on a standby ends no alert of its primary's, and leaves its metrics in the Pushgateway")
    func otherNode() async throws {
        let gateway = try await MonitoringServer.start(.pushgateway)
        let alertmanager = try await MonitoringServer.start(.alertmanager)
        defer { for server in [gateway, alertmanager] { server.stop() } }
        func active() async throws -> Set<String> {
            let json = try await alertmanager.get("/api/v2/alerts?active=true")
            let alerts = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [[String: Any]] ?? []
            return Set(alerts.compactMap { ($0["labels"] as? [String: String])?["alertname"] })
        }
        try await Servers.with { servers in
            let told = ["--metrics-push=\(gateway.url)", "--alert-webhook=\(alertmanager.url)"]
            let failed = try await servers.run(["rotate"], told + ["--registry-url=redis://127.0.0.1:1"])
            #expect(failed.status == 74, "\(failed.everything)")
            try await eventually("the failure fires") { try await active() == ["PartitionRunFailed"] }
            try await eventually("the standby has the partitions") {
                try await servers.onStandby.query("SELECT FROM pg_inherits WHERE inhparent = 'events'::regclass").count
                    == servers.partitions()
            }
            let covered = try await servers.run(["rotate"], on: servers.standby, told + ["--registry-url=none"])
            #expect(covered.status == 0, "\(covered.everything)")
            #expect(try await active() == ["PartitionRunFailed"])
            let reader = Pushgateway(try ServiceURL(parsing: gateway.url), database: "postgres")
            let samples = try await reader.samples()
            #expect(samples.first { $0.name == "partition_rotate_exit_status" }?.value == 74)
            #expect(!samples.contains { $0.name == "partition_rotate_last_success_timestamp_seconds" })

            #expect(try await servers.run(["rotate"], told + ["--registry-url=none"]).status == 0)
            try await eventually("the primary's own next run ends it") { try await active().isEmpty }
        }
    }
}
