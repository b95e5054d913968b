// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import LocalPostgres
import TestSupport
import Testing

@Suite("A connection", .temporaryDatabase)
struct ConnectionTests {
    @Test("gives rows by column name, NULL apart from the empty string")
    func rows() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        let rows = try await connection.query(
            """
            SELECT i, 'row ' || i AS name, CASE WHEN i = 2 THEN NULL ELSE '' END AS note,
                   i = 1 AS first, i / 2.0 AS half, i::bigint << 40 AS big
            FROM generate_series(1, \(bind: 3)::int) AS i
            """
        )
        #expect(rows.count == 3)
        #expect(rows.columns == ["i", "name", "note", "first", "half", "big"])
        #expect(rows.commandTag == "SELECT 3")
        #expect(try rows.map { try $0.int("i") } == [1, 2, 3])
        #expect(try rows[1].string("name") == "row 2")
        #expect(try rows[0].optionalString("note") == "")
        #expect(try rows[1].optionalString("note") == nil)
        #expect(try rows[0].bool("first"))
        #expect(try !rows[1].bool("first"))
        #expect(try rows[2].double("half") == 1.5)
        #expect(try rows[2].int64("big") == 3 << 40)
        #expect(rows[0]["name"]?.text == "row 1")
        #expect(rows[0]["nobody"] == nil)
    }

    @Test("says which column is missing, ambiguous, NULL or of another form")
    func decodingErrors() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        let row = try await connection.query("SELECT NULL AS nothing, 'x' AS text, 1 AS twice, 2 AS twice")[0]
        for (column, part) in [
            ("missing", "no column"), ("twice", "two columns"), ("nothing", "NULL"), ("text", "integer"),
        ] {
            let error = #expect(throws: PostgresError.self) { try row.int(column) }
            #expect(error?.kind == .decoding)
            #expect(error?.message.contains(part) == true)
            #expect(error?.message.contains(column) == true)
        }
    }

    @Test("knows the server, its settings and its own session")
    func facts() async throws {
        let database = try TemporaryDatabase.current
        let connection = try await database.connect(applicationName: "facts")
        #expect(connection.serverVersion / 10_000 == database.cluster.installation.majorVersion)
        #expect(await connection.parameter("client_encoding") == "UTF8")
        #expect(await connection.parameter("no such parameter") == nil)
        let pid = connection.backendPID
        #expect(try await connection.text("SELECT pg_backend_pid()") == "\(pid)")
        #expect(try await connection.text("SHOW application_name") == "facts")
        #expect(await connection.transactionStatus == .idle)
    }

    @Test("counts affected rows")
    func affected() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        let created = try await connection.query("CREATE TABLE t AS SELECT generate_series(1, 7) AS i")
        #expect(created.affected == 7)
        #expect(try await connection.query("DELETE FROM t WHERE i > 4").affected == 3)
        #expect(try await connection.query("DROP TABLE t").affected == 0)
    }

    @Test("reports the server's error with its fields and goes on")
    func serverError() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        _ = try await connection.query("CREATE TABLE t (i int CONSTRAINT positive CHECK (i > 0))")
        do {
            _ = try await connection.query("INSERT INTO t VALUES (\(bind: -4242)::int)")
            Issue.record("the check did not hold")
        } catch SQLState.checkViolation {
            // Caught by its SQLSTATE alone.
        } catch {
            Issue.record(error)
        }
        let error = await #expect(throws: PostgresError.self) {
            try await connection.query("INSERT INTO t VALUES (-4242)")
        }
        #expect(error?.kind == .server)
        #expect(error?.schema == "public")
        #expect(error?.table == "t")
        #expect(error?.constraint == "positive")
        #expect(error?.isTransient == false)
        #expect(error?.description.contains("INSERT INTO") == false)
        #expect(error?.debugDescription.contains("INSERT INTO t VALUES (-4242)") == true)
        #expect(try await connection.text("SELECT 'still here'") == "still here")
    }

    @Test("keeps notices for whoever asks")
    func notices() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        _ = try await connection.query(
            "DO $$ BEGIN RAISE WARNING 'mind the gap' USING ERRCODE = '01234', HINT = 'jump'; END $$"
        )
        let notices = await connection.takeNotices()
        #expect(notices.map(\.message) == ["mind the gap"])
        #expect(notices.first?.severity == "WARNING")
        #expect(notices.first?.sqlState?.rawValue == "01234")
        #expect(notices.first?.hint == "jump")
        #expect(await connection.takeNotices().isEmpty)
    }

    @Test("keeps the newest notices of a server that doesn't stop")
    func manyNotices() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        _ = try await connection.query(
            "DO $$ BEGIN FOR i IN 1..5000 LOOP RAISE NOTICE '%', i; END LOOP; END $$"
        )
        let notices = await connection.takeNotices()
        #expect(notices.count == 1_000)
        #expect(notices.last?.message == "5000")
    }

    @Test("refuses statements after it was closed, and may be closed twice")
    func closed() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        await connection.close()
        await connection.close()
        #expect(await !connection.isOpen)
        #expect(await connection.transactionStatus == .unknown)
        let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1") }
        #expect(error?.kind == .connectionLost)
    }

    @Test("ends its session when the last reference goes away")
    func deinitCloses() async throws {
        let observer = try await TemporaryDatabase.current.connect()
        let pid = try await abandonedSession()
        try await eventually("the session ends") {
            try await observer.query("SELECT FROM pg_stat_activity WHERE pid = \(bind: Int(pid))").isEmpty
        }
    }

    private func abandonedSession() async throws -> Int32 {
        let connection = try await TemporaryDatabase.current.connect()
        return connection.backendPID
    }

    @Test("refuses COPY to the client instead of waiting for ever")
    func copy() async throws {
        let connection = try await TemporaryDatabase.current.connect()
        let error = await #expect(throws: PostgresError.self) {
            try await connection.query("COPY (SELECT 1) TO STDOUT")
        }
        #expect(error?.kind == .protocolMisuse)
        #expect(await !connection.isOpen)
    }
}
