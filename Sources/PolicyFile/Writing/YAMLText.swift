// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Texts as YAML writes them.
enum YAMLText {
    /// `text` alone where YAML takes it for that text and nothing else, in double quotes otherwise; on one line, and fit
    /// for a place inside braces.
    static func scalar(_ text: String) -> String {
        isPlain(text) ? text : quoted(text)
    }

    static func quoted(_ text: String) -> String {
        "\"" + text.unicodeScalars.map(escaped).joined() + "\""
    }

    /// One line of a comment for each line of the text.
    static func comment(_ text: String, indent: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let shown = line.unicodeScalars.map { isPrintable($0) ? String($0) : " " }.joined()
            return shown.allSatisfy { $0 == " " } ? "\(indent)#" : "\(indent)# \(shown)"
        }
    }

    /// Only what no version of YAML reads as anything else.
    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, isWord(first),
            text.utf8.allSatisfy({ isWord($0) || "./-".utf8.contains($0) })
        else { return false }
        let isBooleanOfOldYAML = ["y", "n", "yes", "no", "on", "off"].contains(text.lowercased())
        // Digits in front may be a number, a date or a time.
        return !isBooleanOfOldYAML && !YAMLScalar.isDigit(first)
            && YAMLScalar(text: text, isPlain: true).kind == .string
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || YAMLScalar.isDigit(byte)
            || byte == UInt8(ascii: "_")
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\"": return "\\\""
        case "\\": return "\\\\"
        case "\n": return "\\n"
        case "\t": return "\\t"
        default: break
        }
        guard !isPrintable(scalar) else { return String(scalar) }
        let digits = String(scalar.value, radix: 16, uppercase: true)
        let (letter, width) = digits.count <= 2 ? ("x", 2) : digits.count <= 4 ? ("u", 4) : ("U", 8)
        return "\\\(letter)" + String(repeating: "0", count: width - digits.count) + digits
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: false
        default: true
        }
    }
}
