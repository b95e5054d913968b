// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import LocalPostgres
import TestSupport

/// The pattern's table in the test's own database: monthly on `event_ts`, only the current month's partition there.
struct EventsTable {
    let database: TemporaryDatabase
    let connection: Connection

    /// - Parameter database: nil for the test's own.
    init(in database: TemporaryDatabase? = nil) async throws {
        self.database = if let database { database } else { try TemporaryDatabase.current }
        let database = self.database
        connection = try await database.connect()
        for statement in Self.statements { _ = try await connection.query(statement) }
    }

    static let statements: [Statement] = [
        "SET TimeZone = 'UTC'",
        """
        CREATE TABLE events (id bigint NOT NULL, event_ts timestamptz NOT NULL, PRIMARY KEY (id, event_ts))
        PARTITION BY RANGE (event_ts)
        """,
        "CREATE INDEX events_event_ts ON events (event_ts)",
        """
        DO $$
        DECLARE
            first timestamptz := date_trunc('month', now());
        BEGIN
            EXECUTE format('CREATE TABLE %I PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
                           to_char(first, '"events_"YYYY_MM'), first, first + interval '1 month');
        END $$
        """,
    ]

    /// A URI without a space in it, with a password that the server doesn't ask for.
    var url: String { Self.url(of: database) }

    static let password = "s3cr3t-passw0rd"

    static func url(of database: TemporaryDatabase, user: String = "postgres") -> String {
        let socket = database.cluster.socketDirectory
        return "postgresql://\(user):\(password)@/\(database.name)?host=\(socket)&port=\(database.cluster.port)"
    }

    /// The partitions' names, in order.
    var partitions: [String] {
        get async throws {
            try await connection.query(
                """
                SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                 WHERE i.inhparent = 'events'::regclass ORDER BY c.relname
                """
            ).map { try $0.string("name") }
        }
    }

    func oid(of name: String) async throws -> UInt32 {
        let rows = try await connection.query("SELECT \(bind: name)::regclass::oid::bigint AS oid")
        return UInt32(try rows.first?.int64("oid") ?? 0)
    }

    /// Everything in the database that DDL could have changed.
    var fingerprint: [String] {
        get async throws {
            try await connection.query(
                """
                SELECT c.oid::text || c.relname || coalesce(pg_get_expr(c.relpartbound, c.oid), '') || c.relfilenode AS item
                  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') ORDER BY 1
                """
            ).map { try $0.string("item") }
        }
    }

    /// Waits until so many sessions wait for a lock, each for that long.
    func waiting(_ count: Int, seconds: Double = 0) async throws {
        try await eventually("\(count) sessions wait for a lock") {
            try await connection.query(
                """
                SELECT count(*) AS count FROM pg_locks l JOIN pg_stat_activity a USING (pid)
                 WHERE NOT l.granted AND a.datname = current_database()
                   AND l.waitstart < clock_timestamp() - \(literal: Int64(seconds * 1000)) * interval '1 ms'
                """
            ).first?.int("count") == count
        }
    }

    /// A role that owns the table and its partitions, may create in the schema, and nothing else; it goes with the database.
    func makeOwner() async throws -> String {
        let role = "owner_\(database.name)"
        for statement: Statement in [
            "CREATE ROLE \(identifier: role) LOGIN", "GRANT CREATE ON SCHEMA public TO \(identifier: role)",
            """
            DO $$ DECLARE t regclass; BEGIN
              FOR t IN SELECT relid FROM pg_partition_tree('events') LOOP
                EXECUTE format('ALTER TABLE %s OWNER TO %I', t, \(literal: role));
              END LOOP;
            END $$
            """,
        ] { _ = try await connection.query(statement) }
        return role
    }

    /// What is in the database's own registry for the table.
    var publishedVersion: Int64? {
        get async throws {
            try await connection.query(
                "SELECT version FROM partition_registry.map WHERE entity = 'events'"
            ).first?.int64("version")
        }
    }
}
