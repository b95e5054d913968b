// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Testing

@Suite("Work that takes as long as tables are big")
struct OnlineWorkTests {
    private static let big: Int64 = 4_000_000_000

    /// A month of events now, the next two planned, beside a default partition where asked.
    private func planned(
        default hasDefault: Bool,
        now: String = "2026-11-22",
        gaps: [IndexGap] = []
    ) throws -> (plan: TablePlan, table: PartitionedTable) {
        var table = try PartitionedTable.events(
            ["events_2026_11 [2026-11-01, 2026-12-01)"] + (hasDefault ? ["rest DEFAULT"] : [])
        )
        table.indexGaps = gaps
        if let index = table.partitions.firstIndex(where: \.isDefault) { table.partitions[index].oid = 77 }
        let snapshot = CatalogSnapshot(
            server: ServerFacts(version: 150000, now: try moment(now), database: "d", role: "r"),
            tables: [table]
        )
        let plan = try #require(Planner(snapshot: snapshot, settings: PlanSettings()).plan().tables.first)
        #expect(!plan.steps.isEmpty)
        return (plan, table)
    }

    private func gap(_ oid: UInt32) -> IndexGap {
        IndexGap(
            parentIndexOID: 5,
            parentIndex: RelationName(schema: "public", name: "i"),
            partitionOID: oid,
            partition: RelationName(schema: "public", name: "events_2026_11")
        )
    }

    @Test("a plain attach takes milliseconds: there is nothing to measure")
    func plain() throws {
        let (plan, table) = try planned(default: false)
        #expect(OnlineWork.relations(of: plan, in: table) == [])
        #expect(OnlineWork.of(plan, in: table, sizes: [:]) == [])
    }

    @Test("a big default partition is read twice beside its writers: for rows, and for the CHECK")
    func bigDefault() throws {
        let (plan, table) = try planned(default: true)
        #expect(OnlineWork.relations(of: plan, in: table) == [77])
        let work = OnlineWork.of(plan, in: table, sizes: [77: Self.big])
        let name = RelationName(schema: "public", name: "rest")
        #expect(work == [OnlineWork(kind: .readDefault, relation: name, bytes: Self.big, passes: 2)])
        #expect(work.first?.seconds == 2 * Double(Self.big) / Double(OnlineWork.scanRate))
    }

    @Test("a small one is looked through once, up to the very limit")
    func smallDefault() throws {
        let (plan, table) = try planned(default: true)
        #expect(OnlineWork.of(plan, in: table, sizes: [77: OnlineWork.scanLimit]).map(\.passes) == [1])
        #expect(OnlineWork.of(plan, in: table, sizes: [77: OnlineWork.scanLimit + 1]).map(\.passes) == [2])
    }

    @Test("where rows arrive now no CHECK can stand: each such ATTACH reads the default partition under its lock")
    func underLock() throws {
        let (plan, table) = try planned(default: true, now: "2026-12-02")
        let work = OnlineWork.of(plan, in: table, sizes: [77: Self.big])
        #expect(work.map(\.kind) == [.readDefault, .scanDefaultUnderLock])
        #expect(work.map(\.passes) == [2, 1])
    }

    @Test("an index takes the time of the table it is built on")
    func index() throws {
        let (plan, table) = try planned(default: false, gaps: [gap(41), gap(42), gap(41)])
        #expect(OnlineWork.relations(of: plan, in: table) == [41, 42])
        let work = OnlineWork.of(plan, in: table, sizes: [41: Self.big])
        #expect(work.map(\.kind) == [.buildIndex, .buildIndex, .buildIndex])
        #expect(work[0].seconds == Double(Self.big) / Double(OnlineWork.buildRate))
        #expect(work[1].bytes == nil && work[1].seconds == nil, "of an unknown size nothing is estimated")
    }
}
