// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import BenchmarkReport
import LibPQ
import LocalPostgres
import Logging

/// A server of a benchmark's own, and an administrator's session on it.
struct Server {
    static let administrator = "postgres"

    let cluster: Cluster
    let admin: Connection

    /// `fsync` is off: what the disk of this machine takes is neither ours nor anybody's, and would only hide differences. No checkpoint and
    /// no autovacuum begins by itself in the middle of a measurement.
    static func start(_ installation: PostgresInstallation, settings: [String: String] = [:]) async throws -> Server {
        let own = [
            "autovacuum": "off", "checkpoint_timeout": "1h", "max_wal_size": "16GB", "shared_buffers": "512MB",
            "log_line_prefix": ServerLog.prefix, "max_locks_per_transaction": "256",
        ]
        let cluster = try await Cluster.start(installation, settings: own.merging(settings) { _, new in new })
        let admin = try await Connection.open(
            ConnectionConfiguration(cluster.conninfo(user: administrator)),
            logger: logger
        )
        return Server(cluster: cluster, admin: admin)
    }

    /// A server for the body, removed whatever comes of it.
    static func scoped<Value>(
        _ installation: PostgresInstallation,
        settings: [String: String] = [:],
        _ body: (Server) async throws -> Value
    ) async throws -> Value {
        let server = try await start(installation, settings: settings)
        do {
            let value = try await body(server)
            await server.remove()
            return value
        } catch {
            await server.remove()
            throw error
        }
    }

    private func remove() async {
        await admin.close()
        await cluster.remove()
    }

    private static var logger: Logger { Logger(label: "benchmarks") { _ in SwiftLogNoOpLogHandler() } }

    func conninfo(_ database: String) -> String { cluster.conninfo(database: database, user: Self.administrator) }

    func connect(_ database: String, application: String = "benchmark") async throws -> Connection {
        var configuration = try ConnectionConfiguration(conninfo(database))
        configuration.applicationName = application
        return try await Connection.open(configuration, logger: Self.logger)
    }

    func execute(_ statements: [Statement], in database: String) async throws {
        let connection = try await connect(database)
        for statement in statements { _ = try await connection.query(statement) }
        await connection.close()
    }

    /// A copy of the files, which is faster than a copy by way of the log.
    func create(_ database: String, from template: String? = nil) async throws {
        let source: Statement = template.map { " TEMPLATE \(identifier: $0) STRATEGY file_copy" } ?? ""
        _ = try await admin.query("CREATE DATABASE \(identifier: database)\(fragment: source)")
    }

    func drop(_ database: String) async throws {
        _ = try await admin.query("DROP DATABASE \(identifier: database) WITH (FORCE)")
    }

    func version() async throws -> String {
        let rows = try await admin.query("SELECT current_setting('server_version') AS version")
        return try rows.first?.string("version") ?? "unknown"
    }

    /// The processor seconds that the sessions of a body cost the server, beside what the body returns. It must end them all.
    func processorTime<Value>(_ body: () async throws -> Value) async throws -> (Value, seconds: Double) {
        guard let postmaster = await cluster.pid else { throw BenchmarkError("the server is gone") }
        try await waitForSessions()
        let before = Machine.secondsOfReapedChildren(of: postmaster)
        let value = try await body()
        try await waitForSessions()
        return (value, Machine.secondsOfReapedChildren(of: postmaster) - before)
    }

    /// What a server process used is known when it has ended and the postmaster has reaped it.
    private func waitForSessions() async throws {
        for _ in 0..<500 {
            let rows = try await admin.query(
                "SELECT count(*) AS others FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
            if try rows.first?.int("others") == 0 { break }
            try await Task.sleep(for: .milliseconds(10))
        }
        try await Task.sleep(for: .milliseconds(200))
    }
}
