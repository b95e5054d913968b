// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A script that has psql send what a session sent, message by message, to a database that is as that one was before.
///
/// Relations that the session made have other oids this time: where one stands, the script looks the relation up by its name.
package struct ReplayScript: Sendable {
    package let text: String
    package let messageCount: Int

    /// - Parameters:
    ///   - messages: in their order.
    ///   - made: the relations that the session made, by their oid then, as names for `regclass` without quotes in them.
    package init(_ messages: [LoggedMessage], made: [UInt32: String]) {
        text = messages.map { Self.command($0, made) }.joined()
        messageCount = messages.count
    }

    /// Leaves out what a session only read: queries, and transactions of nothing else.
    package static func changesAlone(_ messages: [LoggedMessage]) -> [LoggedMessage] {
        var kept: [LoggedMessage] = []
        var pendingBegin: LoggedMessage?
        var isOpen = false
        for message in messages {
            if message.text.hasPrefix("BEGIN"), statements(of: message.text).count == 1 {
                pendingBegin = message
                isOpen = false
            } else if message.text == "COMMIT" {
                if isOpen { kept.append(message) }
                pendingBegin = nil
                isOpen = false
            } else if isChange(message) {
                if let begin = pendingBegin {
                    kept.append(begin)
                    pendingBegin = nil
                    isOpen = true
                }
                kept.append(message)
            }
        }
        return kept
    }

    private static let changes = [
        "CREATE ", "ALTER ", "COMMENT ", "GRANT ", "REVOKE ", "DROP ", "DO ", "LOCK ", "SET TimeZone ",
    ]

    private static func isChange(_ message: LoggedMessage) -> Bool {
        statements(of: message.text).contains { statement in changes.contains { statement.hasPrefix($0) } }
    }

    /// The statements of one message: each ends with a line of its semicolon alone.
    static func statements(of message: String) -> [String] {
        var statements: [String] = []
        var rest = message[...]
        while let end = rest.firstRange(of: "\n;\n") {
            statements.append(String(rest[..<end.lowerBound]))
            rest = rest[end.upperBound...]
        }
        // The server's log may have lost the last line break.
        if rest.hasSuffix("\n;") { rest = rest.dropLast(2) }
        if !rest.isEmpty { statements.append(String(rest)) }
        return statements
    }

    /// psql sends what is joined by `\;` as one message.
    private static func command(_ message: LoggedMessage, _ made: [UInt32: String]) -> String {
        guard message.parameters.isEmpty else { return bound(message, made) + "\n;\n" }
        return statements(of: message.text).map { oidsReplaced(in: $0, made) }.joined(separator: "\n\\;\n") + "\n;\n"
    }

    // MARK: - Oids and parameters

    private enum Token {
        case digits(Substring)
        case text(Substring)
    }

    private static func tokens(of text: some StringProtocol) -> [Token] {
        var tokens: [Token] = []
        var rest = Substring(text)
        while let first = rest.first {
            let isDigit = first.isASCII && first.isNumber
            let run = rest.prefix { ($0.isASCII && $0.isNumber) == isDigit }
            tokens.append(isDigit ? .digits(run) : .text(run))
            rest = rest[run.endIndex...]
        }
        return tokens
    }

    /// In SQL an oid of ours is always cast to one. Inside DO it stands in a string constant, where quotes are doubled.
    private static func oidsReplaced(in statement: String, _ made: [UInt32: String]) -> String {
        let quote = statement.hasPrefix("DO ") ? "''" : "'"
        let tokens = tokens(of: statement)
        var result = ""
        for (index, token) in tokens.enumerated() {
            switch token {
            case .text(let text): result += text
            case .digits(let digits):
                if index + 1 < tokens.count, case .text(let next) = tokens[index + 1], next.hasPrefix("::oid"),
                    let name = UInt32(digits).flatMap({ made[$0] })
                {
                    result += "\(quote)\(name)\(quote)::regclass"
                } else {
                    result += digits
                }
            }
        }
        return result
    }

    private static func bound(_ message: LoggedMessage, _ made: [UInt32: String]) -> String {
        var result = ""
        var rest = message.text[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            if let number = Int(digits), number >= 1, number <= message.parameters.count {
                result += literal(message.parameters[number - 1], made)
                rest = rest[digits.endIndex...]
            } else {
                result += "$"
            }
        }
        return result + rest
    }

    private static func literal(_ value: String?, _ made: [UInt32: String]) -> String {
        guard let value else { return "NULL" }
        var parts: [String] = []
        var constant = ""
        for token in tokens(of: value) {
            switch token {
            case .digits(let digits):
                guard let name = UInt32(digits).flatMap({ made[$0] }) else {
                    constant += digits
                    continue
                }
                parts.append(quoted(constant))
                parts.append("'\(name)'::regclass::oid::text")
                constant = ""
            case .text(let text): constant += text
            }
        }
        guard !parts.isEmpty else { return quoted(value) }
        return "(" + (parts + [quoted(constant)]).joined(separator: " || ") + ")"
    }

    private static func quoted(_ value: String) -> String {
        var result = value.contains("\\") ? " E'" : "'"
        for character in value {
            if character == "'" || character == "\\" { result.append(character) }
            result.append(character)
        }
        return result + "'"
    }
}
