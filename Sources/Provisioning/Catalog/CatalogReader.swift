// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import LibPQ
package import Partitioning

/// Reads the catalog into a value, with a number of queries that doesn't depend on the number of tables.
package struct CatalogReader: Sendable {
    let session: DatabaseSession

    package init(session: DatabaseSession) {
        self.session = session
    }

    /// One consistent reading of every partitioned table, with the zones that the settings ask for.
    ///
    /// - Throws: `PostgresError`, `TransactionError`, or `UnknownTimeZone` for a zone the server doesn't know.
    package func snapshot(settings: PlanSettings) async throws -> CatalogSnapshot {
        // Decoding 60,000 rows takes a while, in which no transaction is held open.
        let rows = try await session.connection.withTransaction(
            TransactionOptions(isolation: .repeatableRead, readOnly: true)
        ) { connection in
            CatalogRows(
                server: try await serverFacts(connection),
                partman: try await tablesOfPartman(connection),
                tableRows: try await connection.query(Self.tablesQuery),
                partitions: try await connection.query(Self.partitionsQuery),
                indexGaps: try await connection.query(Self.indexGapsQuery),
                unattached: try await connection.query(Self.unattachedQuery)
            )
        }
        let snapshot = CatalogSnapshot(server: rows.server, tables: try rows.assembled())
        return try await addZones(to: snapshot, settings: settings)
    }

    /// What the server says of itself.
    package func serverFacts(_ connection: Connection) async throws(PostgresError) -> ServerFacts {
        let rows = try await connection.query(
            """
            SELECT current_setting('server_version_num')::int AS version,
                   (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now,
                   pg_is_in_recovery() AS recovery, current_database() AS database, current_user AS role,
                   (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
                   has_function_privilege('pg_control_system()', 'EXECUTE') AS control
            """
        )
        guard let row = rows.first else {
            throw PostgresError(.decoding, "the server returned no facts about itself")
        }
        var identifier: String?
        if try row.bool("control") {
            identifier = try await connection.query("SELECT system_identifier::text AS id FROM pg_control_system()")
                .first?.optionalString("id")
        }
        return ServerFacts(
            version: try row.int("version"),
            now: Instant(microseconds: try row.int64("now")),
            isInRecovery: try row.bool("recovery"),
            database: try row.string("database"),
            role: try row.string("role"),
            isSuperuser: try row.bool("superuser"),
            systemIdentifier: identifier,
            sessionTimeZone: session.originalTimeZone
        )
    }

    /// Tables in pg_partman's configuration, which writes names unquoted; none where the extension isn't there.
    private func tablesOfPartman(_ connection: Connection) async throws(PostgresError) -> Set<RelationName> {
        let found = try await connection.query(
            """
            SELECT n.nspname AS schema
              FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
             WHERE e.extname = 'pg_partman'
               AND has_schema_privilege(n.oid, 'USAGE')
               AND has_table_privilege(format('%I.part_config', n.nspname), 'SELECT')
            """
        )
        guard let schema = try found.first?.string("schema") else { return [] }
        let rows = try await connection.query(
            """
            SELECT split_part(parent_table, '.', 1) AS schema,
                   substr(parent_table, strpos(parent_table, '.') + 1) AS name
              FROM \(qualified: schema, "part_config")
            """
        )
        var names: Set<RelationName> = []
        for row in rows {
            names.insert(RelationName(schema: try row.string("schema"), name: try row.string("name")))
        }
        return names
    }
}

extension Row {
    /// An oid, printed by the server as an unsigned number.
    func oid(_ column: String) throws(PostgresError) -> UInt32 {
        guard let oid = UInt32(exactly: try int64(column)) else {
            throw PostgresError(.decoding, "the column \(column) holds no oid")
        }
        return oid
    }
}
