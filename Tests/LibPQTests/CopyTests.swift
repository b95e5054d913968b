// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import TestSupport
import Testing

@Suite("COPY from the client", .temporaryDatabase)
struct CopyTests {
    private static func connect() async throws -> Connection {
        let connection = try await TemporaryDatabase.current.connect()
        _ = try await connection.query("CREATE TABLE t (i int, note text)")
        return connection
    }

    private static func text(_ rows: [[String?]]) -> [UInt8] {
        var text = CopyText()
        for row in rows { text.append(row) }
        return text.bytes
    }

    @Test("brings every text as it is, NULL apart from the empty string")
    func texts() async throws {
        let connection = try await Self.connect()
        let notes: [String?] = [
            nil, "", "\\N", "\\.", "a\tb", "a\nb", "a\r\nb", "back\\slash", "\\t", "Grüße 🐘", " ", "\u{8}\u{c}\u{b}",
        ]
        let rows = notes.enumerated().map { [String($0), $1] }
        #expect(try await connection.copyIn([CopyIn("COPY t FROM STDIN", bytes: Self.text(rows))]) == [notes.count])
        let found = try await connection.query("SELECT note FROM t ORDER BY i")
        #expect(try found.map { try $0.optionalString("note") } == notes)
    }

    @Test("takes more than any buffer holds, and less than a row")
    func sizes() async throws {
        let connection = try await Self.connect()
        let long = String(repeating: "x", count: 1000)
        let rows: [[String?]] = (0..<20_000).map { [String($0), long] }
        let counts = try await connection.copyIn([
            CopyIn("COPY t FROM STDIN", bytes: Self.text(rows)), CopyIn("COPY t FROM STDIN", bytes: []),
        ])
        #expect(counts == [20_000, 0])
        #expect(try await connection.text("SELECT sum(length(note))::text FROM t") == "20000000")
    }

    @Test("is all or nothing, says where it failed, and leaves the connection ready")
    func failure() async throws {
        let connection = try await Self.connect()
        let error = await #expect(throws: PostgresError.self) {
            try await connection.copyIn([
                CopyIn("COPY t FROM STDIN", bytes: Self.text([["1", "kept?"]])),
                CopyIn("COPY t FROM STDIN", bytes: Self.text([["2", "good"], ["three", "bad"]])),
            ])
        }
        #expect(error?.sqlState?.rawValue == "22P02")
        #expect(error?.context?.contains("line 2") == true)
        #expect(await connection.transactionStatus == .idle)
        #expect(try await connection.text("SELECT count(*)::text FROM t") == "0")
        #expect(try await connection.copyIn([CopyIn("COPY t FROM STDIN", bytes: Self.text([["1", nil]]))]) == [1])
    }

    @Test("ends with its task, or at its deadline, while it waits for a lock; nothing is copied")
    func bounded() async throws {
        let connection = try await Self.connect()
        let other = try await TemporaryDatabase.current.connect()
        _ = try await other.script(["BEGIN", "LOCK TABLE t"])
        let copy = CopyIn("COPY t FROM STDIN", bytes: Self.text([["1", nil]]))
        let late = await #expect(throws: PostgresError.self) {
            try await connection.copyIn([copy], deadline: .milliseconds(100))
        }
        #expect(late?.kind == .deadlineExceeded)
        let task = Task { try await connection.copyIn([copy]) }
        try await eventually("the copy waits") {
            try await other.text(
                "SELECT count(*)::text FROM pg_locks WHERE NOT granted AND pid = \(bind: Int(connection.backendPID))"
            ) == "1"
        }
        task.cancel()
        let cancelled = await #expect(throws: PostgresError.self) { try await task.value }
        #expect(cancelled?.kind == .cancelled)
        _ = try await other.query("ROLLBACK")
        #expect(try await connection.text("SELECT count(*)::text FROM t") == "0")
    }

    @Test("is refused where none is expected, and where a transaction is open")
    func misuse() async throws {
        let connection = try await Self.connect()
        _ = try await connection.query("BEGIN")
        let open = await #expect(throws: PostgresError.self) { try await connection.copyIn([]) }
        #expect(open?.kind == .protocolMisuse)
        _ = try await connection.query("ROLLBACK")
        let unexpected = await #expect(throws: PostgresError.self) { try await connection.query("COPY t FROM STDIN") }
        #expect(unexpected?.kind == .protocolMisuse)
        #expect(await !connection.isOpen)
    }
}
