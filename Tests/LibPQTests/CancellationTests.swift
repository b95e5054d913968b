// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import TestSupport
import Testing

@Suite("Cancelling a task", .temporaryDatabase, .timeLimit(.minutes(2)))
struct CancellationTests {
    @Test("ends its statement on the server, and the connection goes on")
    func endsStatement() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        let observer = try await TemporaryDatabase.current.connect()
        let pid = connection.backendPID
        let task = Task { try await connection.query("SELECT pg_sleep(600)") }
        try await observer.waitUntilActive(pid, waitEvent: "PgSleep")
        task.cancel()
        let error = await #expect(throws: PostgresError.self) { try await task.value }
        #expect(error?.kind == .cancelled)
        #expect(error?.sqlState == .queryCanceled)
        #expect(try await connection.text("SELECT 'still here'") == "still here")
    }

    @Test("before the statement begins sends nothing")
    func beforehand() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await connection.query("CREATE TABLE made (i int)")
        }
        let error = await #expect(throws: PostgresError.self) { try await task.value }
        #expect(error?.kind == .cancelled)
        #expect(error?.sqlState == nil)
        #expect(await connection.isOpen)
        #expect(try await connection.text("SELECT to_regclass('made')") == nil)
    }

    @Test("never hits the next statement, however the race with the statement's end goes")
    func innocentNextStatement() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        var cancelled = 0
        var finished = 0
        for round in 0..<400 {
            // Every tenth can only end by being cancelled; the others end at about the time they are cancelled.
            let seconds = round.isMultiple(of: 10) ? "600" : "0.002"
            let guilty = Task { try await connection.query("SELECT pg_sleep(\(bind: seconds)::float8)") }
            try await Task.sleep(for: .microseconds(round * 13 % 4_000))
            guilty.cancel()
            // Queued while the guilty one may still be running, so it starts as soon as that ends.
            let innocent = try await connection.query("SELECT \(bind: round)::int AS round, pg_sleep(0.001)")
            #expect(try innocent[0].int("round") == round)
            do {
                _ = try await guilty.value
                finished += 1
            } catch {
                #expect((error as? PostgresError)?.kind == .cancelled)
                cancelled += 1
            }
        }
        #expect(cancelled + finished == 400)
        #expect(cancelled >= 40)
        #expect(await connection.isOpen)
    }

    @Test("while its statement waits for another task's does not touch that one")
    func queuedStatement() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        let holder = try await TemporaryDatabase.current.connect()
        let pid = connection.backendPID
        _ = try await holder.query("SELECT pg_advisory_lock(1)")
        let first = Task { try await connection.query("SELECT pg_advisory_lock(1), 'first' AS who") }
        try await holder.waitUntilActive(pid, waitEvent: "advisory")
        let second = Task { try await connection.query("SELECT 'second' AS who") }
        second.cancel()
        for _ in 0..<100 { _ = try await holder.query("SELECT 1") }
        _ = try await holder.query("SELECT pg_advisory_unlock(1)")
        #expect(try await first.value[0].string("who") == "first")
        let error = await #expect(throws: PostgresError.self) { try await second.value }
        #expect(error?.kind == .cancelled)
        #expect(error?.sqlState == nil)
    }

    @Test("ends a statement that is still sending rows")
    func largeResult() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        let observer = try await TemporaryDatabase.current.connect()
        let pid = connection.backendPID
        let task = Task {
            try await connection.query("SELECT repeat('x', 1000) FROM generate_series(1, 100000000)")
        }
        try await observer.waitUntilActive(pid)
        task.cancel()
        let error = await #expect(throws: PostgresError.self) { try await task.value }
        #expect(error?.kind == .cancelled)
        #expect(try await connection.text("SELECT 'still here'") == "still here")
    }

    @Test("ends a multi-statement message, and its earlier statements are rolled back")
    func script() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        let observer = try await TemporaryDatabase.current.connect()
        let pid = connection.backendPID
        let task = Task { try await connection.script(["CREATE TABLE made (i int)", "SELECT pg_sleep(600)"]) }
        try await observer.waitUntilActive(pid, waitEvent: "PgSleep")
        task.cancel()
        let error = await #expect(throws: PostgresError.self) { try await task.value }
        #expect(error?.kind == .cancelled)
        #expect(error?.failedStatement == 1)
        #expect(try await connection.text("SELECT to_regclass('made')") == nil)
    }
}

