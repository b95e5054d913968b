// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import Partitioning
import Testing

@Suite("Zone rules")
struct ZoneRulesTests {
    @Test(
        "read local times as PostgreSQL's DetermineTimeZoneOffset does",
        arguments: [
            // An ordinary day, the last and the first moment around each change, skipped and repeated times.
            (ZoneRules.paris, "2026-03-29 00:00:00", "2026-03-28T23:00:00Z"),
            (.paris, "2026-03-29 01:59:59.999999", "2026-03-29T00:59:59.999999Z"),
            (.paris, "2026-03-29 02:00:00", "2026-03-29T01:00:00Z"),
            (.paris, "2026-03-29 02:30:00", "2026-03-29T01:30:00Z"),
            (.paris, "2026-03-29 03:00:00", "2026-03-29T01:00:00Z"),
            (.paris, "2026-10-25 01:59:59", "2026-10-24T23:59:59Z"),
            (.paris, "2026-10-25 02:00:00", "2026-10-25T01:00:00Z"),
            (.paris, "2026-10-25 02:59:59", "2026-10-25T01:59:59Z"),
            (.paris, "2026-10-25 03:00:00", "2026-10-25T02:00:00Z"),
            (.paris, "2026-10-26 00:00:00", "2026-10-25T23:00:00Z"),
            // Midnight comes twice: the second one. Midnight is skipped: 01:00.
            (.havana, "2026-11-01 00:00:00", "2026-11-01T05:00:00Z"),
            (.havana, "2026-11-02 00:00:00", "2026-11-02T05:00:00Z"),
            (.havana, "2026-10-31 00:00:00", "2026-10-31T04:00:00Z"),
            (.havana, "2026-03-08 00:00:00", "2026-03-08T05:00:00Z"),
            (.saoPaulo, "2018-11-04 00:00:00", "2018-11-04T03:00:00Z"),
            (.saoPaulo, "2018-11-05 00:00:00", "2018-11-05T02:00:00Z"),
            // Midnight is where clocks go back to 23:00: it is not repeated, 23:00 is.
            (.saoPaulo, "2019-02-17 00:00:00", "2019-02-17T03:00:00Z"),
            (.saoPaulo, "2019-02-16 23:00:00", "2019-02-17T02:00:00Z"),
            (.cairo, "2024-04-26 00:00:00", "2024-04-25T22:00:00Z"),
            (.cairo, "2024-11-01 00:00:00", "2024-10-31T22:00:00Z"),
            (.kolkata, "2026-11-01 00:00:00", "2026-10-31T18:30:00Z"),
            (.apia, "2011-12-30 00:00:00", "2011-12-30T10:00:00Z"),
            (.apia, "2011-12-31 00:00:00", "2011-12-30T10:00:00Z"),
            (.lordHowe, "2026-04-05 01:30:00", "2026-04-04T15:00:00Z"),
            (.utc, "2026-11-01 00:00:00", "2026-11-01T00:00:00Z"),
        ]
    )
    func readsLocalTimes(rules: ZoneRules, local: String, expected: String) throws {
        #expect(try rules.instant(civil(local)).description == expected)
    }

    @Test(
        "show at every instant what PostgreSQL reads back as that instant, repeated times excepted",
        arguments: ZoneRules.handWritten
    )
    func inverse(rules: ZoneRules) {
        for transition in rules.transitions {
            for minutes in stride(from: -3 * 1440, through: 3 * 1440, by: 15) {
                let moment = Instant(microseconds: transition.at.microseconds + Int64(minutes) * 60_000_000)
                let again = rules.instant(rules.civil(moment))
                // The first of two equal local times is read as the second.
                #expect(
                    again == moment || (again > moment && rules.civil(again) == rules.civil(moment)),
                    "\(rules.name) \(moment)"
                )
                #expect(again == moment || rules.isSecondOccurrence(again), "\(rules.name) \(moment)")
            }
        }
    }

    @Test("know the offset from the very second of a transition on")
    func offsets() throws {
        #expect(try ZoneRules.paris.offset(at: instant("2026-10-25T00:59:59.999999Z")) == 7200)
        #expect(try ZoneRules.paris.offset(at: instant("2026-10-25T01:00:00Z")) == 3600)
        #expect(try ZoneRules.paris.offset(at: instant("2001-01-01T00:00:00Z")) == 3600)
        #expect(try ZoneRules.paris.offset(at: instant("2099-01-01T00:00:00Z")) == 3600)
        #expect(try ZoneRules.kolkata.civil(instant("2026-10-31T18:30:00Z")) == civil("2026-11-01 00:00:00"))
    }

    @Test("know which of two equal local times is the second")
    func secondOccurrence() throws {
        let rules = ZoneRules.paris
        #expect(try !rules.isSecondOccurrence(instant("2026-10-25T00:00:00Z")))
        #expect(try !rules.isSecondOccurrence(instant("2026-10-25T00:59:59Z")))
        #expect(try rules.isSecondOccurrence(instant("2026-10-25T01:00:00Z")))
        #expect(try rules.isSecondOccurrence(instant("2026-10-25T01:59:59.999999Z")))
        #expect(try !rules.isSecondOccurrence(instant("2026-10-25T02:00:00Z")))
        #expect(try !rules.isSecondOccurrence(instant("2026-03-29T01:00:00Z")))
        #expect(try !rules.isSecondOccurrence(instant("2000-01-01T00:00:00Z")))
    }

    @Test("are the same value however the transitions are ordered, and leave out those that change nothing")
    func normalised() throws {
        let shuffled = ZoneRules(
            name: "Europe/Paris",
            initialOffset: 3600,
            transitions: ZoneRules.paris.transitions.reversed() + [
                .init(at: try instant("2026-06-01T00:00:00Z"), offset: 7200)
            ]
        )
        #expect(shuffled == .paris)
        let json = try JSONEncoder().encode(shuffled)
        #expect(try JSONDecoder().decode(ZoneRules.self, from: json) == .paris)
    }

    @Test(
        "saturate instead of overflowing, even with offsets that can't be",
        arguments: [Int.min, -86_400, 0, 86_400, Int.max]
    )
    func extremes(offset: Int) {
        let rules = ZoneRules(
            name: "nowhere",
            initialOffset: offset,
            transitions: [
                .init(at: Instant(microseconds: 0), offset: 0), .init(at: Instant(microseconds: .max), offset: offset),
            ]
        )
        for microseconds in [Int64.min, Int64.min + 1, -1, 0, 1, Int64.max - 1, Int64.max] {
            _ = rules.civil(Instant(microseconds: microseconds))
            _ = rules.isSecondOccurrence(Instant(microseconds: microseconds))
            let moment = rules.instant(CivilDateTime(microseconds: microseconds))
            #expect((Int64.min...Int64.max).contains(moment.microseconds))
        }
        #expect(ZoneRules.utc.instant(CivilDateTime(microseconds: .min)).microseconds == .min)
        #expect(ZoneRules.utc.civil(Instant(microseconds: .max)).microseconds == .max)
    }
}
