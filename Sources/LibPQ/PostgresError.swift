// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Anything that went wrong while talking to PostgreSQL.
///
/// `description` is safe for logs: it has the server's primary message, detail and hint, never the SQL text,
/// never a connection string. `debugDescription` adds the SQL (without the values of binds).
package struct PostgresError: Error, Sendable {
    /// Who found the problem.
    package enum Kind: Sendable, Hashable {
        /// The server refused a statement; the connection goes on.
        case server
        /// No connection could be made; `sqlState` is set when it was the server that said no.
        case connectionRefused
        /// The connection broke or is closed. What the last statement did is not known.
        case connectionLost
        /// The client-side deadline passed. With an `sqlState` (57014) the server stopped the statement and the
        /// connection goes on; without one the server did not answer and the connection is closed.
        case deadlineExceeded
        /// The task was cancelled. As for `deadlineExceeded`, `sqlState` tells whether the server confirmed it;
        /// it is nil, with the connection open, too when the statement was not sent at all.
        case cancelled
        /// The caller asked for something that can't be sent, or sent the wrong thing.
        case protocolMisuse
        /// The server's answer is not what the caller said it would be.
        case decoding
    }

    package internal(set) var kind: Kind
    /// The server's code; nil when the problem was found on this side.
    package internal(set) var sqlState: SQLState?
    /// The primary message: one line, no password, no SQL.
    package internal(set) var message: String
    package internal(set) var detail: String?
    package internal(set) var hint: String?
    /// Where in the server it happened (PL/pgSQL call stack, `COPY` line…).
    package internal(set) var context: String?
    /// The object the error is about, where the server names it.
    package internal(set) var schema: String?
    package internal(set) var table: String?
    package internal(set) var column: String?
    package internal(set) var constraint: String?
    /// The SQL that was sent, with `$1` for binds. Only `debugDescription` shows it.
    package internal(set) var statement: String?
    /// For ``Connection/script(_:deadline:)``: the index of the statement that failed.
    package internal(set) var failedStatement: Int?

    package init(_ kind: Kind, _ message: String, sqlState: SQLState? = nil, hint: String? = nil) {
        self.kind = kind
        self.message = message
        self.sqlState = sqlState
        self.hint = hint
    }

    /// Whether trying again unchanged, on a new connection if this one is closed, may well succeed.
    ///
    /// True for ``SQLState/isTransient`` codes and for a lost connection. A lost connection leaves open whether the
    /// statement took effect, so a retry has to look first. False for a connection that could not be made at all
    /// (a wrong host looks the same) unless the server gave a transient code, and for deadlines.
    package var isTransient: Bool {
        kind == .connectionLost || sqlState?.isTransient == true
    }
}

extension PostgresError: CustomStringConvertible, CustomDebugStringConvertible {
    package var description: String {
        var text = message
        if let sqlState { text += " (SQLSTATE \(sqlState))" }
        if let detail { text += "; detail: \(detail)" }
        if let hint { text += "; hint: \(hint)" }
        return text
    }

    package var debugDescription: String {
        var text = "\(kind): \(description)"
        if let failedStatement { text += "; statement #\(failedStatement)" }
        if let context { text += "; context: \(context)" }
        if let statement { text += "; SQL: \(statement)" }
        return text
    }
}
