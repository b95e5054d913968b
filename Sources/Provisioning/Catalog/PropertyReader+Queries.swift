// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ

extension PropertyReader {
    static func relationsQuery(_ oids: [Int64]) -> Statement {
        """
        SELECT c.oid::bigint AS oid, n.nspname AS schema, c.relname AS name, pg_get_userbyid(c.relowner) AS owner,
               c.relrowsecurity AS row_security, c.relforcerowsecurity AS force_row_security,
               ARRAY(SELECT unnest(c.reloptions) ORDER BY 1) AS options,
               ARRAY(SELECT unnest(t.reloptions) ORDER BY 1) AS toast_options,
               s.spcname AS tablespace, m.amname AS access_method, c.relpersistence = 'u' AS unlogged,
               c.relreplident::text AS replica_identity, r.name AS replica_index,
               obj_description(c.oid, 'pg_class') AS comment
          FROM pg_class c
          JOIN pg_namespace n ON n.oid = c.relnamespace
          LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
          LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
          LEFT JOIN pg_am m ON m.oid = c.relam
          LEFT JOIN LATERAL (
               SELECT coalesce(p.relname, x.relname) AS name
                 FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
                 LEFT JOIN pg_inherits h ON h.inhrelid = i.indexrelid
                 LEFT JOIN pg_class p ON p.oid = h.inhparent
                WHERE i.indrelid = c.oid AND i.indisreplident LIMIT 1) r ON true
         WHERE c.oid = any(\(bind: oids)::bigint[]::oid[])
        """
    }

    /// Privileges as they are in force: no entry means the owner's defaults.
    static func grantsQuery(_ oids: [Int64]) -> Statement {
        """
        SELECT c.oid::bigint AS oid, 0 AS attnum, CASE WHEN x.grantee <> 0 THEN pg_get_userbyid(x.grantee) END AS grantee,
               x.privilege_type AS privilege, bool_or(x.is_grantable) AS grantable
          FROM pg_class c CROSS JOIN LATERAL aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) x
         WHERE c.oid = any(\(bind: oids)::bigint[]::oid[])
         GROUP BY c.oid, x.grantee, x.privilege_type
        UNION ALL
        SELECT a.attrelid::bigint, a.attnum, CASE WHEN x.grantee <> 0 THEN pg_get_userbyid(x.grantee) END,
               x.privilege_type, bool_or(x.is_grantable)
          FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) x
         WHERE a.attrelid = any(\(bind: oids)::bigint[]::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
         GROUP BY a.attrelid, a.attnum, x.grantee, x.privilege_type
        """
    }

    /// `attoptions` without the reserved name that some minor versions keep in it.
    static func columnsQuery(_ oids: [Int64]) -> Statement {
        """
        SELECT a.attrelid::bigint AS oid, a.attnum, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
               a.attnotnull AS not_null, pg_get_expr(d.adbin, d.adrelid) AS default, a.attgenerated::text AS generated,
               a.attstorage::text AS storage, a.attcompression::text AS compression,
               CASE WHEN a.attcollation <> t.typcollation THEN quote_ident(cn.nspname) || '.' || quote_ident(co.collname) END AS collation,
               coalesce(a.attstattarget, -1) AS statistics_target,
               ARRAY(SELECT o FROM unnest(a.attoptions) o WHERE NOT starts_with(o, 'pg_') ORDER BY 1) AS options,
               col_description(a.attrelid, a.attnum) AS comment
          FROM pg_attribute a
          JOIN pg_type t ON t.oid = a.atttypid
          LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
          LEFT JOIN pg_collation co ON co.oid = a.attcollation
          LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace
         WHERE a.attrelid = any(\(bind: oids)::bigint[]::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
         ORDER BY a.attrelid, a.attnum
        """
    }

    /// Those that can't be inherited too: a partitioned table has none, and a partition's refuses rows like any other.
    static func checksQuery(_ oids: [Int64]) -> Statement {
        """
        SELECT k.conrelid::bigint AS oid, k.conname AS name, pg_get_constraintdef(k.oid) AS definition,
               k.convalidated AS validated, obj_description(k.oid, 'pg_constraint') AS comment
          FROM pg_constraint k
         WHERE k.conrelid = any(\(bind: oids)::bigint[]::oid[]) AND k.contype = 'c'
         ORDER BY k.conrelid, k.conname
        """
    }

