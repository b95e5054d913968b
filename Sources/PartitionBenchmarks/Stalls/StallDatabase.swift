// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import BenchmarkReport
import LibPQ

/// The database of one situation as each contender finds it: a table of months, this one and the three before it there.
struct StallDatabase: Sendable {
    let isPartmans: Bool
    let defaultPartition: StallResults.Situation.DefaultPartition
    /// Rows of the big default partition.
    let defaultRows: Int

    var name: String { "\(isPartmans ? "partman" : "plain")_\(defaultPartition.rawValue)" }

    /// Makes it, to be copied from.
    func make(on server: Server) async throws {
        try await server.create(name)
        var statements: [Statement] = [
            """
            CREATE TABLE events (event_ts timestamptz NOT NULL, customer int NOT NULL, payload text)
            PARTITION BY RANGE (event_ts)
            """,
            "CREATE INDEX ON events (event_ts)",
            Self.wantedMonths,
            Self.provision,
        ]
        if isPartmans {
            statements += partman
        } else {
            statements.append(Self.months)
            if defaultPartition != .none {
                statements.append("CREATE TABLE events_default PARTITION OF events DEFAULT")
            }
        }
        if defaultPartition == .big {
            statements.append(
                """
                INSERT INTO events
                SELECT timestamptz '2010-01-01 00:00+00' + n * interval '1 minute', n % 1000, 'row ' || n
                  FROM generate_series(1, \(literal: defaultRows)) n
                """
            )
        }
        statements += ["VACUUM (FREEZE, ANALYZE)", "CHECKPOINT"]
        try await server.execute(statements, in: name)
    }

    /// The months that 60 days from now on reach into, this one left out: what every contender is to make.
    private static let wantedMonths: Statement = """
        CREATE VIEW wanted AS
        SELECT to_char(m, '"events_"YYYY_MM') AS name, m::date AS lower, (m + interval '1 month')::date AS upper
          FROM generate_series(date_trunc('month', now()) + interval '1 month', now() + interval '60 days', interval '1 month') m
        """

    private static let months: Statement = """
        DO $$
        DECLARE m timestamptz;
        BEGIN
            FOR m IN SELECT generate_series(date_trunc('month', now()) - interval '3 months', now(), interval '1 month') LOOP
                EXECUTE format('CREATE TABLE %I PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
                               to_char(m, '"events_"YYYY_MM'), m, m + interval '1 month');
            END LOOP;
        END $$
        """

    /// The kind of function that many write for themselves: a look for the name, `PARTITION OF`, an index of its own.
    private static let provision: Statement = """
        CREATE FUNCTION provision_events(name text, lower date, upper date) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (SELECT FROM pg_class WHERE relname = name) THEN RETURN; END IF;
            EXECUTE format('CREATE TABLE %I PARTITION OF events FOR VALUES FROM (%L) TO (%L)', name, lower, upper);
            EXECUTE format('CREATE INDEX %I ON %I (event_ts)', name || '_by_ts', name);
        END $$
        """

    /// It makes what is ahead at once: taken away again, so that it is as far behind as the others.
    private var partman: [Statement] {
        var statements: [Statement] = [
            "CREATE SCHEMA partman",
            "CREATE EXTENSION pg_partman SCHEMA partman",
            """
            SELECT partman.create_parent('public.events', 'event_ts', 'native', 'monthly',
                p_premake := (SELECT count(*)::int FROM wanted),
                p_start_partition := (date_trunc('month', now()) - interval '3 months')::text)
            """,
            """
            DO $$
            DECLARE partition regclass;
            BEGIN
                FOR partition IN
                    SELECT c.oid FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                     WHERE i.inhparent = 'events'::regclass AND c.relname > to_char(now(), '"events_p"YYYY_MM')
                LOOP
                    EXECUTE format('DROP TABLE %s', partition);
                END LOOP;
            END $$
            """,
        ]
        if defaultPartition == .none { statements.append("DROP TABLE events_default") }
        return statements
    }

    /// Of those wanted, how many are attached.
    static let madeQuery: Statement = """
        SELECT (SELECT count(*) FROM wanted) AS wanted,
               (SELECT count(*) FROM wanted w
                 WHERE EXISTS (SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                                WHERE i.inhparent = 'events'::regclass AND NOT i.inhdetachpending
                                  AND pg_get_expr(c.relpartbound, c.oid) LIKE '%FROM (''' || w.lower || ' 00:00:00+00'') TO (%')) AS made
        """
}
