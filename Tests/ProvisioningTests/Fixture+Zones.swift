// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning
import Provisioning
import TestSupport

extension Fixture {
    /// A table by `timestamptz`, with one partition for each of these local times in the zone, a period long.
    ///
    /// - Parameters:
    ///   - period: `day` or `month`.
    ///   - starts: an SQL query for local times (`timestamp`) in a column `v`, in which `z` may be used for now in the zone.
    func makeLocal(_ table: String, zone: String, period: String, starts: String) async throws {
        try await execute(
            "CREATE TABLE \(identifier: table) (at timestamptz NOT NULL) PARTITION BY RANGE (at)",
            """
            DO \(literal: """
                DECLARE s timestamp;
                BEGIN
                  FOR s IN SELECT DISTINCT q.v FROM (SELECT now() AT TIME ZONE '\(zone)' AS z) t, LATERAL (\(starts)) q ORDER BY 1 LOOP
                    EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', '\(table)_' || to_char(s, 'YYYY_MM_DD'), '\(table)',
                      (s AT TIME ZONE '\(zone)')::text, ((s + interval '1 \(period)') AT TIME ZONE '\(zone)')::text);
                  END LOOP;
                END
                """)
            """
        )
    }

    /// The bounds of the partitions that end after now, in their order.
    func currentBounds(of table: String) async throws -> [String] {
        _ = try await connection.query("SET TimeZone = 'UTC'")
        return try await strings(
            """
            SELECT b.lower || ' ' || b.upper AS v
              FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
             CROSS JOIN LATERAL (
                   SELECT m[1] AS lower, m[2] AS upper
                     FROM regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \\(''(.*)''\\) TO \\(''(.*)''\\)') m) b
             WHERE i.inhparent = to_regclass(\(bind: table)) AND b.upper::timestamptz > now() ORDER BY b.lower::timestamptz
            """
        )
    }

    /// What the server itself takes for local periods from now to now + days, in the same form.
    func serversBounds(zone: String, period: String, days: Int) async throws -> [String] {
        _ = try await connection.query("SET TimeZone = 'UTC'")
        return try await strings(
            """
            SELECT lower || ' ' || upper AS v
              FROM (SELECT (s AT TIME ZONE \(bind: zone)) AS lower,
                           ((s + ('1 ' || \(bind: period))::interval) AT TIME ZONE \(bind: zone)) AS upper
                      FROM generate_series(date_trunc(\(bind: period), now() AT TIME ZONE \(bind: zone)),
                                           now() AT TIME ZONE \(bind: zone) + \(bind: days + 40)::int * interval '1 day',
                                           ('1 ' || \(bind: period))::interval) s) g
             WHERE lower <= now() + \(bind: days)::int * interval '24 hours' ORDER BY lower
            """
        )
    }

    /// The plan as it would be at another moment, with the zone rules of this server.
    func plan(at now: Instant, settings: PlanSettings) async throws -> Plan {
        let session = try await DatabaseSession.open(try database.configuration(), logger: .test)
        var snapshot = try await CatalogReader(session: session).snapshot(settings: settings)
        await session.connection.close()
        snapshot.server.now = now
        return Planner(snapshot: snapshot, settings: settings).plan()
    }
}
