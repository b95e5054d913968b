// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A table's own name inside an expression that PostgreSQL printed for it.
///
/// A policy whose expression has a subquery is printed with its columns qualified by the table's name, so that the same policy
/// reads differently on parent and partition. For comparison and for creation the name is replaced by a token.
package enum SelfReference {
    /// Stands for the table's own name; no identifier that `quote_ident` prints looks like it.
    package static let token = "\"partition-cli: this table\""

    /// Replaces `old.` by `new.` wherever it qualifies a name: not inside string constants, nor as the end of a longer name.
    ///
    /// - Parameters:
    ///   - old: an identifier as `quote_ident` prints it.
    ///   - new: likewise.
    package static func replace(_ old: String, by new: String, in sql: String) -> String {
        let pattern = Array((old + ".").unicodeScalars)
        let text = Array(sql.unicodeScalars)
        var result = String.UnicodeScalarView()
        var index = 0
        while index < text.count {
            if text[index] == "'" {
                let end = endOfString(text, from: index)
                result.append(contentsOf: text[index..<end])
                index = end
            } else if matches(pattern, text, at: index) && !continuesName(text, at: index) {
                result.append(contentsOf: new.unicodeScalars)
                result.append(".")
                index += pattern.count
            } else if text[index] == "\"" {
                let end = endOfQuoted(text, from: index, quote: "\"")
                result.append(contentsOf: text[index..<end])
                index = end
            } else {
                result.append(text[index])
                index += 1
            }
        }
        return String(result)
    }

    private static func matches(_ pattern: [Unicode.Scalar], _ text: [Unicode.Scalar], at index: Int) -> Bool {
        index + pattern.count <= text.count && text[index..<(index + pattern.count)].elementsEqual(pattern)
    }

    /// Whether the character before belongs to the same name, or is a dot that makes it part of another.
    private static func continuesName(_ text: [Unicode.Scalar], at index: Int) -> Bool {
        guard index > 0 else { return false }
        let before = text[index - 1]
        return before == "_" || before == "." || before == "\"" || before == "$" || before.properties.isAlphabetic
            || before.properties.numericType != nil
    }

    /// Past a string constant; a backslash escapes only after an E.
    private static func endOfString(_ text: [Unicode.Scalar], from start: Int) -> Int {
        let escapes = start > 0 && (text[start - 1] == "E" || text[start - 1] == "e")
        var index = start + 1
        while index < text.count {
            if escapes && text[index] == "\\" {
                index += 2
            } else if text[index] == "'" {
                if index + 1 < text.count && text[index + 1] == "'" { index += 2 } else { return index + 1 }
            } else {
                index += 1
            }
        }
        return text.count
    }

    private static func endOfQuoted(_ text: [Unicode.Scalar], from start: Int, quote: Unicode.Scalar) -> Int {
        var index = start + 1
        while index < text.count {
            if text[index] == quote {
                if index + 1 < text.count && text[index + 1] == quote { index += 2 } else { return index + 1 }
            } else {
                index += 1
            }
        }
        return text.count
    }
}
