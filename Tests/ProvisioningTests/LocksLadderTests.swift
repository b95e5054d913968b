// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning
import Provisioning
import Testing
import TestSupport

@Suite("The lock ladder", .temporaryDatabase)
struct LocksLadderTests {
    private static let parent = RelationName(schema: "public", name: "p")
    private static let defaultPartition = RelationName(schema: "public", name: "d")

    @Test("sends one message: no lock that applications wait for is held across a round trip or without a limit")
    func message() throws {
        let change = LockedChange(
            locks: [
                LockUse(relation: Self.parent, oid: 1, mode: .shareUpdateExclusive),
                LockUse(relation: Self.defaultPartition, oid: 2, mode: .accessExclusive),
            ],
            alone: [1],
            body: "NULL",
            identities: [1: Self.parent],
            purpose: "test"
        )
        let limits = LockedChange.Limits(budget: .milliseconds(25), gentle: .seconds(5))
        let message = change.message(limits, rights: [1: .lockTable, 2: .lockTable]).map(\.sql)
        #expect(message.first == "BEGIN")
        #expect(message.last == "COMMIT")
        #expect(message.contains("SET LOCAL synchronous_commit = local"))
        #expect(message.contains(#"LOCK TABLE ONLY "public"."p" IN SHARE UPDATE EXCLUSIVE MODE"#))
        let limit = try #require(message.firstIndex(of: "SET LOCAL statement_timeout = 25"))
        let blocking = try #require(message.firstIndex { $0.contains("ACCESS EXCLUSIVE") })
        #expect(message[blocking].hasPrefix("DO "))
        #expect(limit < blocking)
        #expect(message.filter { $0.contains("ACCESS EXCLUSIVE") }.count == 1)
    }

    @Test(
        "bounds a change for which no blocking lock was planned too, its waits by the rung and its work by 2 s: a lock may come with it"
    )
    func unplanned() throws {
        let change = LockedChange(
            locks: [LockUse(relation: Self.parent, oid: 1, mode: .shareUpdateExclusive)],
            alone: [1],
            body: "NULL",
            identities: [:],
            purpose: "test"
        )
        let limits = LockedChange.Limits(budget: .milliseconds(25), gentle: .seconds(5))
        let message = change.message(limits, rights: [1: .lockTable]).map(\.sql)
        #expect(message.contains("SET LOCAL lock_timeout = 25"))
        let statement = try #require(message.firstIndex(of: "SET LOCAL statement_timeout = 2000"))
        let lock = try #require(message.firstIndex(of: "SET LOCAL lock_timeout = 25"))
        let body = try #require(message.lastIndex { $0.hasPrefix("DO ") })
        #expect(statement < body && lock < body)
    }

    @Test("a stranger that has come by the name of a table to be locked is not waited for, nor locked")
    func stranger() async throws {
        let fixture = try await Fixture()
        try await fixture.execute("CREATE TABLE target ()", "CREATE TABLE other ()")
        let oid = UInt32(try #require(try await fixture.strings("SELECT 'target'::regclass::oid::text AS v").first))
        try await fixture.execute("ALTER TABLE target RENAME TO former", "ALTER TABLE other RENAME TO target")
        let holder = try await fixture.database.connect(applicationName: "holder")
        _ = try await holder.script(["BEGIN", "LOCK TABLE target IN ACCESS EXCLUSIVE MODE"])
        let change = LockedChange(
            locks: [
                LockUse(
                    relation: RelationName(schema: "public", name: "target"),
                    oid: try #require(oid),
                    mode: .accessExclusive
                )
            ],
            body: "NULL",
            identities: [:],
            purpose: "test"
        )
        let error = await #expect(throws: PostgresError.self) {
            _ = try await LockLadder.standard.perform(
                change,
                on: fixture.connection,
                until: .now,
                logger: .test
            )
        }
        #expect(error?.sqlState == SQLState(rawValue: "PC001"))
    }

    @Test("never tries without a limit, and gives up before the server would look for a deadlock with an application")
    func limits() {
        for ladder in [LockLadder.standard, .emergency] {
            for attempt in 0..<1000 {
                let alone = ladder.limits(attempt, blockingLocks: 1, deadlockTimeout: .seconds(1))
                #expect(alone.budget > .zero && alone.budget <= .seconds(2))
                let several = ladder.limits(attempt, blockingLocks: 2, deadlockTimeout: .seconds(1))
                #expect(several.budget < .seconds(1))
                #expect(alone.gentle > .seconds(1) && alone.gentle < .seconds(10))
            }
        }
        #expect(LockLadder.standard.rungs.max() == .milliseconds(40))
    }

    @Test(
        "waits for a lock that only maintenance has for no longer than there is time, and a moment",
        arguments: [-5, 0, 1, 3, 60]
    )
    func gentle(secondsLeft: Int) {
        let limits = LockLadder.standard.limits(
            0,
            blockingLocks: 0,
            deadlockTimeout: .seconds(1),
            left: .seconds(secondsLeft)
        )
        #expect(limits.gentle == min(.seconds(5), max(.seconds(secondsLeft), .milliseconds(200))))
    }

