// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Testing

/// Zones with the same clocks as ``ZoneRules/paris`` and other names, and zones that share some of its midnights.
extension ZoneRules {
    func renamed(_ name: String) -> ZoneRules {
        ZoneRules(name: name, initialOffset: initialOffset, transitions: transitions)
    }

    fileprivate static let lagos = ZoneRules(name: "Africa/Lagos", initialOffset: 3600, transitions: [])
    fileprivate static let honolulu = ZoneRules(name: "Pacific/Honolulu", initialOffset: -36_000, transitions: [])
    fileprivate static let kiritimati = ZoneRules(name: "Pacific/Kiritimati", initialOffset: 50_400, transitions: [])
}

@Suite("The time zone of a timestamptz table's bounds")
struct ZoneChoiceTests {
    private static let november = ["events_2026_11 [2026-11-01, 2026-12-01)"]
    /// The same month in Paris.
    private static let inParis = ["events_2026_11 [2026-10-31 23:00, 2026-11-30 23:00)"]
    /// October and November in Paris: clocks change in between, which few zones share.
    private static let autumnInParis = ["events_2026_10 [2026-09-30 22:00, 2026-10-31 23:00)"] + inParis

    @Test("is UTC where they are midnights there, whatever the session's zone")
    func utcFirst() throws {
        for session in ["UTC", "Europe/Paris", "Asia/Kolkata"] {
            let plan = try planned(.events(Self.november), candidates: [.lagos], sessionZone: session)
            #expect(plan.policy?.zone == .utc)
            #expect(plan.made.first == "events_2026_12 [2026-12-01, 2027-01-01)")
        }
    }

    @Test("is the named one where it fits as well as UTC")
    func namedWins() throws {
        let lisbonInWinter = ZoneRules(
            name: "Europe/Lisbon",
            initialOffset: 0,
            transitions: [.init(at: try moment("2027-03-28 01:00"), offset: 3600)]
        )
        let plan = try planned(.events(Self.november), buffer: 180, zone: lisbonInWinter)
        #expect(plan.policy?.zone.name == "Europe/Lisbon")
        #expect(plan.made.suffix(2).first == "events_2027_04 [2027-03-31 23:00, 2027-04-30 23:00)")
    }

    @Test("is not UTC only because the newest bounds are midnights there: winter in Lisbon is, summer isn't")
    func lisbonInWinter() throws {
        let lisbon = ZoneRules(
            name: "Europe/Lisbon",
            initialOffset: 3600,
            transitions: [
                .init(at: try moment("2026-10-25 01:00"), offset: 0),
                .init(at: try moment("2027-03-28 01:00"), offset: 3600),
            ]
        )
        let table = try PartitionedTable.events([
            "events_2026_09 [2026-08-31 23:00, 2026-09-30 23:00)", "events_2026_10 [2026-09-30 23:00, 2026-11-01)",
            "events_2026_11 [2026-11-01, 2026-12-01)", "events_2026_12 [2026-12-01, 2027-01-01)",
        ])
        let plan = try planned(table, buffer: 180, candidates: [lisbon])
        #expect(plan.policy?.zone.name == "Europe/Lisbon")
        #expect(plan.made.contains("events_2027_04 [2027-03-31 23:00, 2027-04-30 23:00)"))
    }

    @Test("stays UTC where one odd bound of long ago is midnight nowhere")
    func oddBoundOfLongAgo() throws {
        let table = try PartitionedTable.events(["old [2020-01-01 12:34, 2026-11-01)"] + Self.november)
        let plan = try planned(table)
        #expect(plan.policy?.zone == .utc)
        #expect(plan.made.first == "events_2026_12 [2026-12-01, 2027-01-01)")
    }

    @Test("is UTC where the named one doesn't fit and UTC does")
    func namedDoesNotFit() throws {
        let plan = try planned(.events(Self.november), zone: .kolkata)
        #expect(plan.policy?.zone == .utc)
    }

