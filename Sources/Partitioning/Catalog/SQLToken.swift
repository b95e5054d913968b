// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A piece of an SQL expression, as far as it has to be understood to tell names from other text.
struct SQLToken {
    var text: String
    /// A quoted or unquoted name, or a keyword.
    var isIdentifier = false
    var isSpace = false

    /// The pieces of a text, which joined give the text again.
    static func tokens(of sql: String) -> [SQLToken] {
        let text = Array(sql.unicodeScalars)
        var tokens: [SQLToken] = []
        var start = 0
        while start < text.count {
            let end: Int
            var token = SQLToken(text: "")
            switch text[start] {
            case "'":
                let escapes = tokens.last.map { ["E", "e"].contains($0.text) } ?? false
                end = endOfQuoted(text, from: start, quote: "'", escapes: escapes)
            case "\"":
                end = endOfQuoted(text, from: start, quote: "\"", escapes: false)
                token.isIdentifier = true
            case let first where first.properties.isWhitespace:
                end = text[start...].firstIndex { !$0.properties.isWhitespace } ?? text.count
                token.isSpace = true
            case let first where isPartOfName(first):
                end = text[start...].firstIndex { !isPartOfName($0) } ?? text.count
                token.isIdentifier = true
            case ":" where start + 1 < text.count && text[start + 1] == ":": end = start + 2
            default: end = start + 1
            }
            token.text.unicodeScalars.append(contentsOf: text[start..<end])
            tokens.append(token)
            start = end
        }
        return tokens
    }

    /// Digits count, so that `1e5` isn't taken for a name: where a name would begin makes no difference here.
    private static func isPartOfName(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar == "$" || scalar.value >= 0x80 || scalar.properties.isAlphabetic
            || ("0"..."9").contains(scalar)
    }

    private static func endOfQuoted(
        _ text: [Unicode.Scalar],
        from start: Int,
        quote: Unicode.Scalar,
        escapes: Bool
    ) -> Int {
        var index = start + 1
        while index < text.count {
            if escapes && text[index] == "\\" {
                index += 2
            } else if text[index] == quote {
                if index + 1 < text.count && text[index + 1] == quote { index += 2 } else { return index + 1 }
            } else {
                index += 1
            }
        }
        return text.count
    }
}
