// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ

/// The schema `partition_registry`, as a list of migrations that only ever grows.
enum RegistrySchema {
    static let migrations: [[Statement]] = [first, refusing, spelledOffsets]

    private static let first: [Statement] =
        [
            "CREATE SCHEMA partition_registry",
            """
            CREATE TABLE partition_registry.schema_version (
              version integer PRIMARY KEY,
              installed_at timestamptz NOT NULL DEFAULT clock_timestamp()
            )
            """,
            // Bytes, not jsonb: every store keeps the same ones. "C": names are compared by bytes, and independently of the
            // operating system's collations.
            """
            CREATE TABLE partition_registry.map (
              entity text COLLATE "C" PRIMARY KEY,
              version bigint NOT NULL,
              checksum text NOT NULL,
              size bigint NOT NULL,
              chunks integer NOT NULL,
              system_identifier text NOT NULL,
              database text NOT NULL,
              timeline bigint NOT NULL,
              lsn pg_lsn NOT NULL,
              key_kind text NOT NULL,
              timezone text,
              document bytea NOT NULL,
              published_at timestamptz NOT NULL DEFAULT clock_timestamp()
            )
            """,
            // What resolve() searches: written with the document, in its transaction.
            """
            CREATE TABLE partition_registry.entry (
              entity text COLLATE "C" NOT NULL REFERENCES partition_registry.map ON DELETE CASCADE,
              schema_name text NOT NULL,
              table_name text NOT NULL,
              lower_key bigint NOT NULL,
              upper_key bigint,
              list_value text
            )
            """,
            "CREATE INDEX entry_lower ON partition_registry.entry (entity, lower_key)",
            "CREATE INDEX entry_value ON partition_registry.entry (entity, list_value)",
            """
            CREATE TABLE partition_registry.run (
              id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
              started_at timestamptz NOT NULL,
              finished_at timestamptz NOT NULL,
              command text NOT NULL,
              exit_status integer NOT NULL,
              report jsonb NOT NULL
            )
            """,
        ] + functions

    /// `resolve` refuses where its map may be older than any router would serve: whoever writes by it could lose the
    /// row. And NULL is no time.
    // What else PostgreSQL reads as an offset ("GMT", "+0", "20261031T233000+0000") was dropped in silence, and the key placed elsewhere; so was what
    // it reads by the session's zone or style ("today", "24:00").
    private static let spelledOffsets: [Statement] = [
        """
        CREATE OR REPLACE FUNCTION partition_registry.resolve(entity text, key text) RETURNS text
        LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
        DECLARE of record := partition_registry.kind_of($1);
        BEGIN
          CASE of.kind
            WHEN 'integer' THEN RETURN partition_registry.partition_at($1, $2::bigint);
            WHEN 'list' THEN
              RETURN (SELECT format('%I.%I', e.schema_name, e.table_name) FROM partition_registry.entry e
                      WHERE e.entity = $1 AND e.list_value IS NOT DISTINCT FROM $2 LIMIT 1);
            ELSE
              IF $2 !~ ('^([+-]?infinity|[0-9]{4,6}-[0-9]{2}-[0-9]{2}([T ]([01][0-9]|2[0-3]):[0-9]{2}(:[0-5][0-9]([.][0-9]{1,6})?)?'
                        '([Zz]|[+-][0-9]{2}(:?[0-9]{2}(:?[0-9]{2})?)?)?)?( BC)?)$') THEN
                RAISE EXCEPTION '% can''t be told for certain to be one time', quote_literal($2)
                  USING ERRCODE = 'invalid_datetime_format',
                    HINT = 'Cast it to its type, or write it as in 2026-11-07T12:00:00+01:00.';
              ELSIF of.kind = 'instant' AND $2 ~ '[0-9]{2}:[0-9]{2}[^ ]*[Zz+-]' THEN
                RETURN partition_registry.resolve($1, $2::timestamptz);
              END IF;
              RETURN partition_registry.resolve($1, $2::timestamp);
          END CASE;
        END $$
        """
    ]

    private static let refusing: [Statement] = [
        // The age beyond which routers call a map stale, too.
        """
        CREATE FUNCTION partition_registry.age_bound() RETURNS interval
        LANGUAGE sql IMMUTABLE AS $$ SELECT interval '90 seconds' $$
        """,
        """
        CREATE OR REPLACE FUNCTION partition_registry.kind_of(entity text, OUT kind text, OUT zone text)
        LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
        BEGIN
          IF pg_is_in_recovery() THEN
            RAISE EXCEPTION 'a standby can''t tell how old its partition map is'
              USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Ask the primary.';
          ELSIF current_setting('transaction_isolation') IN ('repeatable read', 'serializable')
            AND clock_timestamp() - transaction_timestamp() > partition_registry.age_bound() THEN
            RAISE EXCEPTION 'this transaction sees partition maps as of its beginning, more than % ago',
              partition_registry.age_bound()
              USING ERRCODE = 'object_not_in_prerequisite_state',
                HINT = 'Begin a new transaction, or use READ COMMITTED.';
          END IF;
          SELECT m.key_kind, m.timezone INTO kind, zone FROM partition_registry.map m WHERE m.entity = $1;
          IF kind IS NULL THEN
            RAISE EXCEPTION 'no partition map is published for %', $1 USING ERRCODE = 'undefined_object';
          ELSIF kind = 'opaque' THEN
            RAISE EXCEPTION 'keys of % can only be placed by the table itself', $1 USING ERRCODE = 'feature_not_supported';
          END IF;
        END $$
        """,
        // Strict: NULL was taken for -infinity, and found in a partition that begins at MINVALUE.
        """
        CREATE OR REPLACE FUNCTION partition_registry.coordinate(key timestamp) RETURNS bigint
        LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog AS $$
          SELECT CASE WHEN isfinite($1) THEN (extract(epoch FROM $1) * 1000000)::bigint
            WHEN $1 > 'epoch'::timestamp THEN 9223372036854775807 ELSE -9223372036854775807 - 1 END
        $$
        """,
    ]

