// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Testing

@Suite("Local midnights, with clocks put forward and back")
struct DaylightSavingTests {
    /// Every range begins where the one before ended.
    private static func isContiguous(_ ranges: [KeyRange]) -> Bool {
        zip(ranges, ranges.dropFirst()).allSatisfy { $0.upper == $1.lower && !$0.isEmpty && !$1.isEmpty }
    }

    @Test("daily bounds over each change of the clock are the server's own midnights", arguments: ServerZone.all)
    func daily(zone: ServerZone) throws {
        let rules = try zone.rules()
        let codec = try #require(CoordinateCodec(.timestamptz))
        let midnights = try zone.serverMidnights().map { date, seconds in
            (date: date, at: CivilDateTime(midnightOf: date).microseconds + seconds * 1_000_000)
        }
        for (index, first) in midnights.enumerated() {
            let expected = midnights[index...].prefix(3)
            guard expected.count == 3, expected.last?.date == first.date.adding(days: 2) else { continue }
            // The day before the first of the three is there; the buffer reaches past the last.
            let day = try #require(first.date.adding(days: -1))
            let lower = rules.instant(CivilDateTime(midnightOf: day)).microseconds
            let name = "events_\(day)".replacing("-", with: "_")
            var table = try PartitionedTable.events([])
            table.partitions = [
                Partition(
                    oid: 1001,
                    name: RelationName(schema: "public", name: name),
                    bound: .known(
                        .range(lower: [.literal(codec.literal(lower))], upper: [.literal(codec.literal(first.at))])
                    )
                )
            ]
            let snapshot = try CatalogSnapshot.of([table], at: "2026-01-01 00:00", zone: rules).changing {
                $0.server.now = Instant(microseconds: lower)
            }
            let plan = try #require(
                Planner(snapshot: snapshot, settings: .buffer(4, zone: rules)).plan().tables.first
            )
            #expect(plan.creations.prefix(3).map(\.range.lower) == expected.map(\.at), "\(zone.name) \(first.date)")
            #expect(Self.isContiguous(plan.creations.map(\.range)), "\(zone.name) \(first.date)")
            #expect(
                plan.creations.first?.name.name == "events_\(first.date)".replacing("-", with: "_"),
                "\(zone.name) \(first.date)"
            )
        }
    }

    /// A zone, a month of it with both bounds in UTC, and what must be among the next year's months.
    static let months: [(ZoneRules, String, String, String)] = [
        (
            .paris, "[2026-02-28 23:00, 2026-03-31 22:00)", "2026-03-15 12:00",
            "events_2026_10 [2026-09-30 22:00, 2026-10-31 23:00)"
        ),
        // The first of November begins twice in Havana; PostgreSQL's midnight is the second one.
        (
            .havana, "[2026-03-01 05:00, 2026-04-01 04:00)", "2026-03-15 12:00",
            "events_2026_10 [2026-10-01 04:00, 2026-11-01 05:00)"
        ),
        (
            .saoPaulo, "[2018-03-01 03:00, 2018-04-01 03:00)", "2018-03-15 12:00",
            "events_2018_11 [2018-11-01 03:00, 2018-12-01 02:00)"
        ),
        (
            .kolkata, "[2026-02-28 18:30, 2026-03-31 18:30)", "2026-03-15 12:00",
            "events_2026_10 [2026-09-30 18:30, 2026-10-31 18:30)"
        ),
    ]

    @Test("monthly bounds are the first of each month, without gap or overlap", arguments: months)
    func monthly(zone: ZoneRules, first: String, now: String, expected: String) throws {
        let month = now.prefix(7).replacing("-", with: "_")
        let table = try PartitionedTable.events(["events_\(month) \(first)"])
        for plan in [
            try planned(table, at: now, buffer: 365, zone: zone),
            try planned(table, at: now, buffer: 365, candidates: [zone]),
        ] {
            #expect(plan.creations.count == 12)
            #expect(plan.made.contains(expected), "\(plan.made)")
            #expect(Self.isContiguous(plan.creations.map(\.range)))
            for creation in plan.creations {
                let local = zone.civil(Instant(microseconds: creation.range.lower))
                #expect(local.date.day == 1 && local.isMidnight, "\(creation.text)")
            }
        }
    }

    /// A zone, a day in it, and its hours.
    static let days: [(ZoneRules, String, Int)] = [
        (.paris, "2026-03-29", 23), (.paris, "2026-10-25", 25), (.paris, "2026-06-01", 24),
        (.havana, "2026-03-08", 23), (.havana, "2026-11-01", 25),
        (.saoPaulo, "2018-11-04", 23), (.saoPaulo, "2018-02-17", 25), (.kolkata, "2026-10-25", 24),
    ]

    @Test("a day has a partition for each of its hours, 23 or 25, each with a name of its own", arguments: days)
    func hourly(zone: ZoneRules, day: String, hours: Int) throws {
        let date = try #require(CivilDate(parsing: day))
        let noonBefore = zone.instant(CivilDateTime(midnightOf: date)).microseconds - 12 * 3_600_000_000
        let start = CivilDateTime(microseconds: noonBefore)
        let end = CivilDateTime(microseconds: noonBefore + 3_600_000_000)
        let table = try PartitionedTable.events(["first [\(start), \(end))"])
        let plan = try planned(table, at: start.description, buffer: 3, zone: zone)
        #expect(plan.policy?.zone == zone)
        let ofDay = plan.creations.filter { zone.civil(Instant(microseconds: $0.range.lower)).date == date }
        #expect(ofDay.count == hours)
        #expect(Set(ofDay.map(\.name)).count == hours)
        #expect(Self.isContiguous(plan.creations.map(\.range)))
        #expect(ofDay.allSatisfy { $0.range.upper - $0.range.lower == 3_600_000_000 })
        // One name for each hour on the clock, and a second one for the hour that came twice.
        #expect(ofDay.count { $0.name.name.utf8.count > "events_2026_10_25_0200".utf8.count } == max(0, hours - 24))
    }

    @Test("the repeated hour shows its offset from UTC")
    func repeatedHour() throws {
        let table = try PartitionedTable.events(["events_2026_10_24_2300 [2026-10-24 21:00, 2026-10-24 22:00)"])
        let made = try planned(table, at: "2026-10-24 21:30", buffer: 1, zone: .paris).made
        #expect(
            made.prefix(5) == [
                "events_2026_10_25_0000 [2026-10-24 22:00, 2026-10-24 23:00)",
                "events_2026_10_25_0100 [2026-10-24 23:00, 2026-10-25)",
                "events_2026_10_25_0200 [2026-10-25, 2026-10-25 01:00)",
                "events_2026_10_25_0200_p0100 [2026-10-25 01:00, 2026-10-25 02:00)",
                "events_2026_10_25_0300 [2026-10-25 02:00, 2026-10-25 03:00)",
            ]
        )
    }
}

extension CatalogSnapshot {
    func changing(_ change: (inout CatalogSnapshot) -> Void) -> CatalogSnapshot {
        var copy = self
        change(&copy)
        return copy
    }
}
