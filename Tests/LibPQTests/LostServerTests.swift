// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import LocalPostgres
import TestSupport
import Testing

/// Each of these hurts its server, so each has its own.
@Suite("When the server goes away", .timeLimit(.minutes(3)))
struct LostServerTests {
    private func connect(
        to cluster: Cluster,
        _ adjust: (inout ConnectionConfiguration) -> Void = { _ in }
    ) async throws -> Connection {
        var configuration = try ConnectionConfiguration(cluster.conninfo())
        adjust(&configuration)
        return try await Connection.open(configuration, logger: .test)
    }

    @Test("by an immediate shutdown, a running statement's connection is lost")
    func immediateShutdown() async throws {
        let cluster = try await TestServer.makeCluster()
        let connection = try await connect(to: cluster)
        let observer = try await connect(to: cluster)
        let task = Task { try await connection.query("SELECT pg_sleep(600)") }
        try await observer.waitUntilActive(connection.backendPID, waitEvent: "PgSleep")
        try await cluster.stop(.immediate)
        let error = await #expect(throws: PostgresError.self) { try await task.value }
        #expect(error?.kind == .connectionLost)
        #expect(error?.isTransient == true)
        #expect(await !connection.isOpen)
        let idle = await #expect(throws: PostgresError.self) { try await observer.query("SELECT 1") }
        #expect(idle?.kind == .connectionLost)
        let refused = await #expect(throws: PostgresError.self) { try await connect(to: cluster) }
        #expect(refused?.kind == .connectionRefused)
        #expect(refused?.sqlState == nil)
        await cluster.remove()
    }

    @Test("stopped where it stands, a statement with a deadline gives up its connection and says so")
    func stoppedServer() async throws {
        let cluster = try await TestServer.makeCluster()
        let connection = try await connect(to: cluster) { $0.cancelGrace = .milliseconds(200) }
        await cluster.pause()
        let error = await #expect(throws: PostgresError.self) {
            try await connection.query("SELECT 1", deadline: .milliseconds(100))
        }
        #expect(error?.kind == .deadlineExceeded)
        #expect(error?.sqlState == nil)
        #expect(error?.message.contains("closed") == true)
        #expect(await !connection.isOpen)
        await cluster.remove()
    }

    @Test("stopped where it stands, cancelling the task gives up the connection, too")
    func stoppedServerCancelled() async throws {
        let cluster = try await TestServer.makeCluster()
        let connection = try await connect(to: cluster) { $0.cancelGrace = .milliseconds(200) }
        await cluster.pause()
        let task = Task { try await connection.query("SELECT 1") }
        task.cancel()
        let error = await #expect(throws: PostgresError.self) { try await task.value }
        #expect(error?.kind == .cancelled)
        await cluster.remove()
    }

    @Test("stopped where it stands, connecting ends with its own time limit or with its task")
    func stoppedServerConnect() async throws {
        let cluster = try await TestServer.makeCluster()
        await cluster.pause()
        let late = await #expect(throws: PostgresError.self) {
            try await connect(to: cluster) { $0.connectTimeout = .milliseconds(100) }
        }
        #expect(late?.kind == .deadlineExceeded)
        let task = Task { try await connect(to: cluster) { $0.connectTimeout = .seconds(600) } }
        task.cancel()
        let cancelled = await #expect(throws: PostgresError.self) { try await task.value }
        #expect(cancelled?.kind == .cancelled)
        await cluster.remove()
    }

    @Test("during a COMMIT that had not happened, the outcome is unknown, and the row is not there")
    func crashBeforeCommit() async throws {
        let cluster = try await TestServer.makeCluster()
        let connection = try await connect(to: cluster)
        let observer = try await connect(to: cluster)
        try await connection.makeSlowCommitTable()
        let task = Task {
            try await connection.withTransaction { try await $0.query("INSERT INTO slow VALUES (1)") }
        }
        try await observer.waitUntilActive(connection.backendPID, waitEvent: "PgSleep")
        try await cluster.crash()
        let error = await #expect(throws: TransactionError.self) { try await task.value }
        #expect((error?.commit as? PostgresError)?.kind == .connectionLost)
        #expect(error?.body == nil)
        #expect(error?.outcome == .unknown)
        try await cluster.launch()
        #expect(try await connect(to: cluster).text("SELECT count(*) FROM slow") == "0")
        await cluster.remove()
    }

    @Test("during a COMMIT that had happened, the outcome is just as unknown, and the row is there")
    func crashAfterCommit() async throws {
        // COMMIT is durable here and waits for a standby that doesn't exist.
        let cluster = try await TestServer.makeCluster(settings: ["synchronous_standby_names": "nobody"])
        let connection = try await connect(to: cluster)
        let observer = try await connect(to: cluster)
        _ = try await connection.script(["SET synchronous_commit = local", "CREATE TABLE t (i int)"])
        _ = try await connection.query("SET synchronous_commit = on")
        let task = Task {
            try await connection.withTransaction { try await $0.query("INSERT INTO t VALUES (1)") }
        }
        try await observer.waitUntilActive(connection.backendPID, waitEvent: "SyncRep")
        try await cluster.crash()
        let error = await #expect(throws: TransactionError.self) { try await task.value }
        #expect(error?.outcome == .unknown)
        try await cluster.launch()
        #expect(try await connect(to: cluster).text("SELECT count(*) FROM t") == "1")
        await cluster.remove()
    }

    @Test("only a standby is missing, a cancelled COMMIT counts as what it is: committed")
    func cancelledWaitForStandby() async throws {
        let cluster = try await TestServer.makeCluster(settings: ["synchronous_standby_names": "nobody"])
        let connection = try await connect(to: cluster)
        let observer = try await connect(to: cluster)
        _ = try await connection.script(["SET synchronous_commit = local", "CREATE TABLE t (i int)"])
        _ = try await connection.query("SET synchronous_commit = on")
        let task = Task {
            try await connection.withTransaction { _ = try await $0.query("INSERT INTO t VALUES (1)") }
        }
        try await observer.waitUntilActive(connection.backendPID, waitEvent: "SyncRep")
        task.cancel()
        try await task.value
        #expect(await connection.takeNotices().contains { $0.severity == "WARNING" })
        #expect(try await connection.text("SELECT count(*) FROM t") == "1")
        await cluster.remove()
    }

    @Test("waiting for a notification ends with the connection")
    func lostWhileListening() async throws {
        let cluster = try await TestServer.makeCluster()
        let connection = try await connect(to: cluster)
        try await connection.listen("news", within: .seconds(30))
        let task = Task { try await connection.notification(within: .seconds(600)) }
        try await cluster.stop(.immediate)
        let error = await #expect(throws: PostgresError.self) { try await task.value }
        #expect(error?.kind == .connectionLost)
        #expect(await !connection.isOpen)
        await cluster.remove()
    }
}
