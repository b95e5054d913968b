// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ

extension CatalogReader {
    /// Every partitioned table that isn't temporary. Foreign keys that PostgreSQL derived for partitions
    /// (`conparentid <> 0`) are left out: the parent's own stands for them. Keys are collected once, for there is no index by which those that
    /// reference a table could be found: each table would read all constraints.
    static let tablesQuery: Statement = """
        WITH foreign_keys AS MATERIALIZED (
               SELECT DISTINCT x.conrelid, x.confrelid FROM pg_constraint x WHERE x.contype = 'f' AND x.conparentid = 0)
        SELECT c.oid::bigint AS oid, n.nspname AS schema, c.relname AS name, p.partstrat::text AS strategy,
               pg_get_userbyid(c.relowner) AS owner, pg_has_role(c.relowner, 'USAGE') AS owned,
               pg_has_role(c.relowner, 'MEMBER') AS member,
               CASE WHEN NOT has_schema_privilege(n.oid, 'CREATE')
                    THEN format('GRANT CREATE ON SCHEMA %I TO %I', n.nspname, current_user)
                    WHEN NOT has_schema_privilege(c.relowner, n.oid, 'CREATE')
                    THEN format('GRANT CREATE ON SCHEMA %I TO %I', n.nspname, pg_get_userbyid(c.relowner))
                    WHEN NOT has_table_privilege(c.oid, 'SELECT')
                    THEN format('GRANT SELECT ON %I.%I TO %I', n.nspname, c.relname, current_user)
                    WHEN c.reltablespace <> 0 AND NOT has_tablespace_privilege(c.reltablespace, 'CREATE')
                    THEN format('GRANT CREATE ON TABLESPACE %I TO %I',
                                (SELECT t.spcname FROM pg_tablespace t WHERE t.oid = c.reltablespace), current_user)
                     END AS grant_to_create,
               coalesce((SELECT r.rolsuper FROM pg_roles r WHERE r.oid = c.relowner), false) AS super,
               c.relispartition AS subpartitioned,
               (SELECT e.extname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
                 WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                   AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' LIMIT 1) AS extension,
               k.columns AS key_columns, k.types AS key_types, k.quoted AS key_quoted,
               ARRAY(SELECT x.conname::text FROM pg_constraint x
                      WHERE x.conrelid = p.partdefid AND x.contype = 'c' AND starts_with(x.conname::text, 'partition_cli_ahead_')
                      ORDER BY 1) AS leftovers,
               f.oids AS references_oids, f.schemas AS references_schemas, f.names AS references_names,
               b.oids AS referenced_oids, b.schemas AS referenced_schemas, b.names AS referenced_names,
               ARRAY(SELECT DISTINCT u.pubname::text FROM pg_publication u
                      WHERE NOT u.pubviaroot AND u.pubinsert
                        AND (u.puballtables
                             OR EXISTS (SELECT FROM pg_publication_rel r WHERE r.prpubid = u.oid AND r.prrelid = c.oid)
                             OR EXISTS (SELECT FROM pg_publication_namespace r
                                         WHERE r.pnpubid = u.oid AND r.pnnspid = c.relnamespace))
                      ORDER BY 1) AS publications
          FROM pg_partitioned_table p
          JOIN pg_class c ON c.oid = p.partrelid
          JOIN pg_namespace n ON n.oid = c.relnamespace
         CROSS JOIN LATERAL (
               SELECT array_agg(a.attname::text ORDER BY t.ord) AS columns,
                      array_agg(quote_ident(a.attname) ORDER BY t.ord) AS quoted,
                      array_agg(format_type(a.atttypid, NULL) ORDER BY t.ord) AS types
                 FROM unnest(p.partattrs::int2[]) WITH ORDINALITY t(num, ord)
                 LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = t.num AND t.num > 0) k
         CROSS JOIN LATERAL (
               SELECT coalesce(array_agg(r.oid::bigint ORDER BY r.oid), '{}') AS oids,
                      coalesce(array_agg(rn.nspname::text ORDER BY r.oid), '{}') AS schemas,
                      coalesce(array_agg(r.relname::text ORDER BY r.oid), '{}') AS names
                 FROM foreign_keys d
                 JOIN pg_class r ON r.oid = d.confrelid JOIN pg_namespace rn ON rn.oid = r.relnamespace
                WHERE d.conrelid = c.oid) f
         CROSS JOIN LATERAL (
               SELECT coalesce(array_agg(r.oid::bigint ORDER BY r.oid), '{}') AS oids,
                      coalesce(array_agg(rn.nspname::text ORDER BY r.oid), '{}') AS schemas,
                      coalesce(array_agg(r.relname::text ORDER BY r.oid), '{}') AS names
                 FROM foreign_keys d
                 JOIN pg_class r ON r.oid = d.conrelid JOIN pg_namespace rn ON rn.oid = r.relnamespace
                WHERE d.confrelid = c.oid) b
         WHERE c.relpersistence <> 't'
        """

