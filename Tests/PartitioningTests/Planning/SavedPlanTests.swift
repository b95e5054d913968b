// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Testing

@Suite("A saved plan, compared with one made later")
struct SavedPlanTests {
    private static let partitions = ["events_2026_11 [2026-11-01, 2026-12-01)", "old [2026-09-01, 2026-10-01)"]

    private static func planned(
        _ table: PartitionedTable?,
        at now: String = "2026-11-22 12:00"
    ) throws -> (Plan, CatalogSnapshot) {
        let snapshot = try CatalogSnapshot.of(table.map { [$0] } ?? [], at: now)
        return (Planner(snapshot: snapshot, settings: PlanSettings()).plan(), snapshot)
    }

    private static func saved() throws -> SavedPlan {
        let (plan, snapshot) = try planned(.events(partitions))
        return SavedPlan(plan, of: snapshot, settings: PlanSettings())
    }

    @Test("is the same where time has passed and nothing else, whatever the sizes are")
    func same() throws {
        let table = try PartitionedTable.events(Self.partitions).changing { $0.partitions[0].estimatedRows = 4711 }
        let (plan, snapshot) = try Self.planned(table, at: "2026-11-22 13:30")
        #expect(try Self.saved().differences(from: plan, in: snapshot).isEmpty)
        #expect(try Self.saved().permits(plan))
    }

    private typealias Change = @Sendable (inout PartitionedTable) throws -> Void

    private struct Row: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var change: Change
        var words: String
    }

    private static let rows: [Row] = [
        Row(
            testDescription: "a partition that came",
            change: { table in
                table.partitions.append(try Partition("by_hand [2099-01-01, 2099-02-01)", oid: 77))
            },
            words: "the partition public.by_hand came"
        ),
        Row(
            testDescription: "a partition that is gone",
            change: { $0.partitions.removeLast() },
            words: "the partition public.old is gone"
        ),
        Row(
            testDescription: "a partition with another name",
            change: { table in
                table.partitions[1].name.name = "older"
            },
            words: "the partition public.old is called public.older now"
        ),
        Row(
            testDescription: "a detach that was begun",
            change: { $0.partitions[1].isDetachPending = true },
            words: "the partition public.old has changed"
        ),
        Row(
            testDescription: "a partition of other bounds",
            change: { table in
                table.partitions[1].bound = try Partition("old [2026-08-01, 2026-10-01)").bound
            },
            words: "the partition public.old has changed"
        ),
        Row(
            testDescription: "a table made anew",
            change: { $0.oid = 4 },
            words: "public.events was dropped and made anew"
        ),
        Row(
            testDescription: "a foreign key, which means other locks",
            change: { table in
                table.references = [.init(oid: 9, name: RelationName(schema: "public", name: "users"))]
            },
            words: "to be done otherwise: create public.events_2026_12"
        ),
        Row(
            testDescription: "a partition that somebody made for us",
            change: { table in
                table.partitions.append(try Partition("events_2026_12 [2026-12-01, 2027-01-01)", oid: 78))
            },
            words: "not needed any more: create public.events_2026_12"
        ),
    ]

    @Test("tells", arguments: rows)
    private func tells(_ row: Row) throws {
        let table = try PartitionedTable.events(Self.partitions).changing(row.change)
        let (plan, snapshot) = try Self.planned(table)
        let differences = try Self.saved().differences(from: plan, in: snapshot)
        #expect(differences.contains { $0.contains(row.words) }, "\(differences)")
    }

    @Test("tells a table that is gone, one more to do, a step more, another database and another server")
    func more() throws {
        let saved = try Self.saved()
        let (nothing, empty) = try Self.planned(nil)
        #expect(
            saved.differences(from: nothing, in: empty) == ["public.events is gone, or no partitioned table any more"]
        )

        let other = try PartitionedTable.events(["logs_2026_11 [2026-11-01, 2026-12-01)"], named: "logs", oid: 5000)
        var snapshot = try CatalogSnapshot.of([.events(Self.partitions), other], at: "2026-11-22 12:00")
        var plan = Planner(snapshot: snapshot, settings: PlanSettings()).plan()
        #expect(
            saved.differences(from: plan, in: snapshot).allSatisfy {
                $0.hasPrefix("public.logs: now needed, too: create")
            }
        )
        #expect(!saved.permits(plan))

        let (later, then) = try Self.planned(.events(Self.partitions), at: "2026-12-22 12:00")
        #expect(!saved.differences(from: later, in: then).isEmpty)

        plan.database = "else"
        #expect(saved.differences(from: plan, in: snapshot) == ["the plan is of the database app, and this is else"])
        var identified = saved
        identified.systemIdentifier = "1"
        (plan, snapshot) = try Self.planned(.events(Self.partitions))
        snapshot.server.systemIdentifier = "2"
        #expect(identified.differences(from: plan, in: snapshot).first?.contains("another server") == true)
    }

    @Test("permits what is left of it, and nothing besides")
    func rest() throws {
        let saved = try Self.saved()
        var (plan, _) = try Self.planned(.events(Self.partitions))
        plan.tables[0].steps.removeFirst()
        #expect(saved.permits(plan))
        plan.tables[0].steps[0].precondition = "another"
        #expect(!saved.permits(plan))
    }
}
