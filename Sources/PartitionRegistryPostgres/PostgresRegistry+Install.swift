// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
public import PartitionRouter

extension PostgresRegistry {
    /// Whether the registry's schema is there. Whether the role may use it is another question.
    public func isInstalled() async throws(RegistryError) -> Bool {
        // The catalog, since to_regclass asks for a privilege on the schema.
        let rows = try await query(
            """
            SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = 'partition_registry' AND c.relname = 'map'
            """
        )
        return !rows.isEmpty
    }

    private static func checkMayCreate(_ connection: Connection) async throws {
        let rows = try await connection.query(
            """
            SELECT quote_ident(current_user) AS role, quote_ident(current_database()) AS database
             WHERE NOT has_database_privilege(current_database(), 'CREATE')
            """,
            deadline: deadline
        )
        guard let row = rows.first else { return }
        let (role, database) = (try row.string("role"), try row.string("database"))
        throw RegistryError(
            .refused,
            "the role \(role) may not make the schema partition_registry in the database \(database)",
            hint: "GRANT CREATE ON DATABASE \(database) TO \(role)"
        )
    }

    /// Makes the registry's schema, or brings an older one up to date. Does nothing to a current one.
    ///
    /// - Throws: ``RegistryError/Code/unsupported`` when a newer version of this tool made it; ``RegistryError/Code/refused`` with the GRANT when
    ///   the role may not make a schema.
    public func install() async throws(RegistryError) {
        try await transaction { connection in
            // Two at once: CREATE … IF NOT EXISTS can still fail on the other's uncommitted schema.
            _ = try await connection.query(
                "SELECT pg_advisory_xact_lock(hashtextextended('partition_registry', 0))",
                deadline: Self.deadline
            )
            let rows = try await connection.query(
                """
                SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = 'partition_registry' AND c.relname = 'schema_version'
                """,
                deadline: Self.deadline
            )
            var version = 0
            if !rows.isEmpty {
                version =
                    try await connection.query(
                        "SELECT coalesce(max(version), 0) AS version FROM partition_registry.schema_version",
                        deadline: Self.deadline
                    ).first?.int("version") ?? 0
            }
            if rows.isEmpty { try await Self.checkMayCreate(connection) }
            guard version <= RegistrySchema.migrations.count else {
                throw RegistryError(
                    .unsupported,
                    "the registry's schema was made by a newer partition-cli",
                    hint: "update partition-cli"
                )
            }
            for (index, migration) in RegistrySchema.migrations.enumerated().dropFirst(version) {
                for statement in migration { _ = try await connection.query(statement, deadline: Self.deadline) }
                _ = try await connection.query(
                    "INSERT INTO partition_registry.schema_version (version) VALUES (\(bind: index + 1)::integer)",
                    deadline: Self.deadline
                )
            }
        }
    }

    /// Writes down what a run did. Telemetry: nothing ever reads it to decide.
    ///
    /// The last 10,000 runs are kept.
    public func record(_ run: RunRecord) async throws(RegistryError) {
        _ = try await transaction { connection in
            _ = try await connection.query(
                """
                INSERT INTO partition_registry.run (started_at, finished_at, command, exit_status, report)
                VALUES ('epoch'::timestamptz + \(bind: run.startedAt)::bigint * interval '1 microsecond',
                  'epoch'::timestamptz + \(bind: run.finishedAt)::bigint * interval '1 microsecond',
                  \(bind: run.command), \(bind: run.exitStatus)::integer, \(bind: run.report)::jsonb)
                """,
                deadline: Self.deadline
            )
            return try await connection.query(
                """
                DELETE FROM partition_registry.run
                WHERE id <= (SELECT id FROM partition_registry.run ORDER BY id DESC OFFSET 10000 LIMIT 1)
                """,
                deadline: Self.deadline
            )
        }
    }
}

extension PostgresRegistry {
    /// The last run that was written down for a database. For people: nothing is decided by it.
    ///
    /// - Returns: nil where none was, or where the schema isn't installed.
    public func lastRun(of database: String) async throws(RegistryError) -> RunRecord? {
        do {
            let rows = try await query(
                """
                SELECT (extract(epoch FROM started_at) * 1000000)::bigint AS started,
                       (extract(epoch FROM finished_at) * 1000000)::bigint AS finished, command, exit_status, report::text AS report
                  FROM partition_registry.run WHERE report ->> 'database' = \(bind: database) ORDER BY id DESC LIMIT 1
                """
            )
            return try rows.first.map(RunRecord.init)
        } catch let error as RegistryError {
            if error.code == .notInstalled { return nil }
            throw error
        } catch {
            throw RegistryError(.unreachable, "the last run can't be read: \(error)")
        }
    }
}

extension RunRecord {
    fileprivate init(_ row: Row) throws(PostgresError) {
        self.init(
            startedAt: try row.int64("started"),
            finishedAt: try row.int64("finished"),
            command: try row.string("command"),
            exitStatus: try row.int("exit_status"),
            report: try row.string("report")
        )
    }
}

/// One run of the tool, for the registry's table of runs.
public struct RunRecord: Sendable, Hashable {
    /// Microseconds since 1970 UTC.
    public let startedAt: Int64
    /// Microseconds since 1970 UTC.
    public let finishedAt: Int64
    /// The command's name, without its arguments.
    public let command: String
    public let exitStatus: Int
    /// A JSON text, without secrets.
    public let report: String

    public init(startedAt: Int64, finishedAt: Int64, command: String, exitStatus: Int, report: String) {
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.command = command
        self.exitStatus = exitStatus
        self.report = report
    }
}
