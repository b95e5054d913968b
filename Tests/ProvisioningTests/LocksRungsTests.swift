// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import LocalPostgres
import Partitioning
import Provisioning
import Testing
import TestSupport

/// On a server as everybody has it, with `deadlock_timeout` at 1 s, and one lock that applications wait for: nothing but the ladder bounds a stall.
@Suite("Readers that never leave a gap of 90 ms", .serialized)
struct LocksRungsTests {
    /// Readers that hold the default partition one over the other, a run beside them, and how long anybody was seen to wait for us.
    private func run(
        emergencyDays: Double,
        _ body: (LocksFixture, RunReport, [Duration], Bystanders) async throws -> Void
    ) async throws {
        var settings = LocksServer.settings
        settings["deadlock_timeout"] = "1s"
        settings["log_statement"] = "all"
        let cluster = try await TestServer.makeCluster(settings: settings)
        try await LocksFixture.with(cluster) { fixture in
            try await fixture.makeEvents(.small, hasForeignKey: false)
            let readers: [Statement] = (0..<6).map { _ in
                "SELECT pg_sleep(0.09) FROM (SELECT FROM events_default LIMIT 1) e"
            }
            let budget = RunBudget(run: .seconds(60), table: .seconds(8), emergencyDays: emergencyDays)
            let ((report, waits), bystanders) = try await Bystanders.during(
                fixture,
                fixture.workload(.small) + readers
            ) {
                try await fixture.longestWaits { try await fixture.provisioner(budget: budget).rotate() }
            }
            try await body(fixture, report, waits, bystanders)
        }
        await cluster.remove()
    }

    @Test(
        "make nobody wait for 50 ms as long as there is time: the run asks for at most 40 at once, and may have to defer"
    )
    func standard() async throws {
        try await run(emergencyDays: 0) { fixture, report, waits, bystanders in
            let budgets = try fixture.log.attemptBudgets
            #expect(!budgets.isEmpty && budgets.allSatisfy { $0 <= 40 }, "\(budgets)")
            #expect(waits.filter { $0 > .milliseconds(50) } == [])
            #expect(bystanders.errors == [])
            switch report.table("events")?.outcome {
            case .converged: break
            case .deferred(let reason): #expect(reason.contains("attempts"), "\(reason)")
            default: Issue.record("\(String(describing: report.table("events")))")
            }
            try await fixture.expectNothingLeft()
        }
    }

    @Test(
        "give way to a run that comes when the last partitions run out, and nobody waits for more than the 2 s of its longest attempt"
    )
    func emergency() async throws {
        try await run(emergencyDays: 10_000) { fixture, report, waits, bystanders in
            #expect(report.table("events")?.outcome == .converged, "\(String(describing: report.table("events")))")
            let budgets = try fixture.log.attemptBudgets
            #expect(budgets.contains { $0 > 40 } && budgets.allSatisfy { $0 <= 2000 }, "\(budgets)")
            #expect(waits.allSatisfy { $0 <= .milliseconds(2100) }, "\(waits)")
            #expect(bystanders.errors == [])
            try await fixture.expectNothingLeft()
        }
    }

    @Test(
        "have the usual ladder until so many days are left, and the other from there on",
        arguments: [(13.99, true), (14, false), (15, false), (0, true), (nil, false)] as [(Double?, Bool)]
    )
    func limit(days: Double?, isEmergency: Bool) {
        let ladder = LockLadder.suiting(daysRemaining: days, emergencyBelow: 14)
        #expect(ladder.rungs == (isEmergency ? LockLadder.emergency : .standard).rungs)
    }

    @Test(
        "find the usual ladder's every attempt within 40 ms, whatever the server's deadlock_timeout",
        arguments: [1, 2, 4]
    )
    func rungs(blockingLocks: Int) {
        let budgets = (0..<50).map {
            LockLadder.standard.limits($0, blockingLocks: blockingLocks, deadlockTimeout: .seconds(1)).budget
        }
        #expect(budgets.allSatisfy { $0 <= .milliseconds(40) })
    }
}

extension LocksFixture {
    /// Runs the body and looks every few milliseconds who waits for a lock that a session of ours has or is before them for.
    ///
    /// - Returns: the longest wait seen of each session.
    fileprivate func longestWaits<Value: Sendable>(
        _ body: @Sendable () async throws -> Value
    ) async throws -> (Value, [Duration]) {
        let watcher = try await connect("watcher")
        return try await withThrowingTaskGroup(of: [Int: Duration].self) { group in
            group.addTask {
                var longest: [Int: Duration] = [:]
                while !Task.isCancelled {
                    let rows: Rows
                    do {
                        rows = try await watcher.query(
                            """
                            SELECT l.pid, extract(epoch FROM clock_timestamp() - l.waitstart)::float8 AS wait
                              FROM pg_locks l
                             WHERE NOT l.granted AND l.waitstart IS NOT NULL
                               AND EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid = ANY (pg_blocking_pids(l.pid))
                                              AND a.application_name = 'partition-cli')
                            """
                        )
                    } catch {
                        // The body may end at any moment, also between the look and the statement.
                        if Task.isCancelled { break }
                        throw error
                    }
                    for row in rows {
                        let pid = try row.int("pid")
                        longest[pid] = max(longest[pid] ?? .zero, .seconds(try row.double("wait")))
                    }
                    try? await Task.sleep(for: .milliseconds(3))
                }
                return longest
            }
            let value = try await body()
            group.cancelAll()
            return (value, Array(try await group.next()?.values ?? [:].values))
        }
    }
}

extension ServerLog {
    /// Milliseconds that each attempt of a run might take, where the server logs statements.
    fileprivate var attemptBudgets: [Int] {
        var budgets: [Int] = []
        var lockTimeout: Int?
        for line in lines {
            if let number = Self.number(after: "SET LOCAL lock_timeout = ", in: line) {
                lockTimeout = number
            } else if let number = Self.number(after: "SET LOCAL statement_timeout = ", in: line),
                let wait = lockTimeout
            {
                // Waits for locks that only maintenance waits for are as long as there is time, and come with twice that for their statements.
                if number != 2 * wait { budgets.append(wait) }
                lockTimeout = nil
            }
        }
        return budgets
    }

    private static func number(after words: String, in line: String) -> Int? {
        line.ranges(of: words).first.flatMap { Int(line[$0.upperBound...].prefix(while: \.isNumber)) }
    }
}
