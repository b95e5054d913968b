// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// The number of partitions of a level by hash.
struct Modulus: PolicyValue {
    let value: Int

    init(policy scalar: YAMLScalar) throws(PolicyValueError) {
        guard case .integer(let number?) = scalar.kind, HashLevel.moduli.contains(number) else {
            throw PolicyValueError(
                "\(Quoted(scalar.text)) is not a number of partitions: write a whole number from 1 to \(HashLevel.moduli.upperBound)"
            )
        }
        value = number
    }
}

/// A value of a list as PostgreSQL is to read it.
struct ListLiteral: PolicyValue {
    let text: String

    init(policy scalar: YAMLScalar) throws(PolicyValueError) {
        let isAmbiguous =
            switch scalar.kind {
            case .integer(let number): number.map { String($0) != scalar.text } ?? false
            case .float: !scalar.text.utf8.allSatisfy { YAMLScalar.isDigit($0) || "-.".utf8.contains($0) }
            case .boolean: scalar.text != scalar.text.lowercased()
            case .null, .string: false
            }
        guard !isAmbiguous else {
            throw PolicyValueError(
                "\(scalar.text) may be a number or the text \"\(scalar.text)\": put it in quotes",
                suggestion: "\"\(scalar.text)\""
            )
        }
        guard !scalar.text.unicodeScalars.contains("\0") else {
            throw PolicyValueError("a value can't have a NUL character")
        }
        text = scalar.text
    }
}

/// A query that gives the values of a list.
struct QueryText: PolicyValue {
    let text: String

    init(policy scalar: YAMLScalar) throws(PolicyValueError) {
        text = try scalar.string("a query")
    }
}
