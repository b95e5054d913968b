// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Testing

@Suite("Partitions that don't follow the grid")
struct OddPartitionTests {
    @Test("an interval change is bridged by the rest of a cell, whose name shows both bounds")
    func intervalChange() throws {
        // Months until November; somebody went on with weeks in January. The first of December is a Tuesday.
        let table = try PartitionedTable.events([
            "events_2026_11 [2026-11-01, 2026-12-01)",
            "events_2027_w01 [2027-01-04, 2027-01-11)", "events_2027_w02 [2027-01-11, 2027-01-18)",
        ])
        let plan = try planned(table, buffer: 50)
        #expect(
            plan.made == [
                "events_20261201_20261207 [2026-12-01, 2026-12-07)", "events_2026_w50 [2026-12-07, 2026-12-14)",
                "events_2026_w51 [2026-12-14, 2026-12-21)", "events_2026_w52 [2026-12-21, 2026-12-28)",
                "events_2026_w53 [2026-12-28, 2027-01-04)",
            ]
        )
        #expect(try planned(table.applying(plan), buffer: 50).isConverged)
    }

    @Test("the rest of a cell that ends or begins within a day shows the time as well")
    func withinDay() throws {
        let table = try PartitionedTable.events([
            "events_2026_11_21 [2026-11-21, 2026-11-22)", "events_2026_11_22 [2026-11-22, 2026-11-23)",
            "odd [2026-11-23 06:30, 2026-11-23 18:00)", "events_2026_11_24 [2026-11-24, 2026-11-25)",
            "events_2026_11_25 [2026-11-25, 2026-11-26)",
        ])
        #expect(
            try planned(table, buffer: 2).made == [
                "events_20261123_20261123t063000 [2026-11-23, 2026-11-23 06:30)",
                "events_20261123t180000_20261124 [2026-11-23 18:00, 2026-11-24)",
            ]
        )
    }

    @Test("a MINVALUE partition and a wide legacy one take the past, and nothing is made there")
    func wideLegacy() throws {
        for legacy in ["events_old [MINVALUE, 2026-11-01)", "events_old [2015-01-01, 2026-11-01)"] {
            let table = try PartitionedTable.events([legacy, "events_2026_11 [2026-11-01, 2026-12-01)"])
            let plan = try planned(table)
            #expect(plan.made.map { $0.prefix(14) } == ["events_2026_12", "events_2027_01"], "\(legacy)")
            #expect(plan.findings(.gap).isEmpty, "\(legacy)")
        }
    }

    @Test("a MAXVALUE partition takes the future: nothing is made, and no number of days is left")
    func maxValue() throws {
        for upper in ["MAXVALUE", "infinity"] {
            let table = try PartitionedTable.events([
                "events_2026_11 [2026-11-01, 2026-12-01)", "events_rest [2026-12-01, \(upper))",
            ])
            let plan = try planned(table)
            #expect(plan.isConverged)
            #expect(plan.coverage?.coveredUntil == Int64.max)
            #expect(plan.coverage?.coveredUntilText == "infinity")
            #expect(plan.coverage?.daysRemaining == nil)
        }
    }

    @Test("a table that begins in the middle of now's cell isn't given what lies before")
    func beginsLate() throws {
        let table = try PartitionedTable.events([
            "first [2026-11-15, 2026-12-01)", "events_2026_12 [2026-12-01, 2027-01-01)",
            "events_2027_01 [2027-01-01, 2027-02-01)",
        ])
        #expect(try planned(table).isConverged)
        #expect(try planned(table).findings.isEmpty)
    }

    @Test("a hole in the part of now's cell that is over is a remark on the past, not an error")
    func holeInCurrentCell() throws {
        let table = try PartitionedTable.events([
            "events_2026_10 [2026-10-01, 2026-11-01)", "rest [2026-11-15, 2026-12-01)",
            "events_2026_12 [2026-12-01, 2027-01-01)", "events_2027_01 [2027-01-01, 2027-02-01)",
        ])
        let plan = try planned(table)
        #expect(plan.steps.isEmpty)
        #expect(plan.findings.map(\.code) == [.gap])
        #expect(plan.findings.map(\.severity) == [.warning])
    }

    @Test("a gap in the past is somebody's decision: reported with where late rows go, never filled")
    func pastGap() throws {
        let bounds = [
            "events_2026_08 [2026-08-01, 2026-09-01)", "events_2026_11 [2026-11-01, 2026-12-01)",
            "events_2026_12 [2026-12-01, 2027-01-01)", "events_2027_01 [2027-01-01, 2027-02-01)",
        ]
        let plan = try planned(.events(bounds))
        #expect(plan.isConverged)
        let gap = try KeyRange(
            lower: moment("2026-09-01").microseconds,
            upper: moment("2026-11-01").microseconds
        )
        #expect(plan.coverage?.gapsInThePast == [gap])
        #expect(plan.findings.first?.message.hasSuffix("late rows of it are refused") == true)
        let withDefault = try planned(.events(bounds + ["events_default DEFAULT"]))
        #expect(withDefault.findings.first?.message.hasSuffix("late rows of it go to the default partition") == true)
    }

    @Test("overlapping bounds, which PostgreSQL doesn't allow, are an error that names both")
    func overlap() throws {
        let table = try PartitionedTable.events([
            "events_2026_11 [2026-11-01, 2026-12-01)", "twin [2026-11-15, 2026-12-01)",
            "events_2026_12 [2026-12-01, 2027-01-01)", "events_2027_01 [2027-01-01, 2027-02-01)",
        ])
        let plan = try planned(table)
        #expect(plan.steps.isEmpty)
        #expect(
            plan.findings(.overlap).map(\.message) == ["the partitions public.events_2026_11 and public.twin overlap"]
        )
    }

    @Test("a single newest partition of another length leaves the interval open: nothing is guessed")
    func ambiguousInterval() throws {
        let table = try PartitionedTable.events([
            "events_2026_10 [2026-10-01, 2026-11-01)", "events_2026_11 [2026-11-01, 2026-12-01)",
            "special [2026-12-24, 2026-12-27)",
        ])
        #expect(try planned(table).leftAlone?.reason == .notInferable)
    }

    @Test(
        "the end of PostgreSQL's time is reached without a trap, and said",
        arguments: [KeyType.date, .timestamp, .timestamptz]
    )
    func endOfTime(key: KeyType) throws {
        let last = ["events [294246-11-01, 294246-12-01)"]
        let table = try PartitionedTable.events(last, key: key)
        let possible = try planned(table, at: "294246-11-15 00:00", buffer: 10)
        #expect(possible.steps.isEmpty && possible.leftAlone == nil)
        #expect(try planned(table, at: "294246-11-15 00:00", buffer: 30).creations.count == 1)
        // January 294247 would end after everything.
        #expect(try planned(table, at: "294246-12-15 00:00", buffer: 30).leftAlone?.reason == .notInferable)
    }

    @Test("no clock and no buffer makes a plan trap")
    func extremes() throws {
        let tables = try [KeyType.date, .timestamp, .timestamptz].flatMap { key in
            [
                try PartitionedTable.events(["a [2026-11-01, 2026-12-01)"], key: key),
                try PartitionedTable.events(["a [4714-12-01 BC, 4713-01-01 BC)"], key: .date),
                try PartitionedTable.events(["a [MINVALUE, MAXVALUE)"], key: key),
                try PartitionedTable.events(["a [294246-12-30, 294246-12-31)"], key: key).marked(),
            ]
        }
        for table in tables {
            for now in [Int64.min, Int64.min + 1, -210_866_803_200_000_000, 0, Int64.max - 1, Int64.max] {
                for buffer in [Int.min, -1, 0, 1, 60, 36_500, Int.max] {
                    for zone in [ZoneRules.paris, .utc, nil] {
                        var snapshot = try CatalogSnapshot.of([table], at: "2026-11-22 12:00", zone: zone)
                        snapshot.server.now = Instant(microseconds: now)
                        let settings = PlanSettings(bufferDays: buffer, stepsPerTable: 20)
                        let plan = Planner(snapshot: snapshot, settings: settings).plan()
                        #expect(plan.tables.count == 1)
                        #expect(plan.steps.count <= 20)
                    }
                }
            }
        }
    }
}
