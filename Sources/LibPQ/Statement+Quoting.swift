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
        "\"" + doubling(["\""], in: name) + "\""
    }

    /// As `PQescapeLiteral` does: `'…'`, or ` E'…'` when there is a backslash, so that the meaning doesn't depend on
    /// `standard_conforming_strings`. The leading space keeps the E from merging with a word before it.
    static func quotedLiteral(_ value: String) -> String {
        value.utf8.contains(UInt8(ascii: "\\"))
            ? " E'" + doubling(["'", "\\"], in: value) + "'"
            : "'" + doubling(["'"], in: value) + "'"
    }

    // On Unicode scalars: as a Character a quote followed by a combining mark would not equal a quote.
    private static func doubling(_ special: Set<Unicode.Scalar>, in text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if special.contains(scalar) { result.append(scalar) }
            result.append(scalar)
        }
        return String(result)
    }
}
