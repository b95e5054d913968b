// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import PartitionMap
import Provisioning

/// The tables that the caller named: nothing is done unless each is a partitioned table.
enum NamedTables {
    /// - Throws: ``CommandFailure`` of status `usage` for the first that isn't; `PostgresError`.
    static func check(_ names: [EntityName], in session: DatabaseSession) async throws {
        guard !names.isEmpty else { return }
        let rows = try await session.connection.query(
            """
            SELECT w.schema, w.name, c.relkind, c.relispartition AS partition,
                   (SELECT p.inhparent::regclass::text FROM pg_inherits p WHERE p.inhrelid = c.oid) AS parent
              FROM unnest(\(bind: names.map(\.schema))::text[], \(bind: names.map(\.table))::text[])
                   WITH ORDINALITY w(schema, name, position)
              LEFT JOIN (pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace)
                   ON c.relname = w.name AND n.nspname = w.schema
             ORDER BY w.position
            """
        )
        for (row, name) in zip(rows, names) {
            if let failure = failure(
                name,
                kind: try row.optionalString("relkind"),
                parent: try row.optionalString("parent")
            ) {
                throw failure
            }
        }
    }

    /// - Parameter kind: `pg_class.relkind`; nil where there is no such relation.
    private static func failure(_ name: EntityName, kind: String?, parent: String?) -> CommandFailure? {
        func refusal(_ what: String, _ remedy: String) -> CommandFailure {
            CommandFailure(.usage, "--table: \(qualified(name)) \(what)", remedy: remedy)
        }
        switch kind {
        case "p": return nil
        case nil:
            return refusal(
                "doesn't exist in this database",
                "check schema and spelling (without a schema it is public); partition-cli status lists the partitioned tables"
            )
        case "r", "f":
            if let parent {
                return refusal("is a partition, not a partitioned table", "name its parent: --table=\(parent)")
            }
            return refusal(
                "is an ordinary table, not a partitioned one",
                "only tables made with PARTITION BY are grown"
            )
        case "v": return refusal("is a view, not a table", "name the partitioned table that it shows")
        case "m": return refusal("is a materialized view, not a table", "name the partitioned table that it shows")
        default:
            return refusal("is not a table", "name a table made with PARTITION BY")
        }
    }

    /// With its schema even where that is `public`.
    static func qualified(_ name: EntityName) -> String {
        "\(EntityName.quoted(name.schema)).\(EntityName.quoted(name.table))"
    }
}
