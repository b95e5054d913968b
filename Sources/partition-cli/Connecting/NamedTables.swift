// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import PartitionMap
import Partitioning
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
            let kind = try row.optionalString("relkind")
            guard let failure = Self.failure(name, kind: kind, parent: try row.optionalString("parent")) else {
                continue
            }
            throw try await kind == nil ? hinting(failure, name, in: session) : failure
        }
    }

    /// The failure with the table that was probably meant.
    private static func hinting(
        _ failure: CommandFailure,
        _ name: EntityName,
        in session: DatabaseSession
    ) async throws(PostgresError) -> CommandFailure {
        let rows = try await session.connection.query(
            """
            SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind = 'p' AND NOT c.relispartition ORDER BY 1, 2
            """
        )
        var there: [String] = []
        for row in rows {
            there.append(qualified(EntityName(schema: try row.string("schema"), table: try row.string("name"))))
        }
        var failure = failure
        if let nearest = NearestWord.to(qualified(name), among: there) {
            failure.remedy = "\(nearest) may be meant; partition-cli status lists the partitioned tables"
        }
        return failure
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