    @Test("pauses grow, are never the same, and have an end")
    func pauses() {
        let ladder = LockLadder.standard
        for attempt in 1..<50 {
            let (shortest, longest) = (
                ladder.pause(after: attempt, random: 0), ladder.pause(after: attempt, random: 0.999)
            )
            #expect(shortest * 1.9 < longest)
            #expect(shortest >= .milliseconds(50) && longest <= .seconds(2))
            #expect(ladder.pause(after: attempt + 1, random: 0.5) >= ladder.pause(after: attempt, random: 0.5))
        }
        #expect(ladder.pause(after: 5, random: 0.5) > ladder.pause(after: 1, random: 0.5) * 10)
    }

    @Test("tries again after what another moment may change", arguments: ["55P03", "40P01", "40001", "57014"])
    func retried(code: String) async throws {
        let fixture = try await Fixture()
        let outcome = try await fixture.ladderRun(failing: 2, with: code, deadline: .seconds(30))
        guard case .done(let attempts) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(attempts == 3)
    }

    @Test(
        "gives everything else back at once, with its SQLSTATE, out of the transaction",
        arguments: ["23514", "42501", "55000", "53100"]
    )
    func surfaced(code: String) async throws {
        let fixture = try await Fixture()
        let error = await #expect(throws: PostgresError.self) {
            _ = try await fixture.ladderRun(failing: 2, with: code, deadline: .seconds(30))
        }
        #expect(error?.sqlState == SQLState(rawValue: code))
        let status = await fixture.connection.transactionStatus
        #expect(status == .idle)
        #expect(try await fixture.strings("SELECT nextval('tries')::text AS v") == ["2"])
    }

    @Test("takes the end of its own budget for a lock that was not to be had, and tries again")
    func ownBudget() async throws {
        let fixture = try await Fixture()
        let outcome = try await fixture.ladderRun(failing: 2, with: nil, deadline: .seconds(30))
        guard case .done(let attempts) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        // The third may be cut short too, where the machine is busy.
        #expect(attempts >= 3)
        let status = await fixture.connection.transactionStatus
        #expect(status == .idle)
    }

    @Test("gives up at the deadline, out of the transaction")
    func deadline() async throws {
        let fixture = try await Fixture()
        let outcome = try await fixture.ladderRun(failing: 1_000_000, with: nil, deadline: .seconds(1))
        guard case .deferred = outcome else {
            Issue.record("\(outcome)")
            return
        }
        let status = await fixture.connection.transactionStatus
        #expect(status == .idle)
    }

    @Test("says that the change is too slow where nobody is in the way, and doesn't stall everybody until the deadline")
    func tooSlow() async throws {
        let fixture = try await Fixture()
        let failure = await #expect(throws: Failure.self) {
            _ = try await fixture.ladderRun(
                failing: 1_000_000,
                with: nil,
                deadline: .seconds(600),
                ladder: LockLadder(rungs: [.milliseconds(25)], lookInterval: .milliseconds(1))
            )
        }
        #expect(failure?.message.contains("longer than the 25 ms") == true, "\(String(describing: failure))")
        #expect(failure?.remedy?.contains("event trigger") == true)
        #expect(failure?.sqlState == nil)
        #expect(
            try await fixture.strings("SELECT nextval('tries')::text AS v") == [
                "\(LockLadder.patienceWithOurselves + 1)"
            ]
        )
        let status = await fixture.connection.transactionStatus
        #expect(status == .idle)
    }

    @Test("waits for a prepared transaction, which no process owns, and names it")
    func preparedTransaction() async throws {
        try await LocksFixture.with { fixture in
            try await fixture.makeEvents(.small)
            let session = try await fixture.connect("two-phase")
            _ = try await session.script([
                "BEGIN", "SELECT 1 FROM events_default LIMIT 1", "PREPARE TRANSACTION 'in the way'",
            ])
            let budget = RunBudget(run: .seconds(20), table: .seconds(1), emergencyDays: 0)
            let events = try await fixture.provisioner(budget: budget).rotate().table("events")
            guard case .deferred(let reason) = events?.outcome else {
                Issue.record("\(String(describing: events?.outcome))")
                return
            }
            #expect(reason.contains("prepared transaction"))
            _ = try await session.query("ROLLBACK PREPARED 'in the way'")
            #expect(try await fixture.provisioner().rotate().table("events")?.outcome == .converged)
        }
    }
}

extension Fixture {
    /// Locks a table, then fails as often as told: with an error, or by staying longer than any rung.
    fileprivate func ladderRun(
        failing times: Int,
        with code: String?,
        deadline: Duration,
        ladder: LockLadder = .standard
    ) async throws -> LockLadder.Outcome {
        try await execute("CREATE TABLE target ()", "CREATE SEQUENCE tries")
        let oid = UInt32(try #require(try await strings("SELECT 'target'::regclass::oid::text AS v").first))
        let name = RelationName(schema: "public", name: "target")
        let failure: Statement =
            if let code { "RAISE EXCEPTION USING ERRCODE = \(literal: code)" } else { "PERFORM pg_sleep(60)" }
        let change = LockedChange(
            locks: [LockUse(relation: name, oid: try #require(oid), mode: .accessExclusive)],
            body: "IF nextval('tries') <= \(literal: times) THEN \(fragment: failure); END IF",
            identities: [:],
            purpose: "test"
        )
        return try await ladder.perform(
            change,
            on: connection,
            until: .now + deadline,
            logger: .test
        )
    }
}
