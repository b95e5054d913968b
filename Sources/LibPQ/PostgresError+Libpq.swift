// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import CLibPQ

extension PostgresError {
    /// The error of a statement.
    init(_ kind: Kind, result: OpaquePointer) {
        func field(_ code: CInt) -> String? {
            PQresultErrorField(result, code).map { String(cString: $0) }
        }
        // Without a primary message it is libpq's own, for example about a lost connection.
        let message = field(CLibPQ_diagMessage) ?? Self.oneLine(String(cString: PQresultErrorMessage(result)))
        self.init(kind, message.isEmpty ? "the server gave no reason" : message)
        sqlState = field(CLibPQ_diagSQLState).map(SQLState.init(rawValue:))
        detail = field(CLibPQ_diagDetail)
        hint = field(CLibPQ_diagHint)
        context = field(CLibPQ_diagContext)
        schema = field(CLibPQ_diagSchema)
        table = field(CLibPQ_diagTable)
        column = field(CLibPQ_diagColumn)
        constraint = field(CLibPQ_diagConstraint)
    }

    /// The error of a connection that could not be made, with verbose messages on.
    init(connecting handle: OpaquePointer) {
        self.init(connectingMessage: String(cString: PQerrorMessage(handle)))
    }

    /// `connection to server … failed: FATAL:  28P01: password authentication failed…` and, on a line of its own,
    /// `LOCATION:  auth_failed, auth.c:331`. The severity is localised, the shape is not.
    init(connectingMessage text: String) {
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("LOCATION:  ") }
        var message = lines.map { $0.drop(while: \.isWhitespace) }.joined(separator: " ")
        let code = Self.codeRange(in: message)
        let sqlState = code.map { SQLState(rawValue: String(message[$0])) }
        if let code {
            // "FATAL:  28P01: text" becomes "FATAL: text".
            message.removeSubrange(message.index(code.lowerBound, offsetBy: -1)..<message.index(after: code.upperBound))
        }
        self.init(
            .connectionRefused,
            message.isEmpty ? "the connection could not be made, and libpq gives no reason" : message,
            sqlState: sqlState
        )
    }

    /// Where the first `:  XXXXX: ` has its five capitals and digits.
    private static func codeRange(in message: String) -> Range<String.Index>? {
        let bytes = Array(message.utf8)
        let isCode = { (byte: UInt8) in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
        }
        for start in bytes.indices.dropLast(9)
        where bytes[start..<start + 3].elementsEqual(":  ".utf8)
            && bytes[start + 8..<start + 10].elementsEqual(": ".utf8)
            && bytes[start + 3..<start + 8].allSatisfy(isCode)
        {
            let lower = message.utf8.index(message.startIndex, offsetBy: start + 3)
            return lower..<message.utf8.index(lower, offsetBy: 5)
        }
        return nil
    }

    static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).map { $0.drop(while: \.isWhitespace) }.joined(separator: " ")
    }
}

extension Notice {
    init(result: OpaquePointer) {
        func field(_ code: CInt) -> String? {
            PQresultErrorField(result, code).map { String(cString: $0) }
        }
        severity = field(CLibPQ_diagSeverity) ?? "NOTICE"
        sqlState = field(CLibPQ_diagSQLState).map(SQLState.init(rawValue:))
        message = field(CLibPQ_diagMessage) ?? ""
        detail = field(CLibPQ_diagDetail)
        hint = field(CLibPQ_diagHint)
    }
}
