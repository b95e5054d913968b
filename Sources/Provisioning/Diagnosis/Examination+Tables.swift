// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning

extension Examination {
    /// Rights, orphans, sizes, ages.
    func lookAtTables(_ result: inout Result) async throws {
        try await look("rights", &result) { result in
            result.hazards += Hazard.hazards(of: try await missingRights())
        }
        try await look("tables like partitions", &result) { result in
            result.hazards += Hazard.hazards(of: try await orphans())
        }
        try await look("the lock table's size", &result) { result in
            result.hazards += Hazard.hazards(of: try await lockTable())
        }
        try await look("the age of tables", &result) { result in
            result.hazards += Hazard.hazards(of: try await agingTables())
        }
    }

    /// What a role that has an owner's rights may lack to create partitions for it: CREATE in the schema, for the owner and for itself,
    /// and in the table's own tablespace.
    private func missingRights() async throws(PostgresError) -> [MissingRight] {
        let rows = try await rows(
            """
            WITH ours AS (
                SELECT c.oid, c.relnamespace, c.reltablespace, r.rolname
                  FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid
                  JOIN pg_roles r ON r.rolname IN (pg_get_userbyid(c.relowner), current_user)
                 WHERE pg_has_role(c.relowner, 'USAGE') AND c.relpersistence <> 't'
            )
            SELECT format('%s may not create tables in the schema %I, where new partitions of %s and others go',
                          o.rolname, n.nspname, min(o.oid::regclass::text)) AS what,
                   format('GRANT CREATE, USAGE ON SCHEMA %I TO %I', n.nspname, o.rolname) AS grant
              FROM ours o JOIN pg_namespace n ON n.oid = o.relnamespace
             WHERE NOT has_schema_privilege(o.rolname, n.oid, 'CREATE') OR NOT has_schema_privilege(o.rolname, n.oid, 'USAGE')
             GROUP BY o.rolname, n.nspname
             UNION ALL
            SELECT format('%s may not use the tablespace %I, where new partitions of %s and others go',
                          o.rolname, t.spcname, min(o.oid::regclass::text)),
                   format('GRANT CREATE ON TABLESPACE %I TO %I', t.spcname, o.rolname)
              FROM ours o JOIN pg_tablespace t ON t.oid = o.reltablespace
             WHERE NOT has_tablespace_privilege(o.rolname, t.oid, 'CREATE')
             GROUP BY o.rolname, t.spcname
             ORDER BY 1
            """
        )
        var missing: [MissingRight] = []
        for row in rows { missing.append(MissingRight(what: try row.string("what"), grant: try row.string("grant"))) }
        return missing
    }

    /// Ordinary tables that are nobody's partition and carry our marker, or have a partitioned table's columns and a name that begins with its name.
    ///
    /// Rows by the statistics: a look at the table itself would have to lock it.
    private func orphans() async throws(PostgresError) -> [OrphanTable] {
        let rows = try await rows(
            """
            WITH columns AS (
                SELECT c.oid, c.relname, c.relkind, array_agg(a.attname::text || ' ' || a.atttypid ORDER BY a.attname) AS list
                  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                 WHERE c.relkind IN ('r', 'p') AND NOT (c.relkind = 'r' AND c.relispartition) AND c.relpersistence <> 't'
                   AND c.relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname IN ('pg_catalog', 'information_schema'))
                 GROUP BY c.oid, c.relname, c.relkind
            )
            SELECT n.nspname AS schema, c.relname AS name, pn.nspname AS parent_schema, pc.relname AS parent_name,
                   d.description AS comment,
                   CASE WHEN c.reltuples >= 0 OR pg_stat_get_live_tuples(c.oid) > 0
                        THEN greatest(c.reltuples::bigint, pg_stat_get_live_tuples(c.oid)) END AS rows
              FROM columns t
              JOIN pg_class c ON c.oid = t.oid
              JOIN pg_namespace n ON n.oid = c.relnamespace
              LEFT JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = c.oid AND d.objsubid = 0
                   AND d.description LIKE '%{"partition-cli":%'
              LEFT JOIN LATERAL (
                   SELECT p.oid FROM columns p
                    WHERE p.relkind = 'p' AND p.list = t.list AND starts_with(t.relname, p.relname)
                    ORDER BY length(p.relname) DESC, p.oid LIMIT 1) o ON true
              LEFT JOIN (pg_class pc JOIN pg_namespace pn ON pn.oid = pc.relnamespace) ON pc.oid = o.oid
             WHERE t.relkind = 'r' AND (d.description IS NOT NULL OR o.oid IS NOT NULL)
               AND NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid OR i.inhparent = c.oid)
             ORDER BY 1, 2 LIMIT 200
            """
        )
        var orphans: [OrphanTable] = []
        for row in rows {
            let marker = MarkerComment(parsing: try row.optionalString("comment")).marker
            var parent: RelationName?
            if let name = try row.optionalString("parent_name") {
                parent = RelationName(schema: try row.string("parent_schema"), name: name)
            }
            guard marker != nil || parent != nil else { continue }
            orphans.append(
                OrphanTable(
                    name: RelationName(schema: try row.string("schema"), name: try row.string("name")),
                    parent: parent,
                    marker: marker,
                    rows: try row.optionalInt64("rows")
                )
            )
        }
        return orphans
    }

