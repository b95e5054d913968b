// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Testing

@Suite("What an interrupted run left")
struct ResidueTests {
    private static let months = [
        "events_2026_10 [2026-10-01, 2026-11-01)", "events_2026_11 [2026-11-01, 2026-12-01)",
        "events_2026_12 [2026-12-01, 2027-01-01)",
    ]

    private static func pending(_ name: String, marked: Bool) throws -> PartitionedTable {
        let table = try PartitionedTable.events(months).marked { $0.name.name == name && marked }
        return table.changing { table in
            for index in table.partitions.indices where table.partitions[index].name.name == name {
                table.partitions[index].isDetachPending = true
            }
        }
    }

    @Test("a CHECK on the default partition is dropped first of all: it refuses rows")
    func leftoverCheck() throws {
        var table = try PartitionedTable.events(Self.months + ["events_default DEFAULT"])
        table.leftoverChecks = ["partition_cli_ahead_1"]
        let plan = try planned(table)
        let step = try #require(plan.steps.first)
        let partition = RelationName(schema: "public", name: "events_default")
        #expect(step.action == .dropLeftoverCheck(constraint: "partition_cli_ahead_1", defaultPartition: partition))
        #expect(step.locks == [LockUse(relation: partition, oid: 1004, mode: .accessExclusive)])
        #expect(plan.made == ["events_2027_01 [2027-01-01, 2027-02-01)"])
        #expect(plan.findings(.leftoverCheck).map(\.severity) == [.error])
        #expect(!plan.isConverged)
    }

    @Test("…also from a table that can't be grown any more, but not from one in other hands")
    func residueOfTablesLeftAlone() throws {
        var table = try PartitionedTable.events(["odd [2026-11-03, 2026-11-07)", "events_default DEFAULT"])
        table.leftoverChecks = ["partition_cli_ahead_1"]
        let plan = try planned(table)
        #expect(plan.leftAlone?.reason == .notInferable)
        #expect(plan.steps.map(\.target) == ["partition_cli_ahead_1 on public.events_default"])
        #expect(plan.findings(.leftoverCheck).count == 1)
        table.isOwnedByUs = false
        #expect(try planned(table).steps.isEmpty)
    }

    @Test("a pending detach of ours is completed")
    func ours() throws {
        let plan = try planned(Self.pending("events_2026_10", marked: true))
        let name = RelationName(schema: "public", name: "events_2026_10")
        #expect(plan.steps.first?.action == .finalizeDetach(partition: name))
        #expect(plan.steps.first?.reason.contains("interrupted") == true)
        #expect(plan.findings(.pendingDetach).first?.remedy == "partition-cli rotate completes it")
    }

    @Test("a pending detach of others is reported with the command that completes it, and left to them")
    func others() throws {
        let plan = try planned(Self.pending("events_2026_10", marked: false))
        #expect(!plan.steps.contains { if case .finalizeDetach = $0.action { true } else { false } })
        let finding = try #require(plan.findings(.pendingDetach).first)
        #expect(finding.severity == .error)
        #expect(
            finding.remedy?.hasPrefix(
                "ALTER TABLE public.events DETACH PARTITION public.events_2026_10 FINALIZE"
            ) == true
        )
    }

    @Test("somebody else's detach on a table that isn't grown is nobody's failure")
    func othersOnTablesLeftAlone() throws {
        let table = try Self.pending("events_2026_10", marked: false).changing { $0.strategy = .list }
        #expect(try planned(table).findings.map(\.severity) == [.note])
    }

    @Test("the range of a pending detach takes no rows, yet nothing can be attached there")
    func occupiedButNotServing() throws {
        let plan = try planned(Self.pending("events_2026_12", marked: false))
        #expect(plan.made == ["events_2027_01 [2027-01-01, 2027-02-01)"])
        #expect(plan.coverage?.coveredUntilText == "2026-12-01 00:00:00+00")
        #expect(plan.coverage?.missing.count == 1)
        let finding = try #require(plan.findings(.notCovered).first)
        #expect(finding.remedy == "complete the detach that is pending there; partition-cli rotate then creates it")
    }

    @Test("once the detach is complete, the next plan makes the partition anew")
    func afterFinalizing() throws {
        let table = try Self.pending("events_2026_12", marked: true)
        let first = try planned(table)
        #expect(first.made == ["events_2027_01 [2027-01-01, 2027-02-01)"])
        let second = try planned(table.applying(first))
        #expect(second.made == ["events_2026_12 [2026-12-01, 2027-01-01)"])
    }

    @Test("now in a range whose detach is pending: 0 days are left")
    func pendingNow() throws {
        let coverage = try #require(try planned(Self.pending("events_2026_11", marked: false)).coverage)
        #expect(coverage.daysRemaining == 0)
        #expect(coverage.coveredUntil == nil)
    }
}

@Suite("Indexes of the parent that a partition lacks")
struct IndexGapTests {
    private static func gap(_ kind: Partition.Kind, remnant: String? = nil) throws -> PartitionedTable {
        var table = try PartitionedTable.events([
            "events_2026_11 [2026-11-01, 2026-12-01)", "events_2026_12 [2026-12-01, 2027-01-01)",
        ])
        table.indexGaps = [
            IndexGap(
                parentIndexOID: 77,
                parentIndex: RelationName(schema: "public", name: "events_idx"),
                partitionOID: table.partitions[0].oid,
                partition: table.partitions[0].name,
                partitionKind: kind,
                invalidRemnant: remnant.map { RelationName(schema: "public", name: $0) }
            )
        ]
        return table
    }

    @Test("are built without blocking writers, after partitions were made")
    func repaired() throws {
        let table = try Self.gap(.table)
        let plan = try planned(table)
        let step = try #require(plan.steps.last)
        #expect(step.action == .repairIndex(table.indexGaps[0]))
        #expect(step.locks.map(\.mode) == [.shareUpdateExclusive])
        #expect(!step.runsInTransaction)
        #expect(step.target == "events_idx on public.events_2026_11")
        #expect(plan.creations.count == 1 && plan.steps.count == 2)
        #expect(plan.findings(.missingIndex).map(\.severity) == [.error])
    }

    @Test("an invalid one is said to be invalid")
    func invalid() throws {
        let plan = try planned(Self.gap(.table, remnant: "half_built"))
        #expect(plan.findings(.missingIndex).first?.message.contains("public.half_built") == true)
        #expect(plan.steps.last?.reason.contains("is invalid") == true)
    }

    @Test(
        "on foreign and on partitioned partitions are only reported",
        arguments: [Partition.Kind.foreignTable, .partitionedTable]
    )
    func left(kind: Partition.Kind) throws {
        let plan = try planned(Self.gap(kind))
        #expect(!plan.steps.contains { if case .repairIndex = $0.action { true } else { false } })
        #expect(plan.findings(.missingIndex).first?.remedy?.contains("by hand") == true)
    }
}
