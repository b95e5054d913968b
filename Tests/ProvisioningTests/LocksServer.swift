// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import LocalPostgres
import PartitionRouter
import Partitioning
import Provisioning
import TestSupport

/// A server that writes down every session that waits for a lock for 50 ms, and behind whom.
actor LocksServer {
    static let shared = LocksServer()

    private var starting: Task<Cluster, any Error>?

    func cluster() async throws -> Cluster {
        let task = starting ?? Task { try await TestServer.makeCluster(settings: Self.settings) }
        starting = task
        return try await task.value
    }

    static let settings = [
        "autovacuum": "off",
        "autovacuum_naptime": "1s",
        "checkpoint_timeout": "1h",
        "deadlock_timeout": "50ms",
        "log_connections": "on",
        "log_lock_waits": "on",
        "max_connections": "100",
        "max_prepared_transactions": "2",
        "max_wal_size": "4GB",
    ]
}

/// A database on ``LocksServer``, with the sessions of a test.
struct LocksFixture {
    let cluster: Cluster
    let name: String
    let connection: Connection
    private let logStart: Int

    /// Runs a test on a new database, which is dropped at the end.
    ///
    /// - Parameters:
    ///   - cluster: nil for the shared one.
    ///   - setUp: statements at the beginning of the sessions that make what the test needs.
    static func with<Value>(
        _ cluster: Cluster? = nil,
        setUp: [Statement] = [],
        _ body: (LocksFixture) async throws -> Value
    ) async throws -> Value {
        let shared = LocksServer.shared
        let cluster = if let cluster { cluster } else { try await shared.cluster() }
        let name = "locks_\(UInt64.random(in: .min ... .max))"
        let administrator = try await open(cluster, database: "postgres", "administrator")
        for statement in setUp { _ = try await administrator.query(statement) }
        _ = try await administrator.query("CREATE DATABASE \(identifier: name) TEMPLATE template0")
        let fixture = LocksFixture(
            cluster: cluster,
            name: name,
            connection: try await open(cluster, database: name, "fixture"),
            logStart: try ServerLog.lines(of: cluster).count
        )
        for statement in setUp { _ = try await fixture.connection.query(statement) }
        let value: Value
        do {
            value = try await body(fixture)
        } catch {
            _ = try await administrator.query("DROP DATABASE \(identifier: name) WITH (FORCE)")
            throw error
        }
        _ = try await administrator.query("DROP DATABASE \(identifier: name) WITH (FORCE)")
        return value
    }

    private static func open(_ cluster: Cluster, database: String, _ application: String) async throws -> Connection {
        var configuration = try ConnectionConfiguration(cluster.conninfo(database: database))
        configuration.applicationName = application
        return try await Connection.open(configuration, logger: .test)
    }

    func connect(_ application: String) async throws -> Connection {
        try await Self.open(cluster, database: name, application)
    }

    func execute(_ statements: Statement...) async throws {
        for statement in statements { _ = try await connection.query(statement) }
    }

    func strings(_ statement: Statement) async throws -> [String] {
        try await connection.query(statement).map { try $0.string("v") }
    }

    /// What the server wrote since this test began.
    var log: ServerLog {
        get throws { ServerLog(lines: Array(try ServerLog.lines(of: cluster).dropFirst(logStart))) }
    }

    func provisioner(
        budget: RunBudget = RunBudget(run: .seconds(120), table: .seconds(60), emergencyDays: 0),
        user: String = "postgres",
        registry: (any Registry)? = nil
    ) throws -> Provisioner {
        var configuration = try ConnectionConfiguration(cluster.conninfo(database: name, user: user))
        configuration.applicationName = "partition-cli"
        return Provisioner(
            configuration: configuration,
            settings: PlanSettings(bufferDays: 60),
            budget: budget,
            publisher: registry.map { Publisher(registry: $0, logger: .test) },
            logger: .test
        )
    }

    /// Distinct statements of our run's session that looked at who holds locks, seen so far by looking ourselves.
    func waitForLooks(_ count: Int) async throws {
        var seen: Set<String> = []
        try await eventually("the run looked \(count) times for those in its way") {
            seen.formUnion(
                try await strings(
                    """
                    SELECT query_start::text AS v FROM pg_stat_activity
                     WHERE application_name = 'partition-cli' AND datname = current_database() AND query LIKE 'WITH wanted AS%'
                    """
                )
            )
            return seen.count >= count
        }
    }
}
