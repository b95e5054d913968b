// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Why a command ended early: what happened, to what, why, and what to do next. No secret, no SQL, no stack trace.
struct CommandFailure: Error, Hashable {
    var status: ExitStatus
    /// One sentence without a full stop.
    var message: String
    var remedy: String?
    /// As PostgreSQL gave it.
    var sqlState: String?

    init(_ status: ExitStatus, _ message: String, remedy: String? = nil, sqlState: String? = nil) {
        self.status = status
        self.message = message
        self.remedy = remedy
        self.sqlState = sqlState
    }

    /// For standard error.
    var text: String {
        let code = sqlState.map { " (SQLSTATE \($0))" } ?? ""
        let next = remedy.map { "\n  to do: \($0)" } ?? ""
        return Page.plain("error: \(message)\(code)") + next
    }
}
