// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// How a partition is named after its table and its lower bound: `{table}_{yyyy}_{mm}`.
///
/// A pattern for one table may do without `{table}`. Names never decide which rows a partition holds; they are for
/// people.
package struct NamePattern: Hashable, Sendable {
    enum Token: String, Hashable, Sendable, CaseIterable {
        case table, yyyy, yy, q, mm, ddd, dd, iyyy, iw, hh, mi, ss, unix

        /// The number of bytes it usually renders to; years beyond 9999 take more.
        var width: Int {
            switch self {
            case .table: 0
            case .q: 1
            case .yy, .mm, .dd, .iw, .hh, .mi, .ss: 2
            case .ddd: 3
            case .yyyy, .iyyy: 4
            case .unix: 10
            }
        }
    }

    enum Part: Hashable, Sendable {
        case text(String)
        case token(Token)
    }

    /// No two texts in a row, none of them empty.
    let parts: [Part]

    /// Beside `{table}`, so that at least twelve bytes are left for it and an offset suffix.
    private static let maximumWidthWithTable = 43

    /// - Parameter text: Tokens in braces, everything else as it is; `{{` is a brace. `{table}`; of the lower bound:
    ///   `{yyyy}`, `{yy}`, `{q}` quarter, `{mm}`, `{dd}`, `{ddd}` day of the year, `{iyyy}` and `{iw}` ISO year and
    ///   week, `{hh}`, `{mi}`, `{ss}`, `{unix}` seconds since 1970 on the clock that names are read from.
    package init(parsing text: String) throws(NamePatternError) {
        var parts: [Part] = []
        var rest = text.unicodeScalars[...]
        var literal = ""
        while let scalar = rest.popFirst() {
            guard scalar == "{" else {
                literal.unicodeScalars.append(scalar)
                continue
            }
            if rest.first == "{" {
                literal.unicodeScalars.append("{")
                rest.removeFirst()
                continue
            }
            guard let close = rest.firstIndex(of: "}") else {
                throw NamePatternError(
                    message: "the name pattern \"\(text)\" has a { without a }; write {{ for a brace"
                )
            }
            let word = String(rest[..<close])
            guard let token = Token(rawValue: word) else {
                let known = Token.allCases.map { "{\($0.rawValue)}" }.joined(separator: " ")
                throw NamePatternError(
                    message: "the name pattern \"\(text)\" has {\(word)}, which isn't one of \(known)"
                )
            }
            if !literal.isEmpty { parts.append(.text(literal)) }
            literal = ""
            parts.append(.token(token))
            rest = rest[rest.index(after: close)...]
        }
        if !literal.isEmpty { parts.append(.text(literal)) }
        try self.init(parts: parts)
    }

    init(parts: [Part]) throws(NamePatternError) {
        var width = 0
        var hasTable = false
        for part in parts {
            switch part {
            case .text(let text):
                guard !text.utf8.contains(0) else {
                    throw NamePatternError(message: "a name pattern can't have a NUL character")
                }
                width += text.utf8.count
            case .token(.table):
                guard !hasTable else { throw NamePatternError(message: "a name pattern has {table} once at most") }
                hasTable = true
            case .token(let token): width += token.width
            }
        }
        guard !parts.isEmpty else { throw NamePatternError(message: "a name pattern can't be empty") }
        let limit = hasTable ? Self.maximumWidthWithTable : IdentifierName.maximumBytes
        guard width <= limit else {
            throw NamePatternError(
                message:
                    "the name pattern is too long: beside {table} it may take \(limit) bytes, and this one takes \(width)"
            )
        }
        self.parts = parts
    }

    /// What new partitions are called where neither a policy nor existing names say otherwise.
    ///
    /// `events_2026_06`, `events_2026_06_01`, `events_2026_w23`, `events_2026_q2`, `events_2026`,
    /// `events_2026_06_01_1330`. Weeks that don't begin on a Monday are no ISO weeks and are named after their first
    /// day.
    package static func standard(for period: Period) -> NamePattern {
        switch period.unit {
        case .year: NamePattern(date: [.yyyy])
        case .quarter: NamePattern(date: [.yyyy], "_q", [.q])
        case .month: NamePattern(date: [.yyyy, .mm])
        case .week where period.weekStart == 1: NamePattern(date: [.iyyy], "_w", [.iw])
        case .week, .day: NamePattern(date: [.yyyy, .mm, .dd])
        case .hour, .minute: NamePattern(date: [.yyyy, .mm, .dd], "_", [.hh, .mi])
        }
    }

    /// `{table}`, each token of `date` after a `_`, then `separator` and `tokens` in one piece.
    private init(date: [Token], _ separator: String = "", _ tokens: [Token] = []) {
        parts =
            [.token(.table)] + date.flatMap { [.text("_"), .token($0)] }
            + (separator.isEmpty ? [] : [.text(separator)]) + tokens.map { .token($0) }
    }
}

/// Why a text isn't a name pattern, or not one for this period, in a sentence.
package struct NamePatternError: Error, Hashable, Sendable, CustomStringConvertible {
    package let message: String
    package var description: String { message }
}

extension NamePattern: CustomStringConvertible {
    /// The pattern's text: ``init(parsing:)`` reads it back.
    package var description: String {
        parts.map { part in
            switch part {
            case .text(let text): text.unicodeScalars.reduce(into: "") { $0 += $1 == "{" ? "{{" : String($1) }
            case .token(let token): "{\(token.rawValue)}"
            }
        }.joined()
    }
}

extension NamePattern: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do {
            try self.init(parsing: container.decode(String.self))
        } catch let error as NamePatternError {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.message)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
