// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A piece of SQL that can't be put together wrongly by accident.
///
/// There is no plain `\(value)`: an interpolation says what the value *is*, and is quoted or bound accordingly.
/// This is the only place of the package where SQL is quoted.
///
/// ```swift
/// let statement: Statement = """
///     SELECT \(identifier: column) FROM \(qualified: schema, table) WHERE id = \(bind: id)
///     """
/// ```
///
/// What can't be sent safely (a NUL character, an identifier that the server would cut) does not trap: it is
/// remembered in ``problem``, and ``Connection`` refuses to send it.
package struct Statement: Sendable, Hashable {
    enum Piece: Sendable, Hashable {
        case text(String)
        case bind(String?)
    }

    private(set) var pieces: [Piece] = []
    /// Why this statement must not be sent; nil when nothing is wrong with it. The first problem wins.
    package private(set) var problem: String?

    init() {}

    /// SQL text that the server itself produced as SQL: the output of `pg_get_expr`, `pg_get_constraintdef`,
    /// `pg_get_indexdef`, `quote_ident`…
    ///
    /// - Parameter why: the function that made it. It documents the call site and is not sent.
    package init(trustedCatalogSQL sql: String, _ why: StaticString) {
        append(text: sql)
    }

    /// The text to send, binds written as `$1`, `$2`… in the order of ``binds``.
    package var sql: String {
        var text = ""
        var count = 0
        for piece in pieces {
            switch piece {
            case .text(let part):
                text += part
            case .bind:
                count += 1
                text += "$\(count)"
            }
        }
        return text
    }

    /// The values of `$1`, `$2`…; nil is NULL. They are sent as text, their types left to the server's inference.
    package var binds: [String?] {
        pieces.compactMap { piece in
            // Two levels: outer nil is "not a bind", inner nil is "a bind that is NULL".
            if case .bind(let value) = piece { .some(value) } else { nil }
        }
    }

    mutating func append(text: String) {
        if text.utf8.contains(0) { refuse("the SQL text contains a NUL character") }
        guard case .text(var last)? = pieces.last else {
            pieces.append(.text(text))
            return
        }
        // Taken out first, so that the text has one owner and grows where it is.
        pieces.removeLast()
        last += text
        pieces.append(.text(last))
    }

    mutating func append(bind value: String?) {
        if value?.utf8.contains(0) == true { refuse("a value contains a NUL character, which PostgreSQL can't store") }
        pieces.append(.bind(value))
    }

    mutating func append(_ other: Statement) {
        for piece in other.pieces {
            switch piece {
            case .text(let text): append(text: text)
            case .bind(let value): append(bind: value)
            }
        }
        if let problem = other.problem { refuse(problem) }
    }

    mutating func refuse(_ problem: String) {
        if self.problem == nil { self.problem = problem }
    }
}

extension Statement {
    package static func + (left: Statement, right: Statement) -> Statement {
        var sum = left
        sum.append(right)
        return sum
    }

    /// The statements one after the other with `separator` between them; binds are renumbered.
    package static func joined(_ statements: [Statement], separator: StaticString) -> Statement {
        var result = Statement()
        for (index, statement) in statements.enumerated() {
            if index > 0 { result.append(text: separator.description) }
            result.append(statement)
        }
        return result
    }
}

extension Statement: CustomStringConvertible {
    /// The SQL with binds shown as `$n`, never their values.
    package var description: String { sql }
}
