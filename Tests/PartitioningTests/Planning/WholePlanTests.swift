// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Testing

@Suite("A plan for many tables")
struct WholePlanTests {
    private static func plan(_ tables: [PartitionedTable], _ settings: PlanSettings = .buffer(60)) throws -> Plan {
        Planner(snapshot: try .of(tables, at: "2026-11-22 12:00"), settings: settings).plan()
    }

    private static func month(_ number: Int, _ name: String, _ oid: UInt32) throws -> PartitionedTable {
        let lower = CivilDate(year: 2026, month: number, day: 1)
        let from = try #require(lower)
        let to = try #require(from.adding(months: 1))
        return try .events(["\(name)_2026_\(number) [\(from), \(to))"], named: name, oid: oid)
    }

    @Test("begins with the most urgent table: fewest days left, then by name; tables left alone come last")
    func urgency() throws {
        let plan = try Self.plan([
            .events(["all [MINVALUE, MAXVALUE)"], named: "a_whole", oid: 1000),
            .events([], named: "b_empty", oid: 2000),
            Self.month(12, "c_ahead", 3000).changing { table in
                table.partitions.append(try Partition("c_ahead_2026_11 [2026-11-01, 2026-12-01)", oid: 3005))
            },
            Self.month(11, "d_ends_soon", 4000), Self.month(10, "e_missed", 5000), Self.month(10, "d_missed", 6000),
        ])
        #expect(
            plan.tables.map(\.table.name) == [
                "d_missed", "e_missed", "d_ends_soon", "c_ahead", "a_whole", "b_empty",
            ]
        )
        let days = try #require(plan.tables[2].coverage?.daysRemaining)
        #expect(days == 8.5)
    }

    @Test("is for the tables asked for, or all")
    func selection() throws {
        let tables = try [Self.month(11, "a", 1000), Self.month(11, "b", 2000)]
        let only = PlanSettings(tables: [RelationName(schema: "public", name: "b")])
        #expect(try Self.plan(tables, only).tables.map(\.table.name) == ["b"])
        #expect(try Self.plan(tables).tables.count == 2)
    }

    @Test("leaves what is above a table's cap to the next run, and says how much")
    func capPerTable() throws {
        let tables = try [Self.month(11, "a", 1000), Self.month(11, "b", 2000)]
        let plan = try Self.plan(tables, PlanSettings(bufferDays: 365, stepsPerTable: 3))
        #expect(plan.tables.map(\.steps.count) == [3, 3])
        #expect(plan.tables.map { $0.findings(.stepCap).count } == [1, 1])
        let finding = try #require(plan.tables[0].findings(.stepCap).first)
        #expect(finding.severity == .warning)
        #expect(finding.message.hasPrefix("9 more steps for public.a are left to the next run"))
    }

    @Test("leaves what is above the run's cap to the next run, the least urgent tables first")
    func capPerRun() throws {
        let tables = try [Self.month(11, "a", 1000), Self.month(10, "b", 2000), Self.month(11, "c", 3000)]
        let plan = try Self.plan(tables, PlanSettings(bufferDays: 60, stepsPerRun: 4))
        #expect(plan.tables.map(\.table.name) == ["b", "a", "c"])
        #expect(plan.tables.map(\.steps.count) == [3, 1, 0])
        #expect(
            plan.tables.map { $0.findings(.stepCap).first?.message.prefix(12) } == [
                nil, "1 more steps", "2 more steps",
            ]
        )
        #expect(plan.tables.map(\.isConverged) == [false, false, false])
    }

    @Test("says nothing of caps that aren't reached, even exactly")
    func capJustReached() throws {
        let plan = try Self.plan([Self.month(11, "a", 1000)], PlanSettings(stepsPerTable: 2, stepsPerRun: 2))
        #expect(plan.steps.count == 2)
        #expect(plan.tables[0].findings(.stepCap).isEmpty)
    }

    @Test("counts the steps of a century of minutes without making them", .timeLimit(.minutes(1)))
    func hugeBuffer() throws {
        let table = try PartitionedTable.events(["m [2026-11-22 12:00, 2026-11-22 12:01)"])
        let plan = try Self.plan([table], PlanSettings(bufferDays: 36_500))
        #expect(plan.steps.count == 500)
        #expect(plan.tables[0].findings(.stepCap).first?.message.hasPrefix("52559500 more steps") == true)
    }

    @Test("warns of publications that publish partitions one by one")
    func leafPublication() throws {
        let table = try Self.month(11, "a", 1000).changing { $0.publicationsOfLeaves = ["everything"] }
        let finding = try #require(try Self.plan([table]).tables[0].findings(.leafPublication).first)
        #expect(finding.severity == .warning)
        #expect(finding.object == "everything")
    }

    @Test("is the same for the same values, and empty where nothing is to be done")
    func deterministic() throws {
        let tables = try [Self.month(11, "a", 1000), Self.month(10, "b", 2000)]
        #expect(try Self.plan(tables) == Self.plan(tables.reversed()))
        let done = try zip(tables, try Self.plan(tables).tables.sorted { $0.table < $1.table }).map {
            try $0.applying($1)
        }
        #expect(try Self.plan(done).isEmpty)
        #expect(try !Self.plan(tables).isEmpty)
    }
}
