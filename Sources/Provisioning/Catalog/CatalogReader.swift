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
    /// Nothing in it waits for a lock on a table: one that is locked for hours must not keep the others from being looked after.
    ///
    /// - Parameter now: another moment than the server's clock shows; nil for the clock's.
    /// - Throws: `PostgresError`, `TransactionError`, or `UnknownTimeZone` for a zone the server doesn't know.
    package func snapshot(settings: PlanSettings, at now: Instant? = nil) async throws -> CatalogSnapshot {
        // Decoding 60,000 rows takes a while, in which no transaction is held open.
        var rows = try await session.connection.withTransaction(
            TransactionOptions(isolation: .repeatableRead, readOnly: true)
        ) { connection in
            CatalogRows(
                server: try await serverFacts(connection),
                partman: try await partman(connection),
                tableRows: try await connection.query(Self.tablesQuery),
                partitions: try await connection.query(Self.partitionsQuery),
                indexGaps: try await connection.query(Self.indexGapsQuery),
                unattached: try await connection.query(Self.unattachedQuery)
            )
        }
        rows.used = try await used(rows.unattached)
        var snapshot = CatalogSnapshot(server: rows.server, tables: try rows.assembled())
        if let now { snapshot.server.now = now }
        return try await addZones(to: snapshot, settings: settings)
    }

    private func used(_ unattached: Rows) async throws(PostgresError) -> Set<UInt32> {
        var oids: [UInt32] = []
        for row in unattached { oids.append(try row.oid("oid")) }
        guard !oids.isEmpty else { return [] }
        do throws(PostgresError) {
            var used: Set<UInt32> = []
            for row in try await session.connection.query(Self.usedQuery(oids.map(Int64.init))) {
                used.insert(try row.oid("oid"))
            }
            return used
        } catch {
            // Locked between the look and the measurement. What counts as used is left where it is.
            guard error.kind == .server, error.sqlState == .lockNotAvailable else { throw error }
            return Set(oids)
        }
    }

    /// What the server says of itself.
    package func serverFacts(_ connection: Connection) async throws(PostgresError) -> ServerFacts {
        let rows = try await connection.query(
            """
            SELECT current_setting('server_version_num')::int AS version,
                   (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now,
                   pg_is_in_recovery() AS recovery, current_database() AS database, current_user AS role,
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
            systemIdentifier: identifier,
            sessionTimeZone: session.originalTimeZone
        )
    }

    /// What pg_partman maintains; nothing where the extension isn't there.
    private func partman(_ connection: Connection) async throws(PostgresError) -> PartmanConfiguration {
        let found = try await connection.query(
            """
            SELECT n.nspname AS schema,
                   CASE WHEN NOT has_schema_privilege(n.oid, 'USAGE') THEN format('GRANT USAGE ON SCHEMA %I TO %I', n.nspname, current_user)
                        WHEN NOT has_table_privilege(c.oid, 'SELECT')
                        THEN format('GRANT SELECT ON %I.part_config TO %I', n.nspname, current_user)
                        WHEN row_security_active(c.oid) THEN format('ALTER ROLE %I BYPASSRLS', current_user)
                   END AS missing
              FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
              JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'part_config'
             WHERE e.extname = 'pg_partman'
            """
        )
        guard let row = found.first else { return PartmanConfiguration() }
        if let missing = try row.optionalString("missing") { return PartmanConfiguration(missingGrant: missing) }
        // Names are written there without quotes.
        let rows = try await connection.query(
            """
            SELECT split_part(parent_table, '.', 1) AS schema, substr(parent_table, strpos(parent_table, '.') + 1) AS name
              FROM \(qualified: try row.string("schema"), "part_config")
            """
        )
        var configuration = PartmanConfiguration()
        for row in rows {
            configuration.tables.insert(RelationName(schema: try row.string("schema"), name: try row.string("name")))
        }
        return configuration
    }
}

/// What this role may see of pg_partman's configuration.
struct PartmanConfiguration: Sendable {
    var tables: Set<RelationName> = []
    /// The statement without which nothing can be seen.
    var missingGrant: String?
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