    /// `pg_get_indexdef` begins with the names of index and table, whose exact text is rebuilt here to be taken off; whether the index is unique is
    /// told apart by what is left of it.
    static func indexesQuery(_ oids: [Int64]) -> Statement {
        """
        SELECT i.indrelid::bigint AS oid, x.relname AS name, i.indisvalid AS valid,
               CASE WHEN x.relkind = 'I' THEN x.relname ELSE px.relname END AS parent_index,
               CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END
                   || substr(pg_get_indexdef(i.indexrelid),
                      length('CREATE ' || CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END || 'INDEX ' || quote_ident(x.relname)
                             || ' ON ' || CASE WHEN x.relkind = 'I' THEN 'ONLY ' ELSE '' END
                             || quote_ident(n.nspname) || '.' || quote_ident(c.relname) || ' ') + 1) AS definition,
               coalesce(k.contype::text || CASE WHEN k.condeferrable THEN ' DEFERRABLE' ELSE '' END
                        || CASE WHEN k.condeferred THEN ' INITIALLY DEFERRED' ELSE '' END, '') AS constraint,
               s.spcname AS tablespace,
               ARRAY(SELECT a.attnum::bigint FROM pg_attribute a
                      WHERE a.attrelid = i.indexrelid AND coalesce(a.attstattarget, -1) >= 0 ORDER BY a.attnum) AS target_positions,
               ARRAY(SELECT a.attstattarget::bigint FROM pg_attribute a
                      WHERE a.attrelid = i.indexrelid AND coalesce(a.attstattarget, -1) >= 0 ORDER BY a.attnum) AS target_values,
               obj_description(i.indexrelid, 'pg_class') AS comment, obj_description(k.oid, 'pg_constraint') AS constraint_comment
          FROM pg_index i
          JOIN pg_class x ON x.oid = i.indexrelid
          JOIN pg_class c ON c.oid = i.indrelid
          JOIN pg_namespace n ON n.oid = c.relnamespace
          LEFT JOIN pg_tablespace s ON s.oid = x.reltablespace
          LEFT JOIN pg_inherits h ON h.inhrelid = i.indexrelid
          LEFT JOIN pg_class px ON px.oid = h.inhparent
          LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype IN ('p', 'u', 'x')
         WHERE i.indrelid = any(\(bind: oids)::bigint[]::oid[])
         ORDER BY i.indrelid, x.relname
        """
    }

    static func statisticsQuery(_ oids: [Int64]) -> Statement {
        """
        SELECT s.stxrelid::bigint AS oid, n.nspname AS schema, s.stxname AS name, coalesce(s.stxstattarget, -1) AS target,
               array_to_string(ARRAY(SELECT k::text FROM unnest(s.stxkind) k ORDER BY 1), ',') || ' '
                   || pg_get_statisticsobjdef_columns(s.oid) AS definition,
               obj_description(s.oid, 'pg_statistic_ext') AS comment
          FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace
         WHERE s.stxrelid = any(\(bind: oids)::bigint[]::oid[])
         ORDER BY s.stxrelid, s.stxname
        """
    }

    /// Row triggers: the first bit of `tgtype`. Those of foreign keys are internal.
    static func triggersQuery(_ oids: [Int64]) -> Statement {
        """
        SELECT t.tgrelid::bigint AS oid, t.tgname AS name, t.tgenabled::text AS enabled
          FROM pg_trigger t
         WHERE t.tgrelid = any(\(bind: oids)::bigint[]::oid[]) AND NOT t.tgisinternal AND t.tgtype & 1 = 1
        """
    }

    /// Rules that are in force in ordinary sessions, and foreign keys that weren't made for those of the parent.
    static func interferenceQuery(_ oids: [Int64]) -> Statement {
        """
        SELECT r.ev_class::bigint AS oid, r.rulename AS name, true AS rule
          FROM pg_rewrite r
         WHERE r.ev_class = any(\(bind: oids)::bigint[]::oid[]) AND r.ev_enabled IN ('O', 'A')
        UNION ALL
        SELECT k.conrelid::bigint, k.conname, false
          FROM pg_constraint k
         WHERE k.conrelid = any(\(bind: oids)::bigint[]::oid[]) AND k.contype = 'f' AND k.conparentid = 0
         ORDER BY 1, 2
        """
    }

    static func policiesQuery(_ oids: [Int64]) -> Statement {
        """
        SELECT p.polrelid::bigint AS oid, quote_ident(c.relname) AS own_name, p.polname AS name, p.polpermissive AS permissive,
               CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END AS command,
               ARRAY(SELECT pg_get_userbyid(r)::text FROM unnest(p.polroles) r WHERE r <> 0 ORDER BY 1) AS roles,
               pg_get_expr(p.polqual, p.polrelid) AS using, pg_get_expr(p.polwithcheck, p.polrelid) AS check
          FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
         WHERE p.polrelid = any(\(bind: oids)::bigint[]::oid[])
         ORDER BY p.polrelid, p.polname
        """
    }
}
