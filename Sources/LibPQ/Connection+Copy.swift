// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// One `COPY … FROM STDIN` and the bytes for it.
package struct CopyIn: Sendable {
    package let statement: Statement
    /// In the format that the statement names; the text format by default. See ``CopyText``.
    package let bytes: [UInt8]

    package init(_ statement: Statement, bytes: [UInt8]) {
        self.statement = statement
        self.bytes = bytes
    }
}

/// Rows in the text format of `COPY` (PostgreSQL documentation, COPY, "Text Format").
package struct CopyText: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// - Parameter row: the values in the order of the columns; nil is NULL.
    package mutating func append(_ row: [String?]) {
        for (index, value) in row.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: "\t")) }
            guard let value else {
                bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "N")])
                continue
            }
            for byte in value.utf8 {
                switch byte {
                case UInt8(ascii: "\\"): bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "\\")])
                case UInt8(ascii: "\t"): bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "t")])
                case UInt8(ascii: "\n"): bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "n")])
                case UInt8(ascii: "\r"): bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "r")])
                default: bytes.append(byte)
                }
            }
        }
        bytes.append(UInt8(ascii: "\n"))
    }
}

extension Connection {
    /// Copies all of it, or nothing, in one transaction of its own: no other task's statement comes in between.
    ///
    /// - Parameter deadline: for all of it together, from now on; nil is for ever.
    /// - Returns: how many rows each took.
    /// - Throws: ``PostgresError``; nothing was copied then, except that one of kind `connectionLost`, and a deadline or a
    ///   cancellation that left the connection closed, leave open whether everything was.
    package func copyIn(_ copies: [CopyIn], deadline: Duration? = nil) async throws(PostgresError) -> [Int] {
        try await interruptible { connection, interruption in
            connection.copyIn(copies, end: deadline.map { ContinuousClock.now + $0 }, interruption: interruption)
        }
    }

    private func copyIn(
        _ copies: [CopyIn],
        end: ContinuousClock.Instant?,
        interruption: Interruption
    ) -> Result<[Int], PostgresError> {
        guard transactionStatus == .idle else {
            let isOpen = transactionStatus != .unknown
            return .failure(
                PostgresError(
                    isOpen ? .protocolMisuse : .connectionLost,
                    isOpen ? "a transaction is already open on this connection" : "the connection is closed"
                )
            )
        }
        func left() -> Duration? { end.map { max(.zero, ContinuousClock.now.duration(to: $0)) } }
        var counts: [Int] = []
        var result = query("BEGIN", deadline: left(), interruption: interruption)
        for copy in copies {
            guard case .success = result else { break }
            result = query(copy.statement, copying: copy.bytes, deadline: left(), interruption: interruption)
            if case .success(let rows) = result { counts.append(rows.affected) }
        }
        if case .success = result { result = query("COMMIT", deadline: left(), interruption: interruption) }
        guard case .failure(let error) = result else { return .success(counts) }
        if isOpen, transactionStatus != .idle,
            case .failure = query("ROLLBACK", deadline: .seconds(10), interruption: nil)
        {
            finish()
        }
        return .failure(error)
    }
}
