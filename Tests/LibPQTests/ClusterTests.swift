// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import LocalPostgres
import TestSupport
import Testing

@Suite("A local cluster", .timeLimit(.minutes(3)))
struct ClusterTests {
    private func connect(to cluster: Cluster) async throws -> Connection {
        try await Connection.open(ConnectionConfiguration(cluster.conninfo()), logger: .test)
    }

    @Test("is UTF-8, listens on its socket only, takes settings, and survives a crash")
    func life() async throws {
        let cluster = try await TestServer.makeCluster(settings: ["work_mem": "7MB", "search_path": "\"it's\", \\x"])
        let connection = try await connect(to: cluster)
        #expect(try await connection.text("SHOW server_encoding") == "UTF8")
        #expect(try await connection.text("SHOW listen_addresses") == "")
        #expect(try await connection.text("SHOW work_mem") == "7MB")
        #expect(try await connection.text("SHOW search_path") == "\"it's\", \\x")
        _ = try await connection.query("CREATE TABLE public.t AS SELECT 1 AS i")
        let first = await cluster.pid
        try await cluster.crash()
        #expect(await !cluster.isRunning)
        try await cluster.launch()
        #expect(await cluster.isRunning)
        #expect(await cluster.pid != first)
        #expect(try await connect(to: cluster).text("SELECT count(*) FROM public.t") == "1")
        try await cluster.restart()
        #expect(try await connect(to: cluster).text("SELECT count(*) FROM public.t") == "1")
        await cluster.remove()
        #expect(await !cluster.isRunning)
        #expect(PostgresInstallation(binDirectory: cluster.dataDirectory) == nil)
    }

    @Test("pauses and goes on")
    func pause() async throws {
        let cluster = try await TestServer.makeCluster()
        let connection = try await connect(to: cluster)
        await cluster.pause()
        let answer = Task { try await connection.text("SELECT 'awake'") }
        await cluster.resume()
        #expect(try await answer.value == "awake")
        await cluster.remove()
    }

    @Test("has a standby that follows it")
    func standby() async throws {
        let cluster = try await TestServer.makeCluster()
        let standby = try await cluster.makeStandby(name: "follower")
        let primaryConnection = try await connect(to: cluster)
        let standbyConnection = try await connect(to: standby)
        #expect(try await standbyConnection.text("SELECT pg_is_in_recovery()") == "t")
        _ = try await primaryConnection.query("CREATE TABLE t (i int)")
        try await eventually("the standby replays") {
            try await standbyConnection.text("SELECT to_regclass('t')") == "t"
        }
        #expect(try await primaryConnection.text("SELECT application_name FROM pg_stat_replication") == "follower")
        await standby.remove()
        await cluster.remove()
    }

    @Test("says why it can't start")
    func failure() async throws {
        let error = await #expect(throws: ClusterError.self) {
            try await TestServer.makeCluster(settings: ["work_mem": "a lot"])
        }
        #expect(error?.message.contains("work_mem") == true)
    }

    @Test("is found where the environment says first")
    func find() throws {
        let installation = try TestServer.installation
        let environment = ["PARTITION_CLI_PG_BIN": installation.binDirectory]
        #expect(PostgresInstallation.find(environment: environment).first == installation)
        let preferred = PostgresInstallation.find(preferring: installation.majorVersion, environment: environment)
        #expect(preferred.first == installation)
        #expect(PostgresInstallation(binDirectory: "/nonexistent") == nil)
    }
}
