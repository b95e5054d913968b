// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import LibPQ
package import Partitioning

extension CatalogReader {
    /// Which of the wanted names are taken, and whether what stands there could become the partition.
    ///
    /// A table may be adopted when it is an ordinary, empty table of ours, attached to nothing, with the parent's columns:
    /// what an interrupted run left, or what somebody prepared by hand. Rows would make an adoption a decision about data.
    ///
    /// - Parameter plan: a plan whose names are to be checked.
    /// - Throws: `PostgresError`.
    package func occupants(of plan: Plan) async throws(PostgresError) -> [RelationName: NameOccupant] {
        var parents: [RelationName: UInt32] = [:]
        for step in plan.steps {
            if case .createPartition(let creation) = step.action { parents[creation.name] = step.tableOID }
        }
        guard !parents.isEmpty else { return [:] }
        let wanted = parents.sorted { $0.key < $1.key }
        let rows = try await session.connection.query(
            """
            SELECT w.schema, w.name, c.oid::bigint AS oid, c.relkind::text AS kind,
                   CASE WHEN c.oid IS NULL THEN 'a type has that name'
                        WHEN c.relkind <> 'r' THEN 'it is not an ordinary table'
                        WHEN c.relispartition THEN 'it is a partition of ' || coalesce(
                             (SELECT i.inhparent::regclass::text FROM pg_inherits i WHERE i.inhrelid = c.oid), 'another table')
                        WHEN c.relhassubclass OR EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid)
                             THEN 'it takes part in table inheritance'
                        WHEN c.relpersistence = 't' THEN 'it is temporary'
                        WHEN NOT pg_has_role(c.relowner, 'USAGE') THEN 'it belongs to ' || pg_get_userbyid(c.relowner)
                        WHEN EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
                             THEN 'it belongs to an extension'
                        WHEN o.columns IS DISTINCT FROM p.columns THEN 'it has other columns'
                   END AS obstacle
              FROM unnest(\(bind: wanted.map(\.key.schema))::text[], \(bind: wanted.map(\.key.name))::text[],
                          \(bind: wanted.map { Int64($0.value) })::bigint[]) w(schema, name, parent)
              JOIN pg_namespace n ON n.nspname = w.schema
              LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
              LEFT JOIN pg_type t ON t.typnamespace = n.oid AND t.typname = w.name
             CROSS JOIN LATERAL (
                   SELECT array_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod), a.attcollation,
                                              a.attgenerated) ORDER BY a.attname) AS columns
                     FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) o
             CROSS JOIN LATERAL (
                   SELECT array_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod), a.attcollation,
                                              a.attgenerated) ORDER BY a.attname) AS columns
                     FROM pg_attribute a WHERE a.attrelid = w.parent::oid AND a.attnum > 0 AND NOT a.attisdropped) p
             WHERE c.oid IS NOT NULL OR t.oid IS NOT NULL
            """
        )
        var occupants: [RelationName: NameOccupant] = [:]
        for row in rows {
            let name = RelationName(schema: try row.string("schema"), name: try row.string("name"))
            var obstacle = try row.optionalString("obstacle")
            if obstacle == nil, try await hasRows(name) {
                obstacle = "it holds rows, and attaching it would make them part of the table"
            }
            occupants[name] = NameOccupant(name: name, adoptable: obstacle.map { .no($0) } ?? .yes)
        }
        return occupants
    }

    private func hasRows(_ name: RelationName) async throws(PostgresError) -> Bool {
        let rows = try await session.connection.query(
            "SELECT EXISTS (SELECT FROM ONLY \(qualified: name.schema, name.name)) AS found"
        )
        return try rows.first?.bool("found") ?? true
    }
}
