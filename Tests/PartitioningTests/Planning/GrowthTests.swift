// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Testing

/// One row of the table: what is there, when, how far ahead, and what is made.
struct GrowthCase: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let key: KeyType
    let existing: [String]
    let now: String
    let buffer: Int
    let made: [String]

    init(
        _ testDescription: String,
        key: KeyType = .timestamptz,
        _ existing: [String],
        now: String = "2026-11-22 12:00",
        buffer: Int = 60,
        makes made: [String]
    ) {
        self.testDescription = testDescription
        self.key = key
        self.existing = existing
        self.now = now
        self.buffer = buffer
        self.made = made
    }
}

@Suite("A plan makes the partitions from now to the end of the buffer")
struct GrowthTests {
    static let patternsTable: [GrowthCase] = [KeyType.date, .timestamp, .timestamptz].map { key in
        GrowthCase(
            "the pattern's table: months, only the current one there, 60 days, \(key)",
            key: key,
            ["events_2026_11 [2026-11-01, 2026-12-01)"],
            makes: ["events_2026_12 [2026-12-01, 2027-01-01)", "events_2027_01 [2027-01-01, 2027-02-01)"]
        )
    }

    /// How many months 60 days touch depends on the day: one more, two or three.
    static let daysOfTheYear: [GrowthCase] = [
        ("2026-01-31 12:00", "2026-01", ["2026-02", "2026-03", "2026-04"]),
        ("2028-01-31 12:00", "2028-01", ["2028-02", "2028-03"]),
        ("2026-02-28 12:00", "2026-02", ["2026-03", "2026-04"]),
        ("2026-03-01 12:00", "2026-03", ["2026-04"]),
        ("2026-07-01 00:00", "2026-07", ["2026-08"]),
        ("2026-11-30 23:59:59.999999", "2026-11", ["2026-12", "2027-01"]),
        ("2026-12-01 00:00", "2026-12", ["2027-01"]),
        ("2026-12-02 23:59:59.999999", "2026-12", ["2027-01"]),
        ("2026-12-03 00:00", "2026-12", ["2027-01", "2027-02"]),
    ].map { now, current, made in
        GrowthCase(
            "months, 60 days from \(now)",
            [month(current)],
            now: now,
            makes: made.map(month)
        )
    }

    private static func month(_ name: String) -> String {
        let (year, month) = (Int(name.prefix(4)) ?? 0, Int(name.suffix(2)) ?? 0)
        let next = month == 12 ? (year + 1, 1) : (year, month + 1)
        return "events_\(name.replacing("-", with: "_")) [\(name)-01, \(next.0)-\(next.1 < 10 ? "0" : "")\(next.1)-01)"
    }

