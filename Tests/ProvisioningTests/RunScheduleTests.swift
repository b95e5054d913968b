// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Testing

@testable import Provisioning

@Suite("The order of a run")
struct RunScheduleTests {
    private static func table(_ name: String, _ oid: UInt32, _ actions: [Step.Action]) -> TablePlan {
        let table = RelationName(schema: "public", name: name)
        return TablePlan(
            table: table,
            oid: oid,
            disposition: .leftAlone(LeftAlone(.notInferable, "")),
            steps: actions.map {
                Step(
                    table: table,
                    tableOID: oid,
                    action: $0,
                    reason: "",
                    precondition: "",
                    locks: [],
                    runsInTransaction: true
                )
            }
        )
    }

    private static func name(_ name: String) -> RelationName { RelationName(schema: "public", name: name) }

    private static func creation(_ name: String) -> Step.Action {
        .createPartition(
            PartitionCreation(
                name: self.name(name),
                range: KeyRange(lower: 0, upper: 1),
                lowerBound: "0",
                upperBound: "1",
                receivesWritesNow: false
            )
        )
    }

    private static let removal = Step.Action.dropUnattached(table: name("orphan"), oid: 9)
    private static let leftover = Step.Action.dropLeftoverCheck(constraint: "c", defaultPartition: name("d"))

    private static let plan = Plan(
        now: Instant(microseconds: 0),
        database: "",
        tables: [
            table("a", 1, [leftover, creation("a_1"), removal]), table("b", 2, [creation("b_1"), creation("b_2")]),
            table("c", 3, [removal]), table("d", 4, []), table("e", 5, [creation("e_1")]),
        ]
    )

    private static func words(_ schedule: RunSchedule) -> [String] {
        schedule.turns.map { "\($0.pass) \($0.plan.table.name) \($0.plan.steps.count)" }
    }

    @Test("has every table's new partitions before anybody's slow work, and keeps to urgency in each pass")
    func passes() {
        #expect(
            Self.words(RunSchedule(Self.plan, longScans: [1, 5])) == [
                "growth a 1", "growth b 2", "growthBesideLongScan a 1", "growthBesideLongScan e 1", "upkeep a 1",
                "upkeep c 1",
            ]
        )
    }

    @Test("leaves out turns that were had already, of those tables alone")
    func finished() {
        let first = RunSchedule(Self.plan, longScans: [])
        let finished = Set(first.turns.filter { $0.plan.table.name == "a" && $0.pass == .growth }.map(\.id))
        #expect(
            Self.words(RunSchedule(Self.plan, longScans: [], finished: finished))
                == ["growth b 2", "growth e 1", "upkeep a 1", "upkeep c 1"]
        )
    }

    @Test("gives each table of a pass an equal share of the time that is left for work beside readers and writers")
    func shares() {
        let schedule = RunSchedule(Self.plan, longScans: [1, 2, 5])
        let now = ContinuousClock.now
        let shares = schedule.turns.indices.map { index in
            schedule.onlineEnd(of: index, now: now, until: now + .seconds(60)) - now
        }
        #expect(Self.words(schedule).map { $0.prefix { $0 != " " } }.first == "growth")
        #expect(shares == [60, 20, 30, 60, 30, 60].map { .seconds($0) })
        #expect(schedule.onlineEnd(of: 1, now: now, until: now - .seconds(1)) == now)
    }
}
