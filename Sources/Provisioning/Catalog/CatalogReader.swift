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
        let snapshot = try await session.connection.withTransaction(
            TransactionOptions(isolation: .repeatableRead, readOnly: true)
        ) { connection in
            let server = try await serverFacts(connection)
            let partman = try await tablesOfPartman(connection)
            var tables = try await partitionedTables(connection, partman: partman)
            try await addPartitions(connection, to: &tables)
            try await addIndexGaps(connection, to: &tables)
            try await addUnattached(connection, to: &tables)
            return CatalogSnapshot(server: server, tables: tables.values.sorted { $0.name < $1.name })
        }
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

    private func partitionedTables(
        _ connection: Connection,
        partman: Set<RelationName>
    ) async throws(PostgresError) -> [UInt32: PartitionedTable] {
        var tables: [UInt32: PartitionedTable] = [:]
        for row in try await connection.query(Self.tablesQuery) {
            let table = try partitionedTable(row, partman: partman)
            tables[table.oid] = table
        }
        return tables
    }

    private func partitionedTable(
        _ row: Row,
        partman: Set<RelationName>
    ) throws(PostgresError) -> PartitionedTable {
        let name = RelationName(schema: try row.string("schema"), name: try row.string("name"))
        let strategy: PartitionedTable.Strategy =
            switch try row.string("strategy") {
            case "r": .range
            case "l": .list
            default: .hash
            }
        var key: [PartitionedTable.KeyPart] = []
        let types = try row.nullableStringArray("key_types")
        let quoted = try row.nullableStringArray("key_quoted")
        for (index, column) in try row.nullableStringArray("key_columns").enumerated() {
            let type = (types.indices.contains(index) ? types[index] : nil) ?? "an expression"
            let sql = (quoted.indices.contains(index) ? quoted[index] : nil) ?? ""
            key.append(
                PartitionedTable.KeyPart(column: column, sql: sql, type: KeyType(typeName: type), typeName: type)
            )
        }
        return PartitionedTable(
            oid: try row.oid("oid"),
            name: name,
            strategy: strategy,
            key: key,
            owner: try row.string("owner"),
            isOwnedByUs: try row.bool("owned"),
            isSubpartitioned: try row.bool("subpartitioned"),
            ownedByExtension: try row.optionalString("extension"),
            isMaintainedByPartman: partman.contains(name),
            partitions: [],
            leftoverChecks: try row.stringArray("leftovers"),
            references: try row.peers("references_oids", "references_schemas", "references_names"),
            referencedBy: try row.peers("referenced_oids", "referenced_schemas", "referenced_names"),
            publicationsOfLeaves: try row.stringArray("publications")
        )
    }

    private func addPartitions(
        _ connection: Connection,
        to tables: inout [UInt32: PartitionedTable]
    ) async throws(PostgresError) {
        for row in try await connection.query(Self.partitionsQuery) {
            let parent = try row.oid("parent")
            tables[parent]?.partitions.append(try partition(row))
        }
        for oid in tables.keys {
            guard let table = tables[oid] else { continue }
            tables[oid]?.partitions = Self.ordered(table)
        }
    }

    private func partition(_ row: Row) throws(PostgresError) -> Partition {
        let kind: Partition.Kind =
            switch try row.string("kind") {
            case "p": .partitionedTable
            case "f": .foreignTable
            default: .table
            }
        let text = try row.optionalString("bound") ?? ""
        let bound: Partition.Bound =
            if let parsed = try? PartitionBound(parsing: text) { .known(parsed) } else { .unreadable(text) }
        return Partition(
            oid: try row.oid("oid"),
            name: RelationName(schema: try row.string("schema"), name: try row.string("name")),
            kind: kind,
            bound: bound,
            marker: MarkerComment(parsing: try row.optionalString("comment")).marker,
            isDetachPending: try row.bool("pending"),
            isTemporary: try row.bool("temporary"),
            pages: try row.int("pages"),
            estimatedRows: Int(try row.double("tuples"))
        )
    }

    /// By bound where it can be read, else by name; the default partition last.
    private static func ordered(_ table: PartitionedTable) -> [Partition] {
        let ranges = Dictionary(
            PolicyInference.ranges(of: table).map { ($0.partition.oid, $0.range) },
            uniquingKeysWith: { first, _ in first }
        )
        return table.partitions.sorted { left, right in
            if left.isDefault != right.isDefault { return right.isDefault }
            switch (ranges[left.oid], ranges[right.oid]) {
            case (let first?, let second?): return first < second
            case (_?, nil): return true
            case (nil, _?): return false
            case (nil, nil): return left.name < right.name
            }
        }
    }

    private func addIndexGaps(
        _ connection: Connection,
        to tables: inout [UInt32: PartitionedTable]
    ) async throws(PostgresError) {
        for row in try await connection.query(Self.indexGapsQuery) {
            let remnant: RelationName? =
                if let name = try row.optionalString("remnant") {
                    RelationName(schema: try row.string("partition_schema"), name: name)
                } else {
                    nil
                }
            let gap = IndexGap(
                parentIndexOID: try row.oid("parent_index"),
                parentIndex: RelationName(schema: try row.string("schema"), name: try row.string("index_name")),
                isConstraint: try row.bool("is_constraint"),
                partitionOID: try row.oid("partition"),
                partition: RelationName(
                    schema: try row.string("partition_schema"),
                    name: try row.string("partition_name")
                ),
                partitionKind: try row.string("kind") == "p" ? .partitionedTable : .table,
                invalidRemnant: remnant
            )
            tables[try row.oid("parent")]?.indexGaps.append(gap)
        }
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

    fileprivate func peers(
        _ oids: String,
        _ schemas: String,
        _ names: String
    ) throws(PostgresError) -> [PartitionedTable.ForeignKeyPeer] {
        let oids = try int64Array(oids)
        let schemas = try stringArray(schemas)
        let names = try stringArray(names)
        return zip(oids, zip(schemas, names)).map { oid, name in
            PartitionedTable.ForeignKeyPeer(
                oid: UInt32(truncatingIfNeeded: oid),
                name: RelationName(schema: name.0, name: name.1)
            )
        }
    }
}