    static let intervals: [GrowthCase] = [
        GrowthCase(
            "days",
            ["events_2026_11_21 [2026-11-21, 2026-11-22)", "events_2026_11_22 [2026-11-22, 2026-11-23)"],
            buffer: 2,
            makes: ["events_2026_11_23 [2026-11-23, 2026-11-24)", "events_2026_11_24 [2026-11-24, 2026-11-25)"]
        ),
        GrowthCase(
            "ISO weeks, over the end of a year of 53",
            ["events_2026_w51 [2026-12-14, 2026-12-21)", "events_2026_w52 [2026-12-21, 2026-12-28)"],
            now: "2026-12-22 12:00",
            buffer: 14,
            makes: ["events_2026_w53 [2026-12-28, 2027-01-04)", "events_2027_w01 [2027-01-04, 2027-01-11)"]
        ),
        GrowthCase(
            "weeks that begin on Sundays, named after their first day",
            ["events_2026_11_15 [2026-11-15, 2026-11-22)", "events_2026_11_22 [2026-11-22, 2026-11-29)"],
            buffer: 14,
            makes: ["events_2026_11_29 [2026-11-29, 2026-12-06)", "events_2026_12_06 [2026-12-06, 2026-12-13)"]
        ),
        GrowthCase(
            "quarters",
            ["events_2026_q4 [2026-10-01, 2027-01-01)"],
            makes: ["events_2027_q1 [2027-01-01, 2027-04-01)"]
        ),
        GrowthCase("years", ["events_2026 [2026-01-01, 2027-01-01)"], makes: ["events_2027 [2027-01-01, 2028-01-01)"]),
        GrowthCase(
            "half-years that begin in April",
            ["events_2026_04 [2026-04-01, 2026-10-01)", "events_2026_10 [2026-10-01, 2027-04-01)"],
            buffer: 150,
            makes: ["events_2027_04 [2027-04-01, 2027-10-01)"]
        ),
        GrowthCase(
            "6 hours",
            ["events_2026_11_22_0600 [2026-11-22 06:00, 2026-11-22 12:00)"],
            now: "2026-11-22 11:59:59.999999",
            buffer: 1,
            makes: [
                "events_2026_11_22_1200 [2026-11-22 12:00, 2026-11-22 18:00)",
                "events_2026_11_22_1800 [2026-11-22 18:00, 2026-11-23)",
                "events_2026_11_23_0000 [2026-11-23, 2026-11-23 06:00)",
                "events_2026_11_23_0600 [2026-11-23 06:00, 2026-11-23 12:00)",
            ]
        ),
        GrowthCase(
            "months named as pg_partman names them",
            ["events_p20261101 [2026-11-01, 2026-12-01)"],
            makes: ["events_p20261201 [2026-12-01, 2027-01-01)", "events_p20270101 [2027-01-01, 2027-02-01)"]
        ),
    ]

    static let demand: [GrowthCase] = [
        GrowthCase(
            "an idle table keeps its horizon: the clock is the demand, not the rows",
            ["events_2026_09 [2026-09-01, 2026-10-01)", "events_2026_10 [2026-10-01, 2026-11-01)"]
                + ["events_2026_11 [2026-11-01, 2026-12-01)", "events_2026_12 [2026-12-01, 2027-01-01)"],
            makes: ["events_2027_01 [2027-01-01, 2027-02-01)"]
        ),
        GrowthCase(
            "the buffer's last moment belongs to it",
            ["events_2026_11 [2026-11-01, 2026-12-01)"],
            now: "2026-11-01 00:00",
            buffer: 30,
            makes: ["events_2026_12 [2026-12-01, 2027-01-01)"]
        ),
        GrowthCase(
            "a buffer that ends before the next boundary asks for nothing",
            ["events_2026_11 [2026-11-01, 2026-12-01)"],
            now: "2026-11-01 00:00",
            buffer: 29,
            makes: []
        ),
        GrowthCase(
            "a partition 400 days ahead makes no hole: everything between is planned, as far as the buffer reaches",
            ["events_2026_11 [2026-11-01, 2026-12-01)", "events_2027_12 [2027-12-01, 2028-01-01)"],
            makes: ["events_2026_12 [2026-12-01, 2027-01-01)", "events_2027_01 [2027-01-01, 2027-02-01)"]
        ),
        GrowthCase(
            "…and as far as that partition when the buffer reaches beyond it",
            ["events_2026_11 [2026-11-01, 2026-12-01)", "events_2027_02 [2027-02-01, 2027-03-01)"],
            buffer: 120,
            makes: [
                "events_2026_12 [2026-12-01, 2027-01-01)", "events_2027_01 [2027-01-01, 2027-02-01)",
                "events_2027_03 [2027-03-01, 2027-04-01)",
            ]
        ),
        GrowthCase(
            "a gap inside the buffer is filled",
            [
                "events_2026_11 [2026-11-01, 2026-12-01)", "events_2027_01 [2027-01-01, 2027-02-01)",
            ],
            makes: ["events_2026_12 [2026-12-01, 2027-01-01)"]
        ),
        GrowthCase(
            "a partition of any name that covers a range already is enough",
            [
                "events_2026_10 [2026-10-01, 2026-11-01)", "events_2026_11 [2026-11-01, 2026-12-01)",
                "christmas [2026-12-01, 2027-01-01)", "events_2027_01 [2027-01-01, 2027-02-01)",
            ],
            makes: []
        ),
    ]