@Suite("A client-side deadline", .temporaryDatabase, .timeLimit(.minutes(2)))
struct DeadlineTests {
    @Test("ends the statement, and the connection goes on")
    func endsStatement() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        let error = await #expect(throws: PostgresError.self) {
            try await connection.query("SELECT pg_sleep(600)", deadline: .milliseconds(50))
        }
        #expect(error?.kind == .deadlineExceeded)
        #expect(error?.sqlState == .queryCanceled)
        #expect(try await connection.text("SELECT 'still here'") == "still here")
    }

    @Test("of the connection holds for statements that have none of their own, and is not what others wait for")
    func standing() async throws {
        var configuration = try TemporaryDatabase.current.configuration()
        configuration.statementLimit = .milliseconds(50)
        let connection = try await Connection.open(configuration, logger: .test)
        let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT pg_sleep(600)") }
        #expect(error?.kind == .deadlineExceeded)
        let script = await #expect(throws: PostgresError.self) { try await connection.script(["SELECT pg_sleep(600)"]) }
        #expect(script?.kind == .deadlineExceeded)
        _ = try await connection.query("SELECT pg_sleep(0.2)", deadline: .seconds(60))
    }

    @Test("of all waiting ends statements and attempts to connect, whatever they may have themselves")
    func lastMoment() async throws {
        var configuration = try TemporaryDatabase.current.configuration()
        let end = ContinuousClock.now + .seconds(8)
        configuration.waitsUntil = end
        let connection = try await Connection.open(configuration, logger: .test)
        let error = await #expect(throws: PostgresError.self) {
            try await connection.query("SELECT pg_sleep(600)", deadline: .seconds(600))
        }
        #expect(error?.kind == .deadlineExceeded)
        #expect(ContinuousClock.now >= end)
        let silent = try SilentListener()
        var late = try ConnectionConfiguration("postgresql://u@127.0.0.1:\(silent.port)/d?connect_timeout=600")
        late.waitsUntil = .now
        let unanswered = await #expect(throws: PostgresError.self) { try await Connection.open(late, logger: .test) }
        #expect(unanswered?.kind == .deadlineExceeded)
    }

    @Test("that has passed already still ends the statement")
    func alreadyPassed() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        // The request may reach the server before the statement does; it is repeated until it works.
        for _ in 0..<50 {
            let error = await #expect(throws: PostgresError.self) {
                try await connection.query("SELECT pg_sleep(600)", deadline: .zero)
            }
            #expect(error?.kind == .deadlineExceeded)
            #expect(error?.sqlState == .queryCanceled)
        }
        #expect(try await connection.text("SELECT 'still here'") == "still here")
    }

    @Test("doesn't disturb a statement that keeps it, nor hide the server's own errors")
    func kept() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        #expect(try await connection.query("SELECT 1", deadline: .seconds(60)).count == 1)
        let division = await #expect(throws: PostgresError.self) {
            try await connection.query("SELECT 1 / 0", deadline: .seconds(60))
        }
        #expect(division?.kind == .server)
        _ = try await connection.query("SET statement_timeout = '20ms'")
        let timeout = await #expect(throws: PostgresError.self) {
            try await connection.query("SELECT pg_sleep(600)", deadline: .seconds(60))
        }
        #expect(timeout?.kind == .server)
        #expect(timeout?.sqlState == .queryCanceled)
    }
}
