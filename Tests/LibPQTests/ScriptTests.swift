// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import TestSupport
import Testing

@Suite("A multi-statement message", .temporaryDatabase)
struct ScriptTests {
    @Test("gives the result of each statement")
    func results() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        let results = try await connection.script([
            "CREATE TABLE t (i int)", "INSERT INTO t VALUES (1), (2) -- a comment, with a semicolon;", "TABLE t",
        ])
        #expect(results.map(\.commandTag) == ["CREATE TABLE", "INSERT 0 2", "SELECT 2"])
        #expect(try results[2].map { try $0.int("i") } == [1, 2])
    }

    @Test("is one transaction, and the error tells which statement failed")
    func implicitTransaction() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        let error = await #expect(throws: PostgresError.self) {
            try await connection.script(["CREATE TABLE t (i int)", "SELECT 1", "SELECT 1 / (SELECT 0)", "SELECT 2"])
        }
        #expect(error?.failedStatement == 2)
        #expect(error?.sqlState == .divisionByZero)
        #expect(await connection.transactionStatus == .idle)
        #expect(try await connection.text("SELECT to_regclass('t')") == nil)
    }

    @Test("with a syntax error blames the right statement although nothing ran")
    func syntaxError() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        let error = await #expect(throws: PostgresError.self) {
            try await connection.script(["SELECT 'Ünïcödé 🐘'", "SELECT '🐘🐘🐘'", "SELEKT 1", "SELECT 2"])
        }
        #expect(error?.sqlState == .syntaxError)
        #expect(error?.failedStatement == 2)
        let name = await #expect(throws: PostgresError.self) {
            try await connection.script(["SELECT '🐘'", "SELECT 1", "SELECT nobody"])
        }
        #expect(name?.failedStatement == 2)
    }

    @Test("that fails after its own BEGIN leaves a failed transaction to the caller")
    func explicitTransaction() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        let error = await #expect(throws: PostgresError.self) {
            try await connection.script(["BEGIN", "SELECT 1 / (SELECT 0)", "COMMIT"])
        }
        #expect(error?.failedStatement == 1)
        #expect(await connection.transactionStatus == .failed)
        _ = try await connection.query("ROLLBACK")
        #expect(await connection.transactionStatus == .idle)
    }

    @Test("can't have binds")
    func binds() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        let error = await #expect(throws: PostgresError.self) {
            try await connection.script(["SELECT 1", "SELECT \(bind: 1)"])
        }
        #expect(error?.kind == .protocolMisuse)
        #expect(error?.failedStatement == 1)
    }

    @Test("of no statements does nothing")
    func empty() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        #expect(try await connection.script([]).isEmpty)
    }
}
