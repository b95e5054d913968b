// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import LocalPostgres
import Testing
import TestSupport

/// A partitioned table as somebody made it, reaching some days ahead of now.
struct InitShape: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var statements: [Statement]
    /// What the policy file must say of it.
    var expected: [String]

    /// What the first plan does all the same, as the file says it; nil where it is empty.
    var firstPlan: String?

    var isMaintainedByPartman: Bool { testDescription.contains("pg_partman") }

    init(_ description: String, _ statements: Statement..., expected: [String], firstPlan: String? = nil) {
        testDescription = description
        self.statements = statements
        self.expected = expected
        self.firstPlan = firstPlan
    }

    /// `make(schema, table, type, origin, period, zone, names, days ahead)`: partitions from three periods ago on, along
    /// origin + k · period as local time of the zone, named by `to_char` of the lower bound.
    static let maker: Statement = """
        CREATE FUNCTION make(parent_schema text, parent text, type text, origin timestamptz, period interval, zone text,
                             names text, ahead int)
        RETURNS void LANGUAGE plpgsql AS $$
        DECLARE
            k int := 0;
            bounds timestamp[];
            shown text[];
        BEGIN
            EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', parent_schema);
            EXECUTE format('CREATE TABLE %I.%I (id bigint, at %s NOT NULL) PARTITION BY RANGE (at)', parent_schema, parent, type);
            LOOP
                bounds := ARRAY[(origin AT TIME ZONE zone) + k * period, (origin AT TIME ZONE zone) + (k + 1) * period];
                k := k + 1;
                EXIT WHEN bounds[1] AT TIME ZONE zone > now() + ahead * interval '1 day';
                CONTINUE WHEN bounds[2] AT TIME ZONE zone < now() - 3 * period;
                SELECT array_agg(CASE type WHEN 'timestamptz' THEN (b AT TIME ZONE zone)::text ELSE b::text END) INTO shown
                  FROM unnest(bounds) b;
                EXECUTE format('CREATE TABLE %I.%I PARTITION OF %I.%I FOR VALUES FROM (%L) TO (%L)',
                               parent_schema, to_char(bounds[1], names), parent_schema, parent, shown[1], shown[2]);
            END LOOP;
        END $$
        """

    /// Made by hand, on every version of PostgreSQL.
    private static let byHand = [
        InitShape(
            "months in UTC",
            "SELECT make('public', 'events', 'timestamptz', '2024-01-01Z', '1 month', 'UTC', '\"events_\"YYYY_MM', 70)",
            expected: ["every: month", "{table}_{yyyy}_{mm}"]
        ),
        InitShape(
            "days of dates, ten of them ahead",
            "SELECT make('public', 'events', 'date', '2024-01-01Z', '1 day', 'UTC', '\"d\"YYYYMMDD', 10)",
            expected: ["every: day", "d{yyyy}{mm}{dd}", "buffer: ", "nothing is created with it before "]
        ),
        InitShape(
            "ISO weeks of timestamps",
            "SELECT make('public', 'events', 'timestamp', '2024-01-01Z', '7 days', 'UTC', '\"events_\"IYYY\"_w\"IW', 70)",
            expected: ["every: week", "{table}_{iyyy}_w{iw}"]
        ),
        InitShape(
            "weeks that begin on Sunday",
            "SELECT make('public', 'events', 'timestamptz', '2023-12-31Z', '7 days', 'UTC', '\"events_\"YYYY_MM_DD', 70)",
            expected: ["every: week", "start: sunday"]
        ),
        InitShape(
            "quarters",
            "SELECT make('public', 'events', 'date', '2024-01-01Z', '3 months', 'UTC', '\"events_\"YYYY\"q\"Q', 100)",
            expected: ["every: quarter", "{table}_{yyyy}q{q}"]
        ),
        InitShape(
            "years",
            "SELECT make('public', 'events', 'timestamptz', '2020-01-01Z', '1 year', 'UTC', '\"events_\"YYYY', 400)",
            expected: ["every: year", "{table}_{yyyy}"]
        ),
        InitShape(
            "hours",
            "SELECT make('public', 'events', 'timestamptz', '2026-01-01Z', '1 hour', 'UTC', '\"events_\"YYYY_MM_DD_HH24MI', 3)",
            expected: ["every: hour", "buffer: "]
        ),
        InitShape(
            "six hours of local timestamps",
            "SELECT make('public', 'events', 'timestamp', '2026-01-01Z', '6 hours', 'UTC', '\"events_\"YYYYMMDD\"t\"HH24', 5)",
            expected: ["every: 6 hours", "{table}_{yyyy}{mm}{dd}t{hh}"]
        ),
        InitShape(
            "months in Paris",
            """
            SELECT make('public', 'events', 'timestamptz', '2024-01-01 00:00 Europe/Paris', '1 month', 'Europe/Paris',
                        '"events_"YYYY_MM', 430)
            """,
            expected: ["every: month", "timezone: "]
        ),
        InitShape(
            "ten days",
            "SELECT make('public', 'events', 'date', '2024-01-01Z', '10 days', 'UTC', '\"events_\"YYYY_MM_DD', 70)",
            expected: ["every: 10 days"]
        ),
        InitShape(
            "months from the 15th, names that need quotes, a default partition",
            "SELECT make('My App', 'events', 'timestamptz', '2024-01-15Z', '1 month', 'UTC', '\"P of \"YYYY-MM', 70)",
            "CREATE TABLE \"My App\".\"the rest\" PARTITION OF \"My App\".events DEFAULT",
            expected: ["every: month", "anchor: ", "P of {yyyy}-{mm}", "default: keep", "My App"]
        ),
    ]

    /// What lies ahead is short of a day, or of anything.
    private static let short = [
        InitShape(
            "hours, five of them ahead",
            """
            DO $$
            DECLARE h timestamptz := date_trunc('hour', now(), 'UTC');
            BEGIN
                CREATE TABLE events (id bigint, at timestamptz NOT NULL) PARTITION BY RANGE (at);
                FOR k IN -3..5 LOOP
                    EXECUTE format('CREATE TABLE %I PARTITION OF events FOR VALUES FROM (%L) TO (%L)', 'events_' || k + 3,
                                   h + k * interval '1 hour', h + (k + 1) * interval '1 hour');
                END LOOP;
            END $$
            """,
            expected: ["every: hour", "buffer: 4h", "nothing is created with it before "]
        ),
        InitShape(
            "days that end hours from now, at midnight or at noon",
            """
            SELECT make('public', 'events', 'timestamp', d.origin, '1 day', 'UTC', '"events_"YYYY_MM_DD', 0)
              FROM (SELECT CASE WHEN extract(hour FROM now() AT TIME ZONE 'UTC') BETWEEN 3 AND 14
                                THEN timestamptz '2024-01-01 00:00Z' ELSE '2024-01-01 12:00Z' END AS origin) d
            """,
            expected: ["every: day", "buffer: ", "h\n", "nothing is created with it before "]
        ),
        InitShape(
            "months of which the newest ended last month",
            """
            DO $$
            DECLARE m timestamptz := date_trunc('month', now(), 'UTC');
            BEGIN
                CREATE TABLE events (id bigint, at timestamptz NOT NULL) PARTITION BY RANGE (at);
                FOR k IN 2..5 LOOP
                    EXECUTE format('CREATE TABLE %I PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
                                   to_char(m - k * interval '1 month', '"events_"YYYY_MM'),
                                   m - k * interval '1 month', m - (k - 1) * interval '1 month');
                END LOOP;
            END $$
            """,
            expected: ["every: month", "buffer: 1d", "Not even the next minute is covered"],
            firstPlan: "to create"
        ),
        InitShape(
            "months, one of which lacks an index",
            "SELECT make('public', 'events', 'timestamptz', '2024-01-01Z', '1 month', 'UTC', '\"events_\"YYYY_MM', 70)",
            "CREATE INDEX later ON ONLY events (id)",
            expected: ["every: month", "to repair"],
            firstPlan: "to repair"
        ),
    ]

    /// Debian 12 has pg_partman 4.7, for its own PostgreSQL.
    private static let byPartman = [
        InitShape(
            "months, by pg_partman 4.7",
            "CREATE SCHEMA partman",
            "CREATE EXTENSION pg_partman SCHEMA partman",
            "CREATE TABLE events (id bigint, at timestamptz NOT NULL) PARTITION BY RANGE (at)",
            """
            SELECT partman.create_parent(p_parent_table := 'public.events', p_control := 'at', p_type := 'native',
                                         p_interval := '1 month', p_premake := 4)
            """,
            "DROP TABLE IF EXISTS partman.template_public_events",
            expected: ["every: month", "{table}_p{yyyy}_{mm}", "default: keep", "pg_partman maintains this table"]
        ),
        InitShape(
            "days, by pg_partman 4.7",
            "CREATE SCHEMA partman",
            "CREATE EXTENSION pg_partman SCHEMA partman",
            "CREATE TABLE events (id bigint, at date NOT NULL) PARTITION BY RANGE (at)",
            """
            SELECT partman.create_parent(p_parent_table := 'public.events', p_control := 'at', p_type := 'native',
                                         p_interval := '1 day', p_premake := 6)
            """,
            expected: ["every: day", "{table}_p{yyyy}_{mm}_{dd}", "buffer: ", "pg_partman maintains this table"]
        ),
        InitShape(
            "hours, by pg_partman 4.7",
            "CREATE SCHEMA partman",
            "CREATE EXTENSION pg_partman SCHEMA partman",
            "CREATE TABLE events (id bigint, at timestamptz NOT NULL) PARTITION BY RANGE (at)",
            """
            SELECT partman.create_parent(p_parent_table := 'public.events', p_control := 'at', p_type := 'native',
                                         p_interval := '1 hour', p_premake := 4)
            """,
            expected: ["every: hour", "buffer: 3h", "pg_partman maintains this table"]
        ),
    ]

    /// Those that the PostgreSQL under test can have.
    static var all: [InitShape] {
        byHand + short + (PostgresInstallation.find().first?.majorVersion == 15 ? byPartman : [])
    }
}
