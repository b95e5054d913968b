// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Testing

@Suite("Local midnights as the server has them")
struct ServerZoneTests {
    @Test("follow from the zone's transitions", arguments: ServerZone.all)
    func midnights(zone: ServerZone) throws {
        let rules = try zone.rules()
        for (date, seconds) in try zone.serverMidnights() {
            let midnight = CivilDateTime(midnightOf: date)
            #expect(
                rules.instant(midnight).microseconds == midnight.microseconds + seconds * 1_000_000,
                "\(zone.name) \(date)"
            )
        }
    }

    @Test("are the boundaries of a daily grid counted from 2000", arguments: ServerZone.all)
    func dailyGrid(zone: ServerZone) throws {
        let grid = Grid(period: .day, timeline: .zoned(try zone.rules()))
        for (date, seconds) in try zone.serverMidnights() {
            let k = date.daysSinceEpoch - grid.anchor.date.daysSinceEpoch
            let expected = CivilDateTime(midnightOf: date).microseconds + seconds * 1_000_000
            #expect(grid.boundary(k) == expected, "\(zone.name) \(date)")
            #expect(grid.index(containing: expected) == k, "\(zone.name) \(date)")
            #expect(grid.index(containing: expected - 1) == k - 1, "\(zone.name) \(date)")
        }
    }

    @Test("cover a repeated and a skipped midnight, and more than 400 days")
    func fixtureIsWorthIt() throws {
        var count = 0
        var skipped = 0
        var repeated = 0
        for zone in ServerZone.all {
            let rules = try zone.rules()
            for (date, _) in try zone.serverMidnights() {
                let midnight = CivilDateTime(midnightOf: date)
                let moment = rules.instant(midnight)
                count += 1
                skipped += rules.civil(moment) == midnight ? 0 : 1
                repeated += rules.isSecondOccurrence(moment) ? 1 : 0
            }
        }
        #expect(count > 400 && skipped > 20 && repeated > 10, "\(count) \(skipped) \(repeated)")
    }
}

extension ServerZone {
    func rules() throws -> ZoneRules {
        ZoneRules(
            name: name,
            initialOffset: initialOffset,
            transitions: try pairs(transitions).map { .init(at: try instant($0 + ":00Z"), offset: Int($1)) }
        )
    }

    func serverMidnights() throws -> [(date: CivilDate, seconds: Int64)] {
        try pairs(midnights).map { (try #require(CivilDate(parsing: $0)), $1) }
    }

    private func pairs(_ text: String) throws -> [(String, Int64)] {
        try text.split(separator: " ").map { pair in
            let sides = pair.split(separator: "=")
            try #require(sides.count == 2)
            return (String(sides[0]), try #require(Int64(sides[1])))
        }
    }
}
