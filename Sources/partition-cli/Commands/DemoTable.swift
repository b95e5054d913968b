// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ

/// The demonstration's table and what is asked of it.
enum DemoTable {
    /// What is made, in words of SQL.
    static let shown = [
        "CREATE TABLE events (id bigint …, event_ts timestamptz NOT NULL, payload jsonb, PRIMARY KEY (id, event_ts))",
        "  PARTITION BY RANGE (event_ts);",
        "CREATE INDEX events_event_ts ON events (event_ts);",
        "-- one partition, for this month, and 1000 rows in it",
    ]

    static let statements: [Statement] = [
        "SET TimeZone = 'UTC'",
        """
        CREATE TABLE public.events (
            id bigint GENERATED ALWAYS AS IDENTITY,
            event_ts timestamptz NOT NULL,
            payload jsonb,
            PRIMARY KEY (id, event_ts)
        ) PARTITION BY RANGE (event_ts)
        """,
        "CREATE INDEX events_event_ts ON public.events (event_ts)",
        """
        DO $$
        DECLARE
            first timestamptz := date_trunc('month', now());
        BEGIN
            EXECUTE format('CREATE TABLE public.%I PARTITION OF public.events FOR VALUES FROM (%L) TO (%L)',
                           to_char(first, '"events_"YYYY_MM'), first, first + interval '1 month');
        END $$
        """,
        """
        INSERT INTO public.events (event_ts, payload)
        SELECT date_trunc('month', now()) + n * interval '1 minute', jsonb_build_object('n', n)
          FROM generate_series(1, 1000) n
        """,
    ]

    /// Step 6 of the pattern, unchanged.
    static let verification: Statement = """
        SELECT
          nmsp_parent.nspname  AS parent_schema,
          parent.relname       AS parent_table,
          nmsp_child.nspname   AS partition_schema,
          child.relname        AS partition_name,
          pg_get_expr(child.relpartbound, child.oid, true) AS boundary
        FROM pg_inherits
        JOIN pg_class       parent       ON pg_inherits.inhparent = parent.oid
        JOIN pg_class       child        ON pg_inherits.inhrelid  = child.oid
        JOIN pg_namespace   nmsp_parent  ON nmsp_parent.oid       = parent.relnamespace
        JOIN pg_namespace   nmsp_child   ON nmsp_child.oid        = child.relnamespace
        WHERE parent.relname = 'events'
        ORDER BY child.relname DESC
        LIMIT 5
        """

    static let days: Statement = """
        SELECT to_char(now() + d * interval '1 day', 'YYYY-MM-DD') AS day FROM unnest(ARRAY[0, 7, 30, 60]) d
        """
}