    private func lockTable() async throws(PostgresError) -> LockTableFacts {
        let rows = try await rows(
            """
            WITH RECURSIVE tree AS (
                SELECT p.partrelid AS root, p.partrelid AS oid FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid
                 WHERE NOT c.relispartition
                UNION ALL
                SELECT t.root, i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.oid
            )
            SELECT n.nspname AS schema, c.relname AS name, s.partitions, s.relations,
                   current_setting('max_locks_per_transaction')::int AS locks, current_setting('max_connections')::int AS connections,
                   current_setting('max_prepared_transactions')::int AS prepared,
                   (SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'LWLock' AND wait_event = 'LockManager') AS waiters
              FROM (SELECT t.root, count(*) - 1 AS partitions,
                           sum(1 + (SELECT count(*) FROM pg_index x WHERE x.indrelid = t.oid)) AS relations
                      FROM tree t GROUP BY t.root) s
              JOIN pg_class c ON c.oid = s.root JOIN pg_namespace n ON n.oid = c.relnamespace
             ORDER BY s.relations DESC, 1, 2 LIMIT 50
            """
        )
        var facts = LockTableFacts(
            version: session.connection.serverVersion,
            maxLocksPerTransaction: 0,
            maxConnections: 0,
            tables: []
        )
        for row in rows {
            facts.maxLocksPerTransaction = try row.int("locks")
            facts.maxConnections = try row.int("connections")
            facts.maxPreparedTransactions = try row.int("prepared")
            facts.waiters = try row.int("waiters")
            facts.tables.append(
                LockTableFacts.Table(
                    name: RelationName(schema: try row.string("schema"), name: try row.string("name")),
                    partitions: try row.int("partitions"),
                    relations: try row.int("relations")
                )
            )
        }
        return facts
    }

    /// What a new partition is attached under a lock of, and an autovacuum against wraparound is or soon will be at: from nine tenths of the age at
    /// which that begins.
    private func agingTables() async throws(PostgresError) -> [AgingTable] {
        let rows = try await rows(
            """
            WITH parts AS (
                SELECT p.partdefid AS oid, p.partrelid AS root, 'default partition' AS part
                  FROM pg_partitioned_table p WHERE p.partdefid <> 0
                UNION
                SELECT x.confrelid, x.conrelid, 'target of a foreign key'
                  FROM pg_constraint x JOIN pg_partitioned_table p ON p.partrelid = x.conrelid
                 WHERE x.contype = 'f' AND x.conparentid = 0
            )
            SELECT p.oid::regclass::text AS name, p.root::regclass::text AS root, p.part, age(c.relfrozenxid) AS age, l.age AS limit
              FROM parts p JOIN pg_class c ON c.oid = p.oid AND c.relkind = 'r'
             CROSS JOIN LATERAL (
                   SELECT least(current_setting('autovacuum_freeze_max_age')::bigint,
                                (SELECT o.option_value::bigint FROM pg_options_to_table(c.reloptions) o
                                  WHERE o.option_name = 'autovacuum_freeze_max_age')) AS age) l
             WHERE age(c.relfrozenxid) >= l.age * 0.9
             ORDER BY 1 LIMIT 50
            """
        )
        var aging: [AgingTable] = []
        for row in rows {
            aging.append(
                AgingTable(
                    name: try row.string("name"),
                    root: try row.string("root"),
                    part: try row.string("part"),
                    age: try row.int64("age"),
                    limit: try row.int64("limit")
                )
            )
        }
        return aging
    }
}