    @Test("for every interval", arguments: patternsTable + daysOfTheYear + intervals + demand)
    func grows(row: GrowthCase) throws {
        let table = try PartitionedTable.events(row.existing, key: row.key)
        let plan = try planned(table, at: row.now, buffer: row.buffer)
        #expect(plan.leftAlone == nil)
        #expect(plan.made == row.made)
        #expect(plan.findings.allSatisfy { $0.code == .notCovered })
        #expect(try planned(table.applying(plan, at: row.now), at: row.now, buffer: row.buffer).isConverged)
    }

    @Test(
        "for hours and minutes, of which a day has many",
        arguments: [("hour", 25), ("15 minutes", 97), ("30 minutes", 49)]
    )
    func shortIntervals(text: String, count: Int) throws {
        let interval = try period(text).approximateMicroseconds
        let start = try moment("2026-11-22 12:00").microseconds
        let table = try PartitionedTable.events([
            "events_2026_11_22_1200 [2026-11-22 12:00, \(CivilDateTime(microseconds: start + interval)))"
        ])
        let plan = try planned(table, at: "2026-11-22 12:00", buffer: 1)
        // The cell that holds now, which exists, and those that begin within 24 hours, the last at their very end.
        #expect(plan.creations.count == count - 1)
        for (index, creation) in plan.creations.enumerated() {
            #expect(creation.range.lower == start + Int64(index + 1) * interval)
            #expect(creation.range.upper == creation.range.lower + interval)
        }
        #expect(plan.made.last?.hasPrefix("events_2026_11_23_1200 ") == true)
    }

    @Test("with bounds that no session can misread: an explicit offset for timestamptz, plain for the others")
    func literals() throws {
        let literals: [(KeyType, String, String)] = [
            (.date, "2026-12-01", "2027-01-01"),
            (.timestamp, "2026-12-01 00:00:00", "2027-01-01 00:00:00"),
            (.timestamptz, "2026-12-01 00:00:00+00", "2027-01-01 00:00:00+00"),
        ]
        for (key, lower, upper) in literals {
            let table = try PartitionedTable.events(["events_2026_11 [2026-11-01, 2026-12-01)"], key: key)
            let creation = try #require(try planned(table).creations.first)
            #expect(creation.lowerBound == lower)
            #expect(creation.upperBound == upper)
        }
    }

    @Test("and says why each one, where, and on what condition")
    func reasons() throws {
        let table = try PartitionedTable.events([
            "events_2026_10 [2026-10-01, 2026-11-01)", "events_2027_01 [2027-01-01, 2027-02-01)",
        ])
        let steps = try planned(table, buffer: 90).steps
        #expect(
            steps.map(\.reason) == [
                "no partition takes rows of now", "a gap inside the buffer of 90 days", "inside the buffer of 90 days",
            ]
        )
        #expect(
            steps.first?.precondition
                == "no partition of public.events overlaps [2026-11-01 00:00:00+00, 2026-12-01 00:00:00+00)"
        )
        #expect(steps.map(\.target) == ["public.events_2026_11", "public.events_2026_12", "public.events_2027_02"])
        #expect(steps.allSatisfy { $0.table == table.name && $0.tableOID == table.oid && $0.runsInTransaction })
    }

    @Test("with now read in the named zone where the key has none")
    func civilKeysInNamedZone() throws {
        // In Sydney's stead: Lord Howe is 11 hours ahead of UTC in November, so the first of December has begun there.
        let table = try PartitionedTable.events(["events_2026_11_30 [2026-11-30, 2026-12-01)"], key: .date)
        let utc = try planned(table, at: "2026-11-30 14:00", buffer: 1)
        let there = try planned(table, at: "2026-11-30 14:00", buffer: 1, zone: .lordHowe)
        #expect(utc.made == ["events_2026_12_01 [2026-12-01, 2026-12-02)"])
        #expect(
            there.made == ["events_2026_12_01 [2026-12-01, 2026-12-02)", "events_2026_12_02 [2026-12-02, 2026-12-03)"]
        )
        #expect(there.steps.first?.reason == "no partition takes rows of now")
    }
}
