// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension Statement.StringInterpolation {
    /// Another statement as a string constant, as `DO`, `EXECUTE` and `to_regclass` take it. It must have no binds.
    ///
    /// What makes the inner statement unfit to be sent makes the outer one so too.
    package mutating func appendInterpolation(quoted inner: Statement) {
        appendInterpolation(literal: inner.sql)
        if let problem = inner.problem { statement.refuse(problem) }
        if !inner.binds.isEmpty { statement.refuse("a statement with parameters can't be quoted inside another") }
    }
}
