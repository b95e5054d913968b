// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import LibPQ
package import Partitioning

extension CatalogReader {
    /// Which of the wanted names are taken, and whether what stands there could become the partition.
    ///
    /// A table may be adopted when it is an ordinary, empty table of ours, attached to nothing, with the parent's definition:
    /// what an interrupted run left, or what somebody prepared by hand. Rows would make an adoption a decision about data.
    ///
    /// - Parameters:
    ///   - plan: its names are to be checked.
    ///   - snapshot: what the plan was made from.
    /// - Throws: `PostgresError`.
    package func occupants(
        of plan: Plan,
        in snapshot: CatalogSnapshot
    ) async throws(PostgresError) -> [RelationName: NameOccupant] {
        var parents: [RelationName: UInt32] = [:]
        for step in plan.steps {
            if case .createPartition(let creation) = step.action { parents[creation.name] = step.tableOID }
        }
        guard !parents.isEmpty else { return [:] }
        var occupants: [RelationName: NameOccupant] = [:]
        for row in try await session.connection.query(Self.occupantsQuery(parents.keys.sorted())) {
            let name = RelationName(schema: try row.string("schema"), name: try row.string("name"))
            var obstacle = try row.optionalString("obstacle")
            if obstacle == nil, let parent = snapshot.tables.first(where: { $0.oid == parents[name] }) {
                obstacle = try await obstacleToAdoption(of: try row.oid("oid"), name, by: parent)
            }
            occupants[name] = NameOccupant(name: name, adoptable: obstacle.map { .no($0) } ?? .yes)
        }
        return occupants
    }

    /// What stands in the way of a table that, by its kind, could be adopted.
    private func obstacleToAdoption(
        of oid: UInt32,
        _ name: RelationName,
        by parent: PartitionedTable
    ) async throws(PostgresError) -> String? {
        let sibling = parent.newestSibling?.oid
        let properties = try await PropertyReader(connection: session.connection)
            .properties(of: [oid, parent.oid] + [sibling].compactMap { $0 })
        guard let own = properties[oid], let model = properties[parent.oid] else { return "it is changing" }
        let expected = model.expectedOfPartition(like: sibling.flatMap { properties[$0] })
        if let obstacle = own.obstacleToAdoption(as: expected) { return obstacle }
        do {
            return try await hasRows(name, oid)
                ? "it holds rows, and attaching it would make them part of the table" : nil
        } catch {
            guard error.kind == .server else { throw error }
            return "whether it holds rows could not be seen: \(error.message)"
        }
    }

    /// A table without pages has no rows, whatever row security lets this role see of them.
    private func hasRows(_ name: RelationName, _ oid: UInt32) async throws(PostgresError) -> Bool {
        let size = try await session.connection.query(
            "SELECT pg_relation_size(\(bind: Int64(oid))::oid) AS bytes"
        )
        if try size.first?.optionalInt64("bytes") == 0 { return false }
        let rows = try await session.connection.query(
            "SELECT EXISTS (SELECT FROM ONLY \(qualified: name.schema, name.name)) AS found"
        )
        return try rows.first?.bool("found") ?? true
    }

    private static func occupantsQuery(_ wanted: [RelationName]) -> Statement {
        """
        SELECT w.schema, w.name, coalesce(c.oid, 0)::bigint AS oid,
               CASE WHEN c.oid IS NULL THEN 'a type has that name'
                    WHEN c.relkind <> 'r' THEN 'it is not an ordinary table'
                    WHEN c.relispartition THEN 'it is a partition of ' || coalesce(
                         (SELECT i.inhparent::regclass::text FROM pg_inherits i WHERE i.inhrelid = c.oid), 'another table')
                    WHEN c.relhassubclass OR EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid)
                         THEN 'it takes part in table inheritance'
                    WHEN c.relpersistence = 't' THEN 'it is temporary'
                    WHEN c.reloftype <> 0 THEN 'it is a typed table'
                    WHEN NOT pg_has_role(c.relowner, 'USAGE') THEN 'it belongs to ' || pg_get_userbyid(c.relowner)
                    WHEN EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
                         THEN 'it belongs to an extension'
                    WHEN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attidentity <> '' AND NOT a.attisdropped)
                         THEN 'it has an identity column of its own'
                    WHEN EXISTS (SELECT FROM pg_constraint k WHERE k.contype = 'f' AND c.oid IN (k.conrelid, k.confrelid))
                         THEN 'it has foreign keys of its own, or is referenced by some'
                    WHEN c.relhasrules OR EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)
                         THEN 'it has triggers or rules of its own'
               END AS obstacle
          FROM unnest(\(bind: wanted.map(\.schema))::text[], \(bind: wanted.map(\.name))::text[]) w(schema, name)
          JOIN pg_namespace n ON n.nspname = w.schema
          LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
          LEFT JOIN pg_type t ON t.typnamespace = n.oid AND t.typname = w.name
         WHERE c.oid IS NOT NULL OR t.oid IS NOT NULL
        """
    }
}
