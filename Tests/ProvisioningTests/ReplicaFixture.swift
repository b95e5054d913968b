// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import LocalPostgres
import PartitionMap
import PartitionRouter
import Partitioning
import Provisioning
import TestSupport

/// A primary of its own with standbys, and a table of days whose partitions end in three days: six of them.
struct ReplicaFixture {
    let primary: Cluster
    let standbys: [Cluster]
    let connection: Connection

    static func with<Value>(
        standbys names: [String],
        settings: [String: String] = [:],
        standbySettings: [String: String] = [:],
        _ body: (ReplicaFixture) async throws -> Value
    ) async throws -> Value {
        let primary = try await TestServer.makeCluster(settings: ["autovacuum": "off"].merging(settings) { $1 })
        var standbys: [Cluster] = []
        for name in names {
            standbys.append(
                try await primary.makeStandby(
                    name: name,
                    settings: ["hot_standby": "on"].merging(standbySettings) { $1 }
                )
            )
        }
        let connection = try await Connection.open(ConnectionConfiguration(primary.conninfo()), logger: .test)
        for statement in days { _ = try await connection.query(statement) }
        let fixture = ReplicaFixture(primary: primary, standbys: standbys, connection: connection)
        let value = try await body(fixture)
        await connection.close()
        for standby in standbys { await standby.remove() }
        await primary.remove()
        return value
    }

    private static let days: [Statement] = [
        "SET TimeZone = 'UTC'",
        "CREATE TABLE events (event_ts date NOT NULL, payload text) PARTITION BY RANGE (event_ts)",
        "CREATE TABLE load (payload text)",
        """
        DO $$ BEGIN
          FOR day IN -2..3 LOOP
            EXECUTE format('CREATE TABLE %I PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
              to_char(current_date + day, '"events_"YYYYMMDD'), current_date + day, current_date + day + 1);
          END LOOP;
        END $$
        """,
    ]

    /// - Parameter days: the buffer; up to 3 needs no new partition, 6 needs three.
    func provisioner(
        days: Int = 6,
        lag: LagLimits = LagLimits(opensAbove: .seconds(1)),
        table: TableGuards = TableGuards(),
        patience: Duration = .seconds(2),
        user: String = "postgres",
        registry: (any Registry)? = nil,
        tell: @escaping @Sendable (RunEvent) -> Void = { _ in }
    ) throws -> Provisioner {
        Provisioner(
            configuration: try ConnectionConfiguration(primary.conninfo(user: user)),
            settings: PlanSettings(bufferDays: days),
            budget: RunBudget(run: .seconds(60), table: patience, emergencyDays: 0),
            guards: RunGuards(lag: lag, defaults: table),
            publisher: registry.map { Publisher(registry: $0, logger: .test) },
            logger: .test,
            tell: tell
        )
    }

    func execute(_ statements: Statement...) async throws {
        for statement in statements { _ = try await connection.query(statement) }
    }

    /// Statements on a standby.
    func query(_ statement: Statement, on standby: Int) async throws -> Rows {
        let connection = try await Connection.open(
            ConnectionConfiguration(standbys[standby].conninfo()),
            logger: .test
        )
        let rows = try await connection.query(statement)
        await connection.close()
        return rows
    }

    func pauseReplay(on standby: Int) async throws {
        _ = try await query("SELECT pg_wal_replay_pause()", on: standby)
        try await eventually("replay is paused") {
            try await query("SELECT pg_get_wal_replay_pause_state() AS state", on: standby).first?.string("state")
                == "paused"
        }
    }

    func resumeReplay(on standby: Int) async throws {
        _ = try await query("SELECT pg_wal_replay_resume()", on: standby)
    }

    /// Writes that a standby whose replay is paused can't follow.
    func load(kilobytes: Int = 10) async throws {
        try await execute(
            "INSERT INTO load SELECT repeat('x', 1000) FROM generate_series(1, \(literal: Int64(kilobytes)))"
        )
    }

    static let countQuery: Statement =
        "SELECT count(*)::int AS n FROM pg_inherits WHERE inhparent = 'events'::regclass"

    /// Leaves the partitions of today and before, and those of some days after.
    func dropPartitions(after days: Int) async throws {
        try await execute(
            """
            DO \(literal: """
                DECLARE partition regclass;
                BEGIN
                  FOR partition IN SELECT inhrelid::regclass FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
                                    WHERE inhparent = 'events'::regclass AND relname > to_char(current_date + \(days), '"events_"YYYYMMDD')
                  LOOP
                    EXECUTE format('DROP TABLE %s', partition);
                  END LOOP;
                END
                """)
            """
        )
    }

    var partitions: Int {
        get async throws { try await connection.query(Self.countQuery).first?.int("n") ?? 0 }
    }
}
