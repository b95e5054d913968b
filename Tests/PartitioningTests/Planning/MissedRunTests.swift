// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Testing

@Suite("After a missed run")
struct MissedRunTests {
    private static let untilSeptember = [
        "events_2026_08 [2026-08-01, 2026-09-01)", "events_2026_09 [2026-09-01, 2026-10-01)",
    ]

    @Test("the missed ranges are made too, but now and the buffer come first")
    func fillsMissedRanges() throws {
        let plan = try planned(.events(Self.untilSeptember))
        #expect(
            plan.made == [
                "events_2026_11 [2026-11-01, 2026-12-01)", "events_2026_12 [2026-12-01, 2027-01-01)",
                "events_2027_01 [2027-01-01, 2027-02-01)", "events_2026_10 [2026-10-01, 2026-11-01)",
            ]
        )
        #expect(plan.steps.first?.reason == "no partition takes rows of now")
        #expect(plan.steps.last?.reason == "the partition of this past range was missed")
        #expect(plan.findings(.gap).isEmpty)
    }

    @Test("rows of now are refused, and the coverage says so: 0 days are left")
    func nothingLeft() throws {
        let coverage = try #require(try planned(.events(Self.untilSeptember)).coverage)
        #expect(coverage.daysRemaining == 0)
        #expect(coverage.coveredUntil == nil)
        #expect(coverage.coveredUntilText == nil)
        #expect(coverage.requiredUntilText == "2027-02-01 00:00:00+00")
    }

    @Test("a partition that somebody made far ahead doesn't hide what was missed")
    func partitionAhead() throws {
        let table = try PartitionedTable.events(Self.untilSeptember + ["events_2027_06 [2027-06-01, 2027-07-01)"])
        #expect(try planned(table).made.last == "events_2026_10 [2026-10-01, 2026-11-01)")
    }

    @Test("a cap on steps cuts the past off, never now")
    func capKeepsNow() throws {
        let table = try PartitionedTable.events(["events_2026_11_10 [2026-11-10, 2026-11-11)"])
        let snapshot = try CatalogSnapshot.of([table], at: "2026-11-22 12:00")
        let settings = PlanSettings(bufferDays: 60, stepsPerTable: 2)
        let plan = try #require(Planner(snapshot: snapshot, settings: settings).plan().tables.first)
        #expect(
            plan.made == ["events_2026_11_22 [2026-11-22, 2026-11-23)", "events_2026_11_23 [2026-11-23, 2026-11-24)"]
        )
    }

    @Test("what such a run didn't get to, the next one goes on with, although now is covered by then")
    func cutShort() throws {
        var table = try PartitionedTable.events(["events_2026_11_19 [2026-11-19, 2026-11-20)"])
        var settings = PlanSettings(bufferDays: 1, stepsPerTable: 2)
        var made: [[String]] = []
        while made.count < 5 {
            let snapshot = try CatalogSnapshot.of([table], at: "2026-11-22 12:00")
            let plan = try #require(Planner(snapshot: snapshot, settings: settings).plan().tables.first)
            if plan.steps.isEmpty { break }
            made.append(plan.creations.map { String($0.name.name.suffix(5)) })
            table = try table.applying(plan)
            settings.stepsPerTable = 1
        }
        #expect(made == [["11_22", "11_23"], ["11_20"], ["11_21"]])
    }

    @Test("a hole before a partition that was made in good time is no missed run's")
    func holeMadeLater() throws {
        var table = try PartitionedTable.events([
            "events_2026_11_19 [2026-11-19, 2026-11-20)", "events_2026_11_22 [2026-11-22, 2026-11-23)",
            "events_2026_11_23 [2026-11-23, 2026-11-24)",
        ]).marked()
        #expect(try planned(table, buffer: 1).steps.isEmpty)
        #expect(try planned(table, buffer: 1).findings.map(\.code) == [.gap])
        // The same, but made on the 22nd: the two days before it were missed.
        table.partitions[1].marker?.createdAt = try moment("2026-11-22 00:00")
        #expect(try planned(table, buffer: 1).creations.count == 2)
        #expect(try planned(table, buffer: 1).findings.isEmpty)
    }

    @Test("a set that nobody extended for longer than the buffer and three periods is dormant, and left alone")
    func dormancy() throws {
        // Three months are 91.3 days, more than the buffer of 60; a missed run of 90 days is made good, one of 92 is not.
        let table = try PartitionedTable.events(Self.untilSeptember)
        #expect(try planned(table, at: "2026-12-30 00:00").leftAlone == nil)
        let dormant = try planned(table, at: "2027-01-01 00:00")
        #expect(dormant.leftAlone?.reason == .dormant)
        #expect(dormant.steps.isEmpty)
        #expect(dormant.findings.map(\.severity) == [.note])
        #expect(dormant.findings.first?.message.contains("ended 92 days ago") == true)
        #expect(try planned(table, at: "2027-01-01 00:00", buffer: 93).leftAlone == nil)
    }

    @Test("a set that we made a partition of isn't dormant, however long ago: it is one we failed to extend")
    func markerPreventsDormancy() throws {
        let table = try PartitionedTable.events(Self.untilSeptember).marked { $0.name.name == "events_2026_09" }
        let plan = try planned(table, at: "2028-01-15 00:00", buffer: 30)
        #expect(plan.leftAlone == nil)
        #expect(plan.made.count == 17)
        #expect(plan.made.prefix(3).last == "events_2026_10 [2026-10-01, 2026-11-01)")
    }

    @Test("an old partition of others beside a set made anew is no missed run: years are not filled in")
    func setMadeAnew() throws {
        let table = try PartitionedTable.events([
            "archive [2015-01-01, 2020-01-01)", "events_2026_12_01 [2026-12-01, 2026-12-02)",
        ])
        let plan = try planned(table, buffer: 8)
        #expect(plan.made.count == 9)
        #expect(plan.made.first == "events_2026_11_22 [2026-11-22, 2026-11-23)")
        #expect(
            plan.findings(.gap).map(\.message) == [
                "a gap in the past of public.events, from 2020-01-01 00:00:00+00 to 2026-11-22 00:00:00+00: "
                    + "late rows of it are refused"
            ]
        )
    }

    @Test("a partition of nothing, up to -infinity, isn't taken for the newest")
    func emptyPartition() throws {
        let table = try PartitionedTable.events([
            "nothing [MINVALUE, -infinity)", "events_2026_11_23 [2026-11-23, 2026-11-24)",
        ]).marked()
        #expect(try planned(table, buffer: 1).made == ["events_2026_11_22 [2026-11-22, 2026-11-23)"])
    }
}