    /// A bound has no columns to look up. Told the table, the server would load its description, which costs more than all the rest; newer ones
    /// would also lock it, and wait for whoever has it in ACCESS EXCLUSIVE mode.
    static let partitionsQuery: Statement = """
        SELECT i.inhparent::bigint AS parent, c.oid::bigint AS oid, n.nspname AS schema, c.relname AS name,
               c.relkind::text AS kind, pg_get_expr(c.relpartbound, 0) AS bound, i.inhdetachpending AS pending,
               c.relpersistence = 't' AS temporary, c.reltuples AS tuples,
               CASE WHEN d.description LIKE '%{"partition-cli":%' THEN d.description END AS comment
          FROM pg_inherits i
          JOIN pg_partitioned_table p ON p.partrelid = i.inhparent
          JOIN pg_class c ON c.oid = i.inhrelid
          JOIN pg_namespace n ON n.oid = c.relnamespace
          LEFT JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = c.oid AND d.objsubid = 0
        """

    /// Pairs of a parent's index and a partition where no attached and valid child stands. The remnant is an invalid index that nobody
    /// is building at the moment: one attached to the parent's, or one whose definition from `USING` on is the parent's. It is looked for where
    /// there is a gap only, and gaps are few.
    static let indexGapsQuery: Statement = """
        WITH gaps AS MATERIALIZED (
               SELECT pi.indrelid AS parent, pi.indexrelid AS parent_index, ni.nspname AS schema, ic.relname AS index_name,
                      pi.indkey, pi.indisunique, pi.indclass, pi.indoption,
                      pc.oid AS partition, pn.nspname AS partition_schema, pc.relname AS partition_name, pc.relkind AS kind
                 FROM pg_index pi
                 JOIN pg_class ic ON ic.oid = pi.indexrelid AND ic.relkind = 'I'
                 JOIN pg_namespace ni ON ni.oid = ic.relnamespace
                 JOIN pg_inherits i ON i.inhparent = pi.indrelid AND NOT i.inhdetachpending
                 JOIN pg_class pc ON pc.oid = i.inhrelid AND pc.relkind IN ('r', 'p') AND pc.relpersistence <> 't'
                 JOIN pg_namespace pn ON pn.oid = pc.relnamespace
                WHERE NOT EXISTS (SELECT FROM pg_inherits a JOIN pg_index ci ON ci.indexrelid = a.inhrelid
                                   WHERE a.inhparent = pi.indexrelid AND ci.indrelid = pc.oid AND ci.indisvalid))
        SELECT g.parent::bigint AS parent, g.parent_index::bigint AS parent_index, g.schema, g.index_name,
               EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = g.parent_index AND k.contype IN ('p', 'u', 'x')) AS is_constraint,
               g.partition::bigint AS partition, g.partition_schema, g.partition_name, g.kind::text AS kind, r.relname AS remnant
          FROM gaps g
          LEFT JOIN LATERAL (
               SELECT x.relname
                 FROM pg_index xi JOIN pg_class x ON x.oid = xi.indexrelid
                WHERE xi.indrelid = g.partition AND NOT xi.indisvalid AND g.kind = 'r'
                  AND (EXISTS (SELECT FROM pg_inherits a WHERE a.inhrelid = xi.indexrelid AND a.inhparent = g.parent_index)
                       OR (xi.indkey = g.indkey AND xi.indisunique = g.indisunique
                           AND xi.indclass = g.indclass AND xi.indoption = g.indoption
                           AND NOT EXISTS (SELECT FROM pg_inherits a WHERE a.inhrelid = xi.indexrelid)))
                  AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = xi.indexrelid)
                ORDER BY x.oid LIMIT 1) r ON true
         ORDER BY 1, 2, 6
        """

    /// Tables that carry our marker and say of themselves that they were not attached yet.
    static let unattachedQuery: Statement = """
        SELECT c.oid::bigint AS oid, n.nspname AS schema, c.relname AS name, d.description AS comment
          FROM pg_description d
          JOIN pg_class c ON c.oid = d.objoid JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE d.classoid = 'pg_class'::regclass AND d.objsubid = 0
           AND d.description LIKE '%{"partition-cli":%"isUnattached":true%'
           AND c.relkind = 'r' AND NOT c.relispartition AND c.relpersistence <> 't' AND pg_has_role(c.relowner, 'USAGE')
         ORDER BY c.oid
        """

    /// Those of some tables to which a row was ever written. `pg_relation_size` locks what it measures: a table that somebody else has locked, or
    /// waits for, is taken for used.
    static func usedQuery(_ oids: [Int64]) -> Statement {
        """
        SELECT o.oid FROM unnest(\(bind: oids)::bigint[]) o(oid)
         WHERE CASE WHEN EXISTS (SELECT FROM pg_locks l
                                  WHERE l.locktype = 'relation' AND l.relation = o.oid::oid AND l.mode = 'AccessExclusiveLock'
                                    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))
                    THEN true ELSE pg_relation_size(o.oid::oid) IS DISTINCT FROM 0 END
        """
    }
}
