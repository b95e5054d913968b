// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Testing

@Suite("A step says which locks it takes, in the order in which it takes them")
struct StepLockTests {
    private static func texts(_ locks: [LockUse]) -> [String] {
        locks.map { "\($0.relation.name) \($0.mode.rawValue)" }
    }

    private static let october = "events_2026_10 [2026-10-01, 2026-11-01)"

    private static func peer(_ oid: UInt32, _ name: String) -> PartitionedTable.ForeignKeyPeer {
        PartitionedTable.ForeignKeyPeer(oid: oid, name: RelationName(schema: "public", name: name))
    }

    @Test("making a partition: SHARE UPDATE EXCLUSIVE on the parent, which nobody waits for")
    func withoutDefault() throws {
        for step in try planned(.events([Self.october])).steps {
            #expect(Self.texts(step.locks) == ["events SHARE UPDATE EXCLUSIVE"])
            #expect(!step.locks.contains { $0.mode.stallsApplications })
        }
    }

    @Test(
        "beside a default partition: the parent is locked first where rows of the range can arrive now, and only there"
    )
    func besideDefault() throws {
        let table = try PartitionedTable.events([Self.october, "events_default DEFAULT"])
        let steps = try planned(table).steps
        #expect(steps.compactMap(\.creation?.receivesWritesNow) == [true, false, false])
        #expect(Self.texts(steps[0].locks) == ["events ACCESS EXCLUSIVE", "events_default ACCESS EXCLUSIVE"])
        for step in steps.dropFirst() {
            #expect(Self.texts(step.locks) == ["events SHARE UPDATE EXCLUSIVE", "events_default ACCESS EXCLUSIVE"])
        }
    }

    @Test("rows of a range can arrive ten minutes early, from a client whose clock is ahead")
    func clockAllowance() throws {
        let table = try PartitionedTable.events(["events_2026_11_22 [2026-11-22, 2026-11-23)"])
        for (now, early) in [("23:49:59.999999", false), ("23:50:00", true)] {
            let creation = try #require(try planned(table, at: "2026-11-22 " + now, buffer: 1).creations.first)
            #expect(creation.receivesWritesNow == early, "\(now)")
        }
    }

    @Test("a missed range receives late rows now")
    func missedRange() throws {
        let table = try PartitionedTable.events(["events_2026_09 [2026-09-01, 2026-10-01)"])
        let missed = try #require(try planned(table).creations.last)
        #expect(missed.text == "events_2026_10 [2026-10-01, 2026-11-01)")
        #expect(missed.receivesWritesNow)
    }

    @Test("tables at either end of a foreign key: SHARE ROW EXCLUSIVE, each once, by oid, after the default partition")
    func foreignKeys() throws {
        var table = try PartitionedTable.events([Self.october, "events_default DEFAULT"])
        table.references = [Self.peer(900, "tenants"), Self.peer(70, "users")]
        table.referencedBy = [Self.peer(500, "audits"), Self.peer(900, "tenants")]
        let step = try #require(try planned(table).steps.last)
        #expect(
            Self.texts(step.locks) == [
                "events SHARE UPDATE EXCLUSIVE", "events_default ACCESS EXCLUSIVE", "users SHARE ROW EXCLUSIVE",
                "audits SHARE ROW EXCLUSIVE", "tenants SHARE ROW EXCLUSIVE",
            ]
        )
    }

    @Test("a foreign key of the table to itself makes writers of the parent wait: SHARE ROW EXCLUSIVE there")
    func selfReference() throws {
        var table = try PartitionedTable.events([Self.october])
        table.references = [Self.peer(table.oid, "events")]
        table.referencedBy = table.references
        #expect(try planned(table).steps.map { Self.texts($0.locks) }.first == ["events SHARE ROW EXCLUSIVE"])
        // Where the parent is locked against everybody anyway, that stays.
        table.partitions.append(try Partition("events_default DEFAULT", oid: 2000))
        #expect(try Self.texts(planned(table).steps[0].locks).first == "events ACCESS EXCLUSIVE")
    }

    @Test("completing a detach: also what its foreign keys take on other tables")
    func finalizing() throws {
        var table = try PartitionedTable.events([Self.october]).marked()
        table.partitions[0].isDetachPending = true
        table.references = [Self.peer(70, "users")]
        table.referencedBy = [Self.peer(50, "audits")]
        let step = try #require(try planned(table).steps.first)
        #expect(
            Self.texts(step.locks) == [
                "events SHARE UPDATE EXCLUSIVE", "events_2026_10 ACCESS EXCLUSIVE", "audits ACCESS EXCLUSIVE",
                "users SHARE ROW EXCLUSIVE",
            ]
        )
    }
}

@Suite("Lock modes")
struct LockModeTests {
    /// The table of "Explicit Locking" in PostgreSQL's documentation: a mark where the row's mode conflicts with the column's.
    static let conflicts: [(LockMode, String)] = [
        (.accessShare, ".......x"), (.rowShare, "......xx"), (.rowExclusive, "....xxxx"),
        (.shareUpdateExclusive, "...xxxxx"), (.share, "..xx.xxx"), (.shareRowExclusive, "..xxxxxx"),
        (.exclusive, ".xxxxxxx"), (.accessExclusive, "xxxxxxxx"),
    ]

    @Test("conflict as PostgreSQL's documentation says", arguments: conflicts)
    func conflict(mode: LockMode, row: String) {
        let marks = LockMode.allCases.map { mode.conflicts.contains($0) ? "x" : "." }.joined()
        #expect(marks == row)
    }

    @Test("stall applications where they conflict with a writer's ROW EXCLUSIVE")
    func stalls() {
        for mode in LockMode.allCases {
            #expect(mode.stallsApplications == mode.conflicts.contains(.rowExclusive), "\(mode)")
        }
    }

    @Test("are called by the catalog as pg_locks calls them, and ordered from weak to strong")
    func names() {
        #expect(LockMode.shareUpdateExclusive.catalogName == "ShareUpdateExclusiveLock")
        #expect(LockMode.accessShare.catalogName == "AccessShareLock")
        #expect(LockMode.allCases.sorted() == LockMode.allCases)
    }
}