    /// `resolve(entity, key)`: the schema-qualified, quoted name of the active partition that holds the key, else NULL.
    /// Local times and dates are in the zone that the map names; NULL for a table's key that no partition holds.
    private static let functions: [Statement] = [
        """
        CREATE FUNCTION partition_registry.kind_of(entity text, OUT kind text, OUT zone text)
        LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
        BEGIN
          SELECT m.key_kind, m.timezone INTO kind, zone FROM partition_registry.map m WHERE m.entity = $1;
          IF kind IS NULL THEN
            RAISE EXCEPTION 'no partition map is published for %', $1 USING ERRCODE = 'undefined_object';
          ELSIF kind = 'opaque' THEN
            RAISE EXCEPTION 'keys of % can only be placed by the table itself', $1 USING ERRCODE = 'feature_not_supported';
          END IF;
        END $$
        """,
        """
        CREATE FUNCTION partition_registry.partition_at(entity text, coordinate bigint) RETURNS text
        LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
          SELECT format('%I.%I', e.schema_name, e.table_name)
          FROM (SELECT * FROM partition_registry.entry e WHERE e.entity = $1 AND e.lower_key <= $2
                ORDER BY e.lower_key DESC LIMIT 1) e
          WHERE e.upper_key IS NULL OR $2 < e.upper_key
        $$
        """,
        // Infinity is an end of the coordinates, as in the document.
        """
        CREATE FUNCTION partition_registry.coordinate(key timestamp) RETURNS bigint
        LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
          SELECT CASE WHEN isfinite($1) THEN (extract(epoch FROM $1) * 1000000)::bigint
            WHEN $1 > 'epoch'::timestamp THEN 9223372036854775807 ELSE -9223372036854775807 - 1 END
        $$
        """,
        """
        CREATE FUNCTION partition_registry.resolve(entity text, key timestamptz) RETURNS text
        LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
        DECLARE of record := partition_registry.kind_of($1);
        BEGIN
          IF of.kind = 'instant' THEN
            RETURN partition_registry.partition_at($1, partition_registry.coordinate($2 AT TIME ZONE 'UTC'));
          ELSIF of.kind = 'civil' THEN
            RETURN partition_registry.partition_at($1, partition_registry.coordinate($2::timestamp));
          END IF;
          RAISE EXCEPTION 'the key of % is no time', $1 USING ERRCODE = 'datatype_mismatch';
        END $$
        """,
        """
        CREATE FUNCTION partition_registry.resolve(entity text, key timestamp) RETURNS text
        LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
        DECLARE of record := partition_registry.kind_of($1);
        BEGIN
          IF of.kind = 'instant' THEN
            RETURN partition_registry.partition_at(
              $1, partition_registry.coordinate($2 AT TIME ZONE coalesce(of.zone, 'UTC') AT TIME ZONE 'UTC'));
          ELSIF of.kind = 'civil' THEN
            RETURN partition_registry.partition_at($1, partition_registry.coordinate($2));
          END IF;
          RAISE EXCEPTION 'the key of % is no time', $1 USING ERRCODE = 'datatype_mismatch';
        END $$
        """,
        """
        CREATE FUNCTION partition_registry.resolve(entity text, key date) RETURNS text
        LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
          SELECT partition_registry.resolve($1, $2::timestamp)
        $$
        """,
        """
        CREATE FUNCTION partition_registry.resolve(entity text, key bigint) RETURNS text
        LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
        DECLARE of record := partition_registry.kind_of($1);
        BEGIN
          IF of.kind = 'integer' THEN RETURN partition_registry.partition_at($1, $2); END IF;
          IF of.kind = 'list' THEN RETURN partition_registry.resolve($1, $2::text); END IF;
          RAISE EXCEPTION 'the key of % is no integer', $1 USING ERRCODE = 'datatype_mismatch';
        END $$
        """,
        // A text with an offset is an instant, one without is local: so an untyped literal means what it says.
        """
        CREATE FUNCTION partition_registry.resolve(entity text, key text) RETURNS text
        LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
        DECLARE of record := partition_registry.kind_of($1);
        BEGIN
          CASE of.kind
            WHEN 'integer' THEN RETURN partition_registry.partition_at($1, $2::bigint);
            WHEN 'list' THEN
              RETURN (SELECT format('%I.%I', e.schema_name, e.table_name) FROM partition_registry.entry e
                      WHERE e.entity = $1 AND e.list_value IS NOT DISTINCT FROM $2 LIMIT 1);
            WHEN 'instant' THEN
              IF $2 ~ '\\d\\d:\\d\\d.*([+-]\\d\\d(:?\\d\\d)?(:?\\d\\d)?|[Zz])$' THEN
                RETURN partition_registry.resolve($1, $2::timestamptz);
              END IF;
              RETURN partition_registry.resolve($1, $2::timestamp);
            ELSE RETURN partition_registry.resolve($1, $2::timestamp);
          END CASE;
        END $$
        """,
    ]
}
