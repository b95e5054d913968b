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
        let end = Self.end(of: settings, snapshot.server.now)
        if let declared = settings.wanted {
            // A zone that the server doesn't know is a failure of the tables that name it, and of no other.
            let names = Set(declared.map(\.timeZone)).sorted()
            let rules = try await zoneRules(of: names, from: Self.epochOfGrids, to: end)
            snapshot.declaredZones = Dictionary(rules.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
            return snapshot
        }
        if let name = settings.timeZone {
            guard let rules = try await zoneRules(of: [name], from: Self.epochOfGrids, to: end).first else {
                throw UnknownTimeZone(name: name)
            }
            snapshot.namedZone = rules
            return snapshot
        }
        var bounds: [UInt32: [Instant]] = [:]
        for table in snapshot.tables where settings.tables?.contains(table.name) ?? true {
            bounds[table.oid] = ZoneChoice.boundsNeedingZone(of: table, settings: settings)
        }
        guard !bounds.isEmpty else { return snapshot }
        // Tables made by the same hands have the same bounds: each set of bounds is looked up once, and all of them together.
        let sets = Array(Set(bounds.values))
        let names = try await zonesWithMidnights(at: sets)
        let first = sets.compactMap(\.first).min() ?? Self.firstOfMinutes
        let rules = try await zoneRules(of: Set(names.joined()).sorted(), from: first, to: end)
        let known = Dictionary(rules.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var candidates: [[Instant]: [ZoneRules]] = [:]
        for (set, names) in zip(sets, names) { candidates[set] = names.compactMap { known[$0] } }
        snapshot.zoneCandidates = bounds.compactMapValues { candidates[$0] }
        return snapshot
    }

    /// Grids without a policy of their own are anchored at 2000-01-01: rules are needed from there on.
    private static let epochOfGrids = Instant(microseconds: 946_684_800_000_000)

    /// As PostgreSQL reads it, years before our era and past 9999 included.
    private static func literal(_ instant: Instant) -> String {
        CoordinateCodec(.timestamptz)?.literal(instant.microseconds) ?? instant.description
    }

    /// Since then offsets are whole minutes everywhere, or nearly: earlier bounds find no zone.
    private static let firstOfMinutes = Instant(microseconds: 0)

    /// For each set of bounds the geographic zones in which every one of them is a midnight.
    private func zonesWithMidnights(at sets: [[Instant]]) async throws(PostgresError) -> [[String]] {
        var numbers: [Int64] = []
        var bounds: [String] = []
        for (number, set) in sets.enumerated() {
            numbers += Array(repeating: Int64(number), count: set.count)
            bounds += set.map(Self.literal)
        }
        let rows = try await session.connection.query(
            """
            WITH bounds AS MATERIALIZED (
                SELECT * FROM unnest(\(bind: numbers)::bigint[], \(bind: bounds)::timestamptz[]) b(number, at)
            )
            SELECT s.number, z.name
              FROM (SELECT DISTINCT number FROM bounds) s, pg_timezone_names z
             WHERE z.name LIKE '%/%' AND z.name !~ '^(posix|right|Etc|SystemV|US)/'
               AND NOT EXISTS (
                   SELECT FROM bounds b
                    WHERE b.number = s.number AND ((b.at AT TIME ZONE z.name)::date)::timestamp AT TIME ZONE z.name <> b.at)
             ORDER BY s.number, z.name
            """
        )
        var names = Array(repeating: [String](), count: sets.count)
        for row in rows { names[try row.int("number")].append(try row.string("name")) }
        return names
    }

    /// The rules of zones for the days around a moment, of those that the server knows.
    ///
    /// - Throws: `PostgresError`.
    func zones(_ names: Set<String>, around moment: Instant) async throws -> [String: ZoneRules] {
        let first = Instant(microseconds: moment.microseconds - 7 * Self.day)
        let last = Instant(microseconds: moment.microseconds + 30 * Self.day)
        let found = try await zoneRules(of: names.sorted(), from: first, to: last)
        return Dictionary(found.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The rules of zones in which maps were written, for all their bounds up to some years ahead, of those that the server knows.
    ///
    /// - Throws: `PostgresError`.
    func zones(ofMaps names: Set<String>, at now: Instant) async throws -> [String: ZoneRules] {
        guard !names.isEmpty else { return [:] }
        let end = Instant(microseconds: now.microseconds + 4000 * Self.day)
        let found = try await zoneRules(of: names.sorted(), from: Self.firstOfMinutes, to: end)
        return Dictionary(found.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    private static let day: Int64 = 86_400_000_000

    /// Some years past the buffer; nil past what can be expressed.
    private static func end(of settings: PlanSettings, _ now: Instant) -> Instant? {
        let (days, many) = Int64(settings.longestBuffer).addingReportingOverflow(1100)
        let (years, long) = days.multipliedReportingOverflow(by: day)
        let (end, late) = now.microseconds.addingReportingOverflow(years)
        return many || long || late ? nil : Instant(microseconds: end)
    }

    /// The offsets of zones from some days before `from` to `end`. Days whose offsets differ are searched by the hour, and
    /// the hour by the minute, which is how precise transitions have been since 1972.
    private func zoneRules(
        of names: [String],
        from: Instant,
        to end: Instant?
    ) async throws -> [ZoneRules] {
        let start = Instant(microseconds: max(from, Self.firstOfMinutes).microseconds - 2 * Self.day)
        guard let end, !names.isEmpty else { return [] }
        let rows = try await session.connection.query(
            """
            WITH known AS (
                SELECT z.name FROM pg_timezone_names z WHERE z.name = any(\(bind: names)::text[])
            ), samples AS (
                SELECT k.name, t, extract(epoch FROM (t AT TIME ZONE k.name) - (t AT TIME ZONE 'UTC'))::int AS seconds
                  FROM known k,
                       generate_series(date_trunc('day', \(bind: Self.literal(start))::timestamptz),
                                       \(bind: Self.literal(end))::timestamptz, interval '1 day') t
            ), steps AS (
                SELECT name, t, seconds, lag(t) OVER w AS before, lag(seconds) OVER w AS old
                  FROM samples WINDOW w AS (PARTITION BY name ORDER BY t)
            )
            SELECT s.name, s.seconds, s.before IS NULL AS initial,
                   (extract(epoch FROM coalesce(m.at, s.t)) * 1000000)::bigint AS at
              FROM steps s
              LEFT JOIN LATERAL (
                   SELECT min(g) AS at FROM generate_series(s.before, s.t, interval '1 hour') g
                    WHERE extract(epoch FROM (g AT TIME ZONE s.name) - (g AT TIME ZONE 'UTC'))::int = s.seconds) h
                ON s.before IS NOT NULL AND s.seconds <> s.old
              LEFT JOIN LATERAL (
                   SELECT min(g) AS at FROM generate_series(h.at - interval '59 minutes', h.at, interval '1 minute') g
                    WHERE extract(epoch FROM (g AT TIME ZONE s.name) - (g AT TIME ZONE 'UTC'))::int = s.seconds) m
                ON h.at IS NOT NULL
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
