// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import TestSupport
import Testing

@Suite("A transaction", .temporaryDatabase, .timeLimit(.minutes(2)))
struct TransactionTests {
    private struct Refusal: Error, Equatable {}

    @Test("commits when its body returns, and gives the body's value")
    func commits() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        let value = try await connection.withTransaction { connection in
            _ = try await connection.query("CREATE TABLE t (i int)")
            #expect(await connection.transactionStatus == .inTransaction)
            return 7
        }
        #expect(value == 7)
        #expect(await connection.transactionStatus == .idle)
        #expect(try await connection.text("SELECT to_regclass('t')") == "t")
    }

    @Test("is rolled back when its body throws, and keeps the body's error")
    func bodyThrows() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        let error = await #expect(throws: TransactionError.self) {
            try await connection.withTransaction { connection in
                _ = try await connection.query("CREATE TABLE t (i int)")
                throw Refusal()
            }
        }
        #expect(error?.body as? Refusal == Refusal())
        #expect(error?.rollback == nil && error?.begin == nil && error?.commit == nil)
        #expect(error?.outcome == .rolledBack)
        #expect(await connection.transactionStatus == .idle)
        #expect(try await connection.text("SELECT to_regclass('t')") == nil)
    }

    @Test("begins with the options it was given")
    func options() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        let options = TransactionOptions(isolation: .serializable, readOnly: true, deferrable: true)
        let settings = try await connection.withTransaction(options) { connection in
            try await connection.text(
                """
                SELECT concat_ws(' ', current_setting('transaction_isolation'), current_setting('transaction_read_only'),
                    current_setting('transaction_deferrable'))
                """
            )
        }
        #expect(settings == "serializable on on")
    }

    @Test("is matched by the SQLSTATE of its cause")
    func sqlState() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        let error = await #expect(throws: TransactionError.self) {
            try await connection.withTransaction { try await $0.query("TABLE missing") }
        }
        let thrown = try #require(error)
        #expect(SQLState.undefinedTable ~= thrown)
        #expect(!thrown.isTransient)
    }

    @Test("does not begin inside another one")
    func nested() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        try await connection.withTransaction { connection in
            let error = await #expect(throws: TransactionError.self) {
                try await connection.withTransaction { _ in }
            }
            #expect(error?.outcome == .neverBegan)
            #expect((error?.begin as? PostgresError)?.kind == .protocolMisuse)
            #expect(await connection.transactionStatus == .inTransaction)
        }
    }

    @Test("whose COMMIT finds a violated constraint is known to be rolled back")
    func deferredConstraint() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        _ = try await connection.query("CREATE TABLE t (i int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
        let error = await #expect(throws: TransactionError.self) {
            try await connection.withTransaction { try await $0.query("INSERT INTO t VALUES (1), (1)") }
        }
        #expect(error?.outcome == .rolledBack)
        #expect((error?.commit as? PostgresError)?.sqlState == .uniqueViolation)
        #expect(await connection.transactionStatus == .idle)
    }

    @Test("whose body swallows an error is reported as rolled back, though COMMIT succeeds")
    func swallowedError() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        let error = await #expect(throws: TransactionError.self) {
            try await connection.withTransaction { connection in
                _ = try? await connection.query("TABLE missing")
            }
        }
        #expect(error?.outcome == .rolledBack)
        #expect(error?.sqlState == .inFailedTransaction)
    }

    @Test("whose body commits by itself is reported")
    func bodyCommits() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        let error = await #expect(throws: TransactionError.self) {
            try await connection.withTransaction { try await $0.query("COMMIT") }
        }
        #expect((error?.commit as? PostgresError)?.kind == .protocolMisuse)
        #expect(error?.outcome == .unknown)
    }

    @Test("is rolled back when its task is cancelled in the body, and the rollback is not cancelled")
    func cancelledBody() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        let observer = try await TemporaryDatabase.current.connect()
        let pid = connection.backendPID
        let task = Task {
            try await connection.withTransaction { connection in
                _ = try await connection.query("CREATE TABLE t (i int)")
                _ = try await connection.query("SELECT pg_sleep(600)")
            }
        }
        try await observer.waitUntilActive(pid, waitEvent: "PgSleep")
        task.cancel()
        let error = await #expect(throws: TransactionError.self) { try await task.value }
        #expect((error?.body as? PostgresError)?.kind == .cancelled)
        #expect(error?.rollback == nil)
        #expect(error?.outcome == .rolledBack)
        #expect(await connection.transactionStatus == .idle)
        #expect(try await connection.text("SELECT to_regclass('t')") == nil)
    }

    @Test("is rolled back, not committed, when its task is cancelled before COMMIT")
    func cancelledBeforeCommit() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        let task = Task {
            try await connection.withTransaction { connection in
                _ = try await connection.query("CREATE TABLE t (i int)")
                withUnsafeCurrentTask { $0?.cancel() }
            }
        }
        let error = await #expect(throws: TransactionError.self) { try await task.value }
        #expect((error?.commit as? PostgresError)?.kind == .cancelled)
        #expect(error?.outcome == .rolledBack)
        #expect(try await connection.text("SELECT to_regclass('t')") == nil)
    }

    @Test("is rolled back when its task is cancelled while COMMIT checks constraints")
    func cancelledCommit() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        let observer = try await TemporaryDatabase.current.connect()
        try await connection.makeSlowCommitTable()
        let pid = connection.backendPID
        let task = Task {
            try await connection.withTransaction { try await $0.query("INSERT INTO slow VALUES (1)") }
        }
        try await observer.waitUntilActive(pid, waitEvent: "PgSleep")
        task.cancel()
        let error = await #expect(throws: TransactionError.self) { try await task.value }
        #expect((error?.commit as? PostgresError)?.kind == .cancelled)
        #expect(error?.outcome == .rolledBack)
        #expect(try await connection.text("SELECT count(*) FROM slow") == "0")
    }

    @Test("whose session is ended while COMMIT runs has an unknown outcome")
    func terminatedCommit() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        let observer = try await TemporaryDatabase.current.connect()
        try await connection.makeSlowCommitTable()
        let pid = connection.backendPID
        let task = Task {
            try await connection.withTransaction { try await $0.query("INSERT INTO slow VALUES (1)") }
        }
        try await observer.waitUntilActive(pid, waitEvent: "PgSleep")
        _ = try await observer.query("SELECT pg_terminate_backend(\(bind: Int(pid)))")
        let error = await #expect(throws: TransactionError.self) { try await task.value }
        #expect((error?.commit as? PostgresError)?.kind == .connectionLost)
        #expect(error?.sqlState == .adminShutdown)
        #expect(error?.outcome == .unknown)
        #expect(error?.isTransient == false)
    }
}

extension Connection {
    /// A table whose inserts make COMMIT take ten minutes.
    func makeSlowCommitTable() async throws {
        _ = try await script([
            "CREATE TABLE slow (i int)",
            """
            CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_sleep(600); RETURN NULL; END $$
            """,
            """
            CREATE CONSTRAINT TRIGGER dawdle AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION dawdle()
            """,
        ])
    }
}
