// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// The name of a column or schema as the catalog has it: no quotes of SQL's around it, capitals as they are.
package struct CatalogName: Hashable, Sendable, CustomStringConvertible {
    package let text: String
    package var description: String { text }

    package static func == (left: CatalogName, right: CatalogName) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
    }
}

extension CatalogName: PolicyValue {
    init(policy scalar: YAMLScalar) throws(PolicyValueError) {
        try self.init(parsing: scalar.string("a name"))
    }

    package init(parsing text: String) throws(PolicyValueError) {
        guard text.utf8.count <= 63 else {
            throw PolicyValueError("\(Quoted(text)) is longer than PostgreSQL's names, which have 63 bytes at most")
        }
        guard !text.isEmpty, !text.unicodeScalars.contains("\0") else {
            throw PolicyValueError("a name can't be empty")
        }
        if text.utf8.count > 2, text.hasPrefix("\""), text.hasSuffix("\"") {
            throw PolicyValueError(
                "\(Quoted(text)) is quoted as in SQL: write the name as the catalog has it",
                suggestion: String(text.dropFirst().dropLast())
            )
        }
        self.text = text
    }
}
