// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A table's own name inside an expression that PostgreSQL printed for it.
///
/// A policy whose expression has a subquery is printed with its columns qualified by the table's name, so that the same policy
/// reads differently on parent and partition. For comparison and for creation the name is replaced by a token.
package enum SelfReference {
    /// Stands for the table's own name; no identifier that `quote_ident` prints looks like it.
    package static let token = "\"partition-cli: this table\""

    /// Replaces `old.` by `new.` wherever it qualifies a column: not inside string constants, not as a part of another name, and not where it
    /// is a schema: of a table after FROM, of a function, a type, a collation or an operator.
    ///
    /// - Parameters:
    ///   - old: an identifier as `quote_ident` prints it.
    ///   - new: likewise.
    ///   - sql: an expression as `pg_get_expr` prints it.
    package static func replace(_ old: String, by new: String, in sql: String) -> String {
        var clause = FromClause()
        var result = String.UnicodeScalarView()
        let tokens = SQLToken.tokens(of: sql)
        for (index, token) in tokens.enumerated() {
            let qualifiesColumn =
                token.isIdentifier && token.text.utf8.elementsEqual(old.utf8) && clause.takesExpression
                && isColumnReference(tokens, at: index)
            result.append(contentsOf: (qualifiesColumn ? new : token.text).unicodeScalars)
            clause.read(token)
        }
        return String(result)
    }

    /// Whether the identifier is the first part of `name.column` or `name.*`.
    private static func isColumnReference(_ tokens: [SQLToken], at index: Int) -> Bool {
        guard index + 2 < tokens.count, tokens[index + 1].text == ".",
            tokens[index + 2].isIdentifier || tokens[index + 2].text == "*"
        else { return false }
        if index + 3 < tokens.count, ["(", "."].contains(tokens[index + 3].text) { return false }
        guard index > 0 else { return true }
        if [".", "::"].contains(tokens[index - 1].text) { return false }
        // pg_get_expr prints keywords in capitals, and would quote a name that looks like that.
        return !tokens[..<index].suffix(2).contains { ["COLLATE", "OPERATOR"].contains($0.text) }
    }
}

/// Follows an expression far enough to know where a table's name is expected.
private struct FromClause {
    private struct Level {
        /// Inside this pair of parentheses there is a query.
        var isQuery = false
        var isInFrom = false
    }

    private var levels = [Level()]
    private var expectsTable = false
    private var previous = ""

    var takesExpression: Bool { !expectsTable }

    mutating func read(_ token: SQLToken) {
        if token.isSpace { return }
        switch token.text {
        case "(": levels.append(Level())
        case ")":
            if levels.count > 1 { levels.removeLast() }
            expectsTable = false
        case ",": expectsTable = level.isInFrom
        case "SELECT":
            levels[levels.count - 1] = Level(isQuery: true)
            expectsTable = false
        case "FROM":
            // Not EXTRACT(… FROM …), nor IS DISTINCT FROM.
            if level.isQuery && previous != "DISTINCT" {
                levels[levels.count - 1].isInFrom = true
                expectsTable = true
            }
        case "JOIN": expectsTable = true
        case "ONLY", "LATERAL": break
        case "WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR", "UNION", "INTERSECT",
            "EXCEPT":
            levels[levels.count - 1].isInFrom = false
            expectsTable = false
        default: expectsTable = false
        }
        previous = token.text
    }

    private var level: Level { levels.last ?? Level() }
}
