// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension Statement {
    /// NAMEDATALEN - 1: the server silently cuts longer names (PostgreSQL documentation, "Identifiers and Key Words").
    static let longestIdentifier = 63

    mutating func append(identifier name: String) {
        if name.utf8.count > Self.longestIdentifier {
            refuse("an identifier is longer than \(Self.longestIdentifier) bytes, and PostgreSQL would cut it")
        }
        append(text: Self.quotedIdentifier(name))
    }

    /// A negative number in parentheses: `2 - -1` is fine, `2--1` is a comment.
    mutating func append(integer value: Int64) {
        append(text: value < 0 ? "(\(value))" : "\(value)")
    }

    static func quotedIdentifier(_ name: String) -> String {
        "\"" + doubling({ $0 == UInt8(ascii: "\"") }, in: name) + "\""
    }

    /// As `PQescapeLiteral` does: `'…'`, or ` E'…'` when there is a backslash, so that the meaning doesn't depend on
    /// `standard_conforming_strings`. The leading space keeps the E from merging with a word before it.
    static func quotedLiteral(_ value: String) -> String {
        value.utf8.contains(UInt8(ascii: "\\"))
            ? " E'" + doubling({ $0 == UInt8(ascii: "'") || $0 == UInt8(ascii: "\\") }, in: value) + "'"
            : "'" + doubling({ $0 == UInt8(ascii: "'") }, in: value) + "'"
    }

    // On bytes: as a Character a quote followed by a combining mark would not equal a quote, while in UTF-8 a byte that looks like
    // a quote is one.
    private static func doubling(_ isSpecial: (UInt8) -> Bool, in text: String) -> String {
        guard text.utf8.contains(where: isSpecial) else { return text }
        var result: [UInt8] = []
        result.reserveCapacity(text.utf8.count + 16)
        for byte in text.utf8 {
            if isSpecial(byte) { result.append(byte) }
            result.append(byte)
        }
        return String(decoding: result, as: UTF8.self)
    }
}
