// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Testing

@testable import Provisioning

@Suite("Lock convoys")
struct LockConvoyTests {
    private static func session(_ pid: Int, state: String = "idle in transaction") -> Blocker {
        Blocker(
            relation: "public.events",
            mode: "AccessShareLock",
            pid: pid,
            user: "app",
            application: "reporter",
            state: state,
            transactionAge: 300,
            query: "SELECT 1",
            isAutovacuum: false,
            isWraparoundVacuum: false
        )
    }

    private static func wait(_ pid: Int, _ waited: Double?, behind blockers: [Int]) -> LockWait {
        LockWait(waiter: session(pid, state: "active"), waited: waited, blockedBy: blockers)
    }

    private static func convoys(_ waits: [LockWait], holders: [Int], patience: Double = 1) -> [LockConvoy] {
        let queue = LockQueue(
            waits: waits,
            holders: Dictionary(uniqueKeysWithValues: holders.map { ($0, session($0)) }),
            prepared: ["public.events": PreparedTransaction(identifier: "it's", owner: "app", age: 9)]
        )
        return LockConvoy.convoys(in: queue, patience: patience)
    }

    @Test("a reader, the DDL behind it and the writers behind that are one convoy, whose root is the reader")
    func chain() throws {
        let convoys = Self.convoys(
            [Self.wait(3, 4, behind: [2]), Self.wait(2, 5, behind: [1]), Self.wait(4, 3, behind: [2, 1])],
            holders: [1, 2]
        )
        let convoy = try #require(convoys.first)
        #expect(convoys.count == 1)
        #expect(convoy.root == .session(Self.session(1)))
        #expect(convoy.queue.map(\.waiter.pid) == [2, 3, 4])
        #expect(convoy.command == "SELECT pg_terminate_backend(1)")
        #expect(convoy.head?.waiter.pid == 2)
        let hazard = try #require(Hazard.hazards(of: convoys).first)
        #expect(hazard.severity == .error && hazard.message == "3 sessions wait behind pid 1, the longest for 5 s")
        #expect(hazard.remedy?.contains("SELECT pg_cancel_backend(2) ends what waits at the head") == true)
        #expect(hazard.evidence.count == 4 && hazard.evidence[0].contains("transaction open for 300 s"))
    }

    @Test("two holders are two roots, each with everybody who waits for it")
    func twoRoots() {
        let convoys = Self.convoys([Self.wait(3, 4, behind: [1, 2])], holders: [1, 2])
        #expect(Set(convoys.map(\.rootPID)) == [1, 2])
        #expect(convoys.allSatisfy { $0.queue.map(\.waiter.pid) == [3] && $0.head == nil })
    }

    @Test("sessions in a circle have no root, and one that waits for a circle ends")
    func circle() {
        let waits = [
            Self.wait(1, 9, behind: [2]), Self.wait(2, 9, behind: [1]), Self.wait(3, 9, behind: [1]),
        ]
        #expect(Self.convoys(waits, holders: [1, 2]).isEmpty)
    }

    @Test("a prepared transaction is named, and the command that ends it is quoted")
    func prepared() throws {
        let convoy = try #require(Self.convoys([Self.wait(3, 4, behind: [0])], holders: []).first)
        #expect(convoy.command == "ROLLBACK PREPARED 'it''s'")
    }

    @Test("who has waited for less than the patience, or an unknown time, makes no convoy", arguments: [0.9, nil])
    func patience(waited: Double?) {
        #expect(Self.convoys([Self.wait(2, waited, behind: [1])], holders: [1]).isEmpty)
    }

    @Test("a root at work is cancelled, not ended; a vacuum against wraparound is let alone")
    func atWork() throws {
        var root = Self.session(1, state: "active")
        let waits = [Self.wait(2, 5, behind: [1])]
        let convoy = try #require(
            LockConvoy.convoys(in: LockQueue(waits: waits, holders: [1: root]), patience: 1).first
        )
        #expect(convoy.command == "SELECT pg_cancel_backend(1)")
        root.isAutovacuum = true
        root.isWraparoundVacuum = true
        let vacuum = try #require(
            LockConvoy.convoys(in: LockQueue(waits: waits, holders: [1: root]), patience: 1).first
        )
        #expect(vacuum.remedy.contains("let it finish"))
    }
}
