// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// PostgreSQL's text form of one-dimensional arrays: `{a,"b c",NULL}`
/// (PostgreSQL documentation, "Array Input and Output Syntax").
enum ArrayText {
    /// Every element quoted, so that no element can be taken for NULL, a brace or a delimiter.
    static func format(_ elements: [String]) -> String {
        var text = "{"
        for (index, element) in elements.enumerated() {
            if index > 0 { text += "," }
            text += "\""
            for scalar in element.unicodeScalars {
                if scalar == "\"" || scalar == "\\" { text.unicodeScalars.append("\\") }
                text.unicodeScalars.append(scalar)
            }
            text += "\""
        }
        return text + "}"
    }

    /// The elements of an array with at most one dimension and the delimiter `,` (that of all built-in types but
    /// `box`), or nil when the text is something else. An unquoted `NULL` is nil. A lower-bound prefix (`[0:1]=`) is
    /// skipped.
    static func parse(_ text: String) -> [String?]? {
        var scanner = Scanner(rest: text.unicodeScalars[...])
        scanner.skipBounds()
        guard scanner.take("{") else { return nil }
        if scanner.take("}") { return scanner.rest.isEmpty ? [] : nil }
        var elements: [String?] = []
        while true {
            guard let element = scanner.element() else { return nil }
            switch element {
            case .null: elements.append(nil)
            case .value(let value): elements.append(value)
            }
            if scanner.take(",") { continue }
            return scanner.take("}") && scanner.rest.isEmpty ? elements : nil
        }
    }

    private enum Element {
        case null
        case value(String)
    }

    private struct Scanner {
        var rest: Substring.UnicodeScalarView

        mutating func take(_ scalar: Unicode.Scalar) -> Bool {
            guard rest.first == scalar else { return false }
            rest.removeFirst()
            return true
        }

        mutating func skipBounds() {
            guard rest.first == "[", let equals = rest.firstIndex(of: "=") else { return }
            rest = rest[rest.index(after: equals)...]
        }

        /// nil at a syntax error.
        mutating func element() -> Element? {
            if take("\"") { return quoted().map { .value($0) } }
            var word = String.UnicodeScalarView()
            while let scalar = rest.first, scalar != ",", scalar != "}" {
                rest.removeFirst()
                if scalar == "{" || scalar == "\"" { return nil }
                if scalar == "\\" {
                    guard let escaped = rest.popFirst() else { return nil }
                    word.append(escaped)
                } else {
                    word.append(scalar)
                }
            }
            let value = String(word)
            if value.isEmpty { return nil }
            // The server prints NULL in capitals and quotes a string that spells it in any case.
            return value == "NULL" ? .null : .value(value)
        }

        private mutating func quoted() -> String? {
            var value = String.UnicodeScalarView()
            while let scalar = rest.popFirst() {
                switch scalar {
                case "\"":
                    return String(value)
                case "\\":
                    guard let escaped = rest.popFirst() else { return nil }
                    value.append(escaped)
                default:
                    value.append(scalar)
                }
            }
            return nil
        }
    }
}
