// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// How ``Connection/withTransaction(_:_:)`` begins and ends a transaction. nil leaves a choice to the session's defaults.
package struct TransactionOptions: Sendable, Hashable {
    package enum Isolation: Sendable, Hashable {
        case readCommitted
        case repeatableRead
        case serializable
    }

    package var isolation: Isolation?
    package var readOnly: Bool?
    package var deferrable: Bool?
    /// For `BEGIN` and for `COMMIT` each; nil is ``ConnectionConfiguration/statementLimit``. A `COMMIT` can take long: deferred constraints, synchronous
    /// standbys. If its deadline passes and the server doesn't answer, the outcome is unknown.
    package var deadline: Duration?

    package init(
        isolation: Isolation? = nil,
        readOnly: Bool? = nil,
        deferrable: Bool? = nil,
        deadline: Duration? = nil
    ) {
        self.isolation = isolation
        self.readOnly = readOnly
        self.deferrable = deferrable
        self.deadline = deadline
    }

    var begin: Statement {
        var modes: [Statement] = []
        switch isolation {
        case .readCommitted?: modes.append(" ISOLATION LEVEL READ COMMITTED")
        case .repeatableRead?: modes.append(" ISOLATION LEVEL REPEATABLE READ")
        case .serializable?: modes.append(" ISOLATION LEVEL SERIALIZABLE")
        case nil: break
        }
        if let readOnly { modes.append(readOnly ? " READ ONLY" : " READ WRITE") }
        if let deferrable { modes.append(deferrable ? " DEFERRABLE" : " NOT DEFERRABLE") }
        return "BEGIN" + .joined(modes, separator: ",")
    }
}
