// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Several statements as one simple-protocol message, and the way back from an error to the statement.
struct ScriptMessage {
    let sql: String
    /// For each statement the number of Unicode scalars before it.
    private let starts: [Int]

    init(_ statements: [Statement]) throws(PostgresError) {
        var sql = ""
        var starts: [Int] = []
        var length = 0
        for (index, statement) in statements.enumerated() {
            var misuse = statement.problem
            if !statement.binds.isEmpty { misuse = "a multi-statement message can't have binds" }
            if let misuse {
                var error = PostgresError(.protocolMisuse, misuse)
                error.failedStatement = index
                throw error
            }
            starts.append(length)
            // The line break ends a comment at the end of the statement, which would swallow the semicolon.
            let text = statement.sql + "\n;\n"
            sql += text
            length += text.unicodeScalars.count
        }
        self.sql = sql
        self.starts = starts
    }

    /// - Parameters:
    ///   - position: where the server says the error is, from 1. A syntax error is found before anything runs, so
    ///     counting results would blame the first statement.
    ///   - finished: how many statements succeeded.
    func statement(at position: Int?, finished: Int) -> Int? {
        guard !starts.isEmpty else { return nil }
        if let position, let index = starts.lastIndex(where: { $0 < position }) { return index }
        return min(finished, starts.count - 1)
    }
}
