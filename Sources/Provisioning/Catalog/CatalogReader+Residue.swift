// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning

extension CatalogReader {
    /// Ordinary tables of ours whose marker says that they were built and never attached. A marker that moved with a table
    /// that somebody detached says nothing of the kind.
    ///
    /// A table to which a row was ever written has pages; looking for rows would need a privilege that an owner can lack.
    func addUnattached(
        _ connection: Connection,
        to tables: inout [UInt32: PartitionedTable]
    ) async throws(PostgresError) {
        let rows = try await connection.query(
            """
            SELECT c.oid::bigint AS oid, n.nspname AS schema, c.relname AS name, d.description AS comment,
                   pg_relation_size(c.oid) IS DISTINCT FROM 0 AS used
              FROM pg_description d
              JOIN pg_class c ON c.oid = d.objoid JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE d.classoid = 'pg_class'::regclass AND d.objsubid = 0
               AND d.description LIKE '%{"partition-cli":%"isUnattached":true%'
               AND c.relkind = 'r' AND NOT c.relispartition AND c.relpersistence <> 't' AND pg_has_role(c.relowner, 'USAGE')
             ORDER BY c.oid
            """
        )
        for row in rows {
            let marker = MarkerComment(parsing: try row.optionalString("comment")).marker
            guard let marker, marker.isUnattached == true,
                let parent = tables.values.first(where: { $0.name.description == marker.parent })
            else { continue }
            tables[parent.oid]?.unattached.append(
                UnattachedTable(
                    oid: try row.oid("oid"),
                    name: RelationName(schema: try row.string("schema"), name: try row.string("name")),
                    isUsed: try row.bool("used")
                )
            )
        }
    }
}
