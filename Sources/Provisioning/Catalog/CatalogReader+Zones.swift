// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning

/// The server has no time zone of this name.
package struct UnknownTimeZone: Error, CustomStringConvertible {
    package var name: String

    package var description: String {
        "the server knows no time zone \"\(name)\"; use a name of pg_timezone_names, for example Europe/Paris"
    }
}

/// PostgreSQL owns the zone rules: they are read from the server, never taken from this machine's time zone files.
extension CatalogReader {
    func addZones(to snapshot: CatalogSnapshot, settings: PlanSettings) async throws -> CatalogSnapshot {
        var snapshot = snapshot
        if let name = settings.timeZone {
            guard let rules = try await zoneRules(of: [name], from: Self.epochOfGrids, snapshot, settings).first else {
                throw UnknownTimeZone(name: name)
            }
            snapshot.namedZone = rules
            return snapshot
        }
        // Tables made by the same hands have the same bounds: each set of bounds is looked up once.
        var answers: [[Instant]: [ZoneRules]] = [:]
        for table in snapshot.tables where settings.tables?.contains(table.name) ?? true {
            guard let bounds = ZoneChoice.boundsNeedingZone(of: table, settings: settings), let first = bounds.first
            else { continue }
            if answers[bounds] == nil {
                let names = try await zonesWithMidnights(at: bounds)
                answers[bounds] = try await zoneRules(of: names, from: first, snapshot, settings)
            }
            snapshot.zoneCandidates[table.oid] = answers[bounds]
        }
        return snapshot
    }

    /// Grids without a policy of their own are anchored at 2000-01-01: rules are needed from there on.
    private static let epochOfGrids = Instant(microseconds: 946_684_800_000_000)

    /// As PostgreSQL reads it, years before our era and past 9999 included.
    private static func literal(_ instant: Instant) -> String {
        CoordinateCodec(.timestamptz)?.literal(instant.microseconds) ?? instant.description
    }

    /// Geographic zones in which every bound is a midnight.
    private func zonesWithMidnights(at bounds: [Instant]) async throws(PostgresError) -> [String] {
        let rows = try await session.connection.query(
            """
            SELECT z.name
              FROM pg_timezone_names z
             WHERE z.name LIKE '%/%' AND z.name !~ '^(posix|right|Etc|SystemV|US)/'
               AND NOT EXISTS (
                   SELECT FROM unnest(\(bind: bounds.map(Self.literal))::timestamptz[]) b(at)
                    WHERE ((b.at AT TIME ZONE z.name)::date)::timestamp AT TIME ZONE z.name <> b.at)
             ORDER BY z.name
            """
        )
        var names: [String] = []
        for row in rows { names.append(try row.string("name")) }
        return names
    }

    /// The offsets of zones from some days before `from` to some years past the buffer. Days whose offsets differ are searched by the minute,
    /// which is how precise transitions have been since 1972.
    private func zoneRules(
        of names: [String],
        from: Instant,
        _ snapshot: CatalogSnapshot,
        _ settings: PlanSettings
    ) async throws -> [ZoneRules] {
        let day: Int64 = 86_400_000_000
        let start = Instant(microseconds: min(from, Self.epochOfGrids).microseconds - 2 * day)
        let years = Int64(settings.bufferDays).addingReportingOverflow(1100).partialValue.multipliedReportingOverflow(
            by: day
        )
        let (end, late) = snapshot.server.now.microseconds.addingReportingOverflow(years.partialValue)
        guard !years.overflow, !late, !names.isEmpty else { return [] }
        let rows = try await session.connection.query(
            """
            WITH known AS (
                SELECT z.name FROM pg_timezone_names z WHERE z.name = any(\(bind: names)::text[])
            ), samples AS (
                SELECT k.name, t, extract(epoch FROM (t AT TIME ZONE k.name) - (t AT TIME ZONE 'UTC'))::int AS seconds
                  FROM known k,
                       generate_series(date_trunc('day', \(bind: Self.literal(start))::timestamptz),
                                       \(bind: Self.literal(Instant(microseconds: end)))::timestamptz, interval '1 day') t
            ), steps AS (
                SELECT name, t, seconds, lag(t) OVER w AS before, lag(seconds) OVER w AS old
                  FROM samples WINDOW w AS (PARTITION BY name ORDER BY t)
            )
            SELECT s.name, s.seconds, s.before IS NULL AS initial,
                   (extract(epoch FROM coalesce(m.at, s.t)) * 1000000)::bigint AS at
              FROM steps s
              LEFT JOIN LATERAL (
                   SELECT min(g) AS at FROM generate_series(s.before, s.t, interval '1 minute') g
                    WHERE extract(epoch FROM (g AT TIME ZONE s.name) - (g AT TIME ZONE 'UTC'))::int = s.seconds) m
                ON s.before IS NOT NULL AND s.seconds <> s.old
             WHERE s.before IS NULL OR s.seconds <> s.old
             ORDER BY s.name, s.t
            """
        )
        var initial: [String: Int] = [:]
        var transitions: [String: [ZoneRules.Transition]] = [:]
        for row in rows {
            let name = try row.string("name")
            if try row.bool("initial") {
                initial[name] = try row.int("seconds")
            } else {
                let at = Instant(microseconds: try row.int64("at"))
                transitions[name, default: []].append(ZoneRules.Transition(at: at, offset: try row.int("seconds")))
            }
        }
        return initial.sorted { $0.key < $1.key }.map { name, offset in
            ZoneRules(name: name, initialOffset: offset, transitions: transitions[name] ?? [])
        }
    }
}
