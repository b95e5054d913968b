// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import TestSupport
import Testing

@Suite("Many waiting connections", .temporaryDatabase, .timeLimit(.minutes(1)))
struct ConcurrencyTests {
    private actor Log {
        private(set) var entries: [String] = []
        func append(_ entry: String) { entries.append(entry) }
    }

    @Test("leave the process's other tasks running")
    func ticker() async throws {
        let count = 40
        let database = try TemporaryDatabase.current
        let holder = try await database.connect()
        _ = try await holder.query("SELECT pg_advisory_lock(1)")
        let log = Log()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<count {
                group.addTask {
                    let connection = try await database.connect(applicationName: "waiter")
                    _ = try await connection.query("SELECT pg_advisory_lock_shared(1)")
                    await log.append("waiter")
                }
            }
            try await eventually("all connections wait") {
                let rows = try await holder.query(
                    """
                    SELECT FROM pg_stat_activity WHERE application_name = 'waiter' AND datname = current_database()
                    AND wait_event = 'advisory'
                    """
                )
                return rows.count == count
            }
            // Would never end if the waiting connections held the threads that tasks run on.
            for tick in 1...200 {
                await Task.detached { try? await Task.sleep(for: .microseconds(100)) }.value
                await log.append("tick \(tick)")
            }
            _ = try await holder.query("SELECT pg_advisory_unlock(1)")
            try await group.waitForAll()
        }
        let entries = await log.entries
        #expect(entries.prefix(200) == (1...200).map { "tick \($0)" }[...])
        #expect(entries.dropFirst(200) == Array(repeating: "waiter", count: count)[...])
    }

    @Test("of one connection get their statements run one after the other, each with its own answer")
    func oneConnection() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        let answers = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
            for number in 0..<100 {
                group.addTask {
                    (number, try await connection.query("SELECT \(bind: number)::int AS n")[0].int("n"))
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.count == 100)
        #expect(answers.allSatisfy { $0 == $1 })
    }
}