    @Test("must be another where neither the named one nor UTC fits: said with the newest bound")
    func neitherFits() throws {
        let left = try planned(.events(Self.inParis), zone: .kolkata).leftAlone
        #expect(left?.reason == .notInferable)
        #expect(
            left?.explanation
                == "its newest partition begins at 2026-10-31 23:00:00 UTC, which is midnight neither in Asia/Kolkata nor in UTC; "
                + "its last partition ends at 2026-11-30 23:00:00+00, 8.4 days from now"
        )
    }

    @Test("is the only one whose local midnights the bounds are")
    func onlyCandidate() throws {
        let plan = try planned(.events(Self.autumnInParis), buffer: 180, candidates: [.paris])
        #expect(plan.policy?.zone == .paris)
        #expect(
            plan.made == [
                "events_2026_12 [2026-11-30 23:00, 2026-12-31 23:00)",
                "events_2027_01 [2026-12-31 23:00, 2027-01-31 23:00)",
                "events_2027_02 [2027-01-31 23:00, 2027-02-28 23:00)",
                "events_2027_03 [2027-02-28 23:00, 2027-03-31 22:00)",
                "events_2027_04 [2027-03-31 22:00, 2027-04-30 22:00)",
                "events_2027_05 [2027-04-30 22:00, 2027-05-31 22:00)",
            ]
        )
    }

    @Test(
        "isn't guessed among several that differ within the year after the buffer: the session's is offered as a hint"
    )
    func ambiguous() throws {
        let zones = [ZoneRules.lagos, .paris]
        for (session, hint) in [
            ("Europe/Paris", "Europe/Paris"), ("UTC", "Africa/Lagos"), ("Asia/Kolkata", "Africa/Lagos"),
        ] {
            let plan = try planned(.events(Self.inParis), candidates: zones, sessionZone: session)
            #expect(plan.leftAlone?.reason == .ambiguousZone)
            #expect(plan.leftAlone?.explanation.contains("2 time zones that differ within the next year") == true)
            #expect(
                plan.leftAlone?.explanation.contains("(Africa/Lagos, Europe/Paris); its last partition ends at ")
                    == true
            )
            #expect(plan.leftAlone?.remedy == "say which one is meant, for example --timezone=\(hint)")
            #expect(plan.steps.isEmpty)
        }
    }

    @Test(
        "is the first by name of several that agree, whatever the session's zone: neither bounds nor the published zone depend on it"
    )
    func agreeing() throws {
        let zones = [ZoneRules.paris.renamed("Europe/Berlin"), .paris, ZoneRules.paris.renamed("Africa/Ceuta")]
        let reference = try planned(.events(Self.autumnInParis), buffer: 365, candidates: [.paris])
        for session in ["UTC", "Europe/Berlin", "Europe/Paris", "America/Havana"] {
            for order in [zones, zones.reversed()] {
                let plan = try planned(
                    .events(Self.autumnInParis),
                    buffer: 365,
                    candidates: order,
                    sessionZone: session
                )
                #expect(plan.steps == reference.steps)
                #expect(plan.policy?.zone.name == "Africa/Ceuta")
            }
        }
    }

    @Test("isn't taken from the session where zones differ only in the range of a missed run")
    func differingInMissedRange() throws {
        // Both are 3 hours behind UTC in the southern winter; only São Paulo had summer time in 2018/19, and none since.
        let buenosAires = ZoneRules(name: "America/Buenos_Aires", initialOffset: -10_800, transitions: [])
        let table = try PartitionedTable.events([
            "events_2018_09 [2018-09-01 03:00, 2018-10-01 03:00)",
            "events_2018_10 [2018-10-01 03:00, 2018-11-01 03:00)",
        ]).marked()
        let plan = try planned(
            table,
            at: "2019-06-15 12:00",
            candidates: [buenosAires, .saoPaulo],
            sessionZone: "America/Sao_Paulo"
        )
        #expect(plan.leftAlone?.reason == .ambiguousZone)
    }

    @Test("is on the side of the date line where months begin on the 1st")
    func dateLine() throws {
        // 24 hours apart: Kiritimati's first of the month is Honolulu's last of the month before.
        let kiritimati = try PartitionedTable.events(["events_2026_11 [2026-10-31 10:00, 2026-11-30 10:00)"])
        let honolulu = try PartitionedTable.events(["events_2026_11 [2026-11-01 10:00, 2026-12-01 10:00)"])
        for session in ["UTC", "Pacific/Honolulu", "Pacific/Kiritimati"] {
            let zones = [ZoneRules.honolulu, .kiritimati]
            let plans = try [kiritimati, honolulu].map { try planned($0, candidates: zones, sessionZone: session) }
            #expect(plans.map(\.policy?.zone) == [.kiritimati, .honolulu], "\(session)")
            #expect(plans.map { $0.creations.first?.name.name } == ["events_2026_12", "events_2026_12"], "\(session)")
        }
    }

    @Test("doesn't matter for hours and minutes")
    func shortIntervals() throws {
        let table = try PartitionedTable.events(["events_h [2026-11-22 11:30, 2026-11-22 12:30)"])
        let plan = try planned(table, buffer: 1, sessionZone: "Asia/Kolkata")
        #expect(plan.policy?.zone == .utc)
        #expect(plan.creations.first?.lowerBound == "2026-11-22 12:30:00+00")
        #expect(plan.findings(.zoneHint).isEmpty)
    }

    @Test("is searched for only where bounds aren't midnights in UTC and nobody named one")
    func search() throws {
        let settings = PlanSettings.buffer(60)
        #expect(ZoneChoice.boundsNeedingZone(of: try .events(Self.november), settings: settings) == nil)
        let table = try PartitionedTable.events(Self.autumnInParis + ["rest [2026-11-30 23:00, MAXVALUE)"])
        #expect(
            ZoneChoice.boundsNeedingZone(of: table, settings: settings) == [
                try moment("2026-09-30 22:00"), try moment("2026-10-31 23:00"), try moment("2026-11-30 23:00"),
            ]
        )
        #expect(ZoneChoice.boundsNeedingZone(of: table, settings: .buffer(60, zone: .paris)) == nil)
        #expect(ZoneChoice.boundsNeedingZone(of: table.changing { $0.strategy = .list }, settings: settings) == nil)
        for key in [KeyType.date, .timestamp] {
            let table = try PartitionedTable.events(Self.november, key: key)
            #expect(ZoneChoice.boundsNeedingZone(of: table, settings: settings) == nil)
        }
    }

    @Test("that nobody named is hinted at where UTC was taken and the server's own zone is another")
    func hint() throws {
        let shown = try planned(.events(Self.november), sessionZone: "Europe/Paris").findings(.zoneHint)
        #expect(shown.map(\.severity) == [.note])
        #expect(shown.first?.remedy == "if local midnights are meant, say --timezone=Europe/Paris")
        for session in ["UTC", "Etc/UTC", "GMT"] {
            #expect(try planned(.events(Self.november), sessionZone: session).findings(.zoneHint).isEmpty)
        }
        #expect(
            try planned(.events(Self.november, key: .date), sessionZone: "Asia/Kolkata").findings(.zoneHint).isEmpty
        )
        let named = try planned(.events(Self.november), zone: .utc, sessionZone: "Europe/Paris")
        #expect(named.findings(.zoneHint).isEmpty)
    }
}
