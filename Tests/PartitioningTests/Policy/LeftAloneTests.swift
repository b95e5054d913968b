// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Testing

@Suite("Tables left alone")
struct LeftAloneTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let reason: LeftAlone.Reason
        let code: Finding.Code
        let severity: Finding.Severity
        let explanation: String
        let change: @Sendable (inout PartitionedTable) throws -> Void

        init(
            _ testDescription: String,
            _ reason: LeftAlone.Reason,
            code: Finding.Code = .leftAlone,
            severity: Finding.Severity = .note,
            _ explanation: String,
            _ change: @escaping @Sendable (inout PartitionedTable) throws -> Void
        ) {
            self.testDescription = testDescription
            self.reason = reason
            self.code = code
            self.severity = severity
            self.explanation = explanation
            self.change = change
        }
    }

    private static func bound(_ bound: Partition.Bound, _ table: inout PartitionedTable) {
        table.partitions[0].bound = bound
    }

    static let rows: [Row] = [
        Row("when it is partitioned by list", .kind, "partitioned by list") { $0.strategy = .list },
        Row("when it is partitioned by hash", .kind, "partitioned by hash") { $0.strategy = .hash },
        Row("when its key has several columns", .kind, "2 columns") { $0.key.append($0.key[0]) },
        Row("when its key is an expression", .kind, "an expression") { $0.key[0].column = nil },
        Row("when its key is an integer", .kind, "of type bigint") { table in
            table.key[0].type = .int8
            table.key[0].typeName = "bigint"
        },
        Row("when its key is of another type", .kind, "of type text") { table in
            table.key[0].type = .other("text")
            table.key[0].typeName = "text"
        },
        Row("when it is itself a partition", .kind, "itself a partition") { $0.isSubpartitioned = true },
        Row("when its partitions are partitioned", .kind, "partitioned themselves") { table in
            table.partitions[0].kind = .partitionedTable
        },
        Row("when an extension owns it", .extensionMember, "the extension timescale") { table in
            table.ownedByExtension = "timescale"
        },
        Row("when pg_partman maintains it", .maintainedByPartman, "pg_partman") { $0.isMaintainedByPartman = true },
        Row("when the role isn't its owner", .notOwned, code: .privilege, severity: .warning, "its owner, alice") {
            table in
            table.owner = "alice"
            table.isOwnedByUs = false
        },
        Row(
            "when a bound can't be read",
            .unreadableBound,
            code: .unreadableBound,
            severity: .error,
            "public.events_2026_11 can't be read: FOR VALUES OF SOME NEW KIND"
        ) { bound(.unreadable("FOR VALUES OF SOME NEW KIND"), &$0) },
        Row(
            "when a bound isn't a value of the key's type",
            .unreadableBound,
            code: .unreadableBound,
            severity: .error,
            "can't be used"
        ) { bound(.known(.range(lower: [.literal("soon")], upper: [.maxValue])), &$0) },
        Row(
            "when a bound is of another strategy",
            .unreadableBound,
            code: .unreadableBound,
            severity: .error,
            "can't be used"
        ) { bound(.known(.list([.null])), &$0) },
        Row("when it has no partition", .notInferable, "no partition with two finite bounds") { $0.partitions = [] },
        Row("when it has but a default partition", .notInferable, "no partition with two finite bounds") {
            bound(.known(.default), &$0)
        },
        Row("when its bounds follow no interval", .notInferable, severity: .warning, "isn't a minute") { table in
            table.partitions = [try Partition("odd [2026-11-03, 2026-11-07)")]
        },
        Row("when nobody extends it", .dormant, "nobody has extended it") { table in
            table.partitions = [try Partition("events_2020_11 [2020-11-01, 2020-12-01)")]
        },
    ]

    private static func november() throws -> PartitionedTable {
        try .events(["events_2026_11 [2026-11-01, 2026-12-01)"])
    }

    @Test("get no step, and their reason is said", arguments: rows)
    func leftAlone(row: Row) throws {
        let table = try Self.november().changing(row.change)
        let plan = try planned(table)
        let left = try #require(plan.leftAlone)
        #expect(left.reason == row.reason)
        #expect(left.explanation.contains(row.explanation), "\(left.explanation)")
        #expect(plan.steps.isEmpty)
        #expect(plan.coverage == nil)
        #expect(plan.findings.map(\.code) == [row.code])
        #expect(plan.findings.map(\.severity) == [row.severity])
        #expect(plan.findings.first?.message == "public.events is left alone: \(left.explanation)")
        #expect(plan.policy == nil)
    }

    @Test("are an error where we made one of the partitions: we are to keep the table covered")
    func markedTables() throws {
        for row in Self.rows where row.reason != .dormant {
            let table = try Self.november().changing(row.change).marked()
            let isHandedOver = row.reason == .maintainedByPartman
            let severity: Finding.Severity = isHandedOver || table.partitions.isEmpty ? .note : .error
            #expect(try planned(table).findings.map(\.severity) == [severity], "\(row.testDescription)")
        }
    }

    @Test("come with what can be done about it, where something can be done")
    func remedies() throws {
        let table = try Self.november()
        let alices = table.changing { table in
            table.owner = "alice"
            table.isOwnedByUs = false
        }
        #expect(
            try planned(alices).leftAlone?.remedy == "connect as alice, or: GRANT alice TO owner"
        )
        let administrators = alices.changing { $0.isOwnedBySuperuser = true }
        let remedy = try #require(try planned(administrators).leftAlone?.remedy)
        #expect(!remedy.contains("GRANT") && remedy.contains("ALTER TABLE public.events OWNER TO"), "\(remedy)")
        let empty = table.changing { $0.partitions = [] }
        #expect(try planned(empty).leftAlone?.remedy?.hasPrefix("create the first partition by hand") == true)
    }

    @Test("are a warning where they run out within the buffer, unless nobody seems to use them; when they end is said")
    func runningOut() throws {
        func finding(_ partition: String, buffer: Int = 60) throws -> Finding {
            let table = try PartitionedTable.events([partition]).changing { table in
                table.owner = "alice"
                table.isOwnedByUs = false
            }
            return try #require(try planned(table, buffer: buffer).findings.first)
        }
        let soon = try finding("events_2026_11 [2026-11-01, 2026-12-01)")
        #expect(soon.severity == .warning)
        #expect(soon.message.hasSuffix("; its last partition ends at 2026-12-01 00:00:00+00, 8.5 days from now"))
        #expect(try finding("events_2026_11 [2026-11-01, 2026-12-01)", buffer: 8).severity == .note)
        #expect(try finding("events_2027 [2026-01-01, 2028-01-01)").severity == .note)
        #expect(try finding("events_2026_10 [2026-10-01, 2026-11-01)").severity == .warning)
        let old = try finding("events_2020 [2020-01-01, 2021-01-01)")
        #expect(old.severity == .note && old.message.contains("its last partition ended at 2021-01-01"))
        #expect(try finding("events_all [2020-01-01, MAXVALUE)").severity == .note)
    }

    @Test("are in no other table's way")
    func others() throws {
        let broken = try Self.november().changing { Self.bound(.unreadable("?"), &$0) }
        let good = try PartitionedTable.events(["good_2026_11 [2026-11-01, 2026-12-01)"], named: "good", oid: 2000)
        let snapshot = try CatalogSnapshot.of([broken, good], at: "2026-11-22 12:00")
        let plan = Planner(snapshot: snapshot, settings: .buffer(60)).plan()
        #expect(plan.tables.map(\.steps.count) == [2, 0])
    }
}
