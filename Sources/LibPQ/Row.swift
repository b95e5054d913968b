// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A value of a result, in PostgreSQL's text form.
package struct Cell: Sendable, Hashable {
    package let column: String
    /// nil is NULL.
    package let text: String?
}

/// One row of a result. Columns are named, never numbered: a query may gain columns.
///
/// Every accessor throws a ``PostgresError`` of kind `decoding` when the column is missing, occurs twice, is NULL
/// (except the optional ones) or doesn't have the asked form. The message names the column, not the value.
package struct Row: Sendable {
    let table: ResultTable
    let index: Int

    /// The value of a column; nil when there is no such column or there are two.
    package subscript(_ column: String) -> Cell? {
        guard case .at(let position)? = table.position(of: column) else { return nil }
        return Cell(column: column, text: table.text(row: index, column: position))
    }

    package func optionalString(_ column: String) throws(PostgresError) -> String? {
        switch table.position(of: column) {
        case .at(let position):
            return table.text(row: index, column: position)
        case .ambiguous:
            throw PostgresError(.decoding, "the result has two columns named \(column)")
        case nil:
            throw PostgresError(.decoding, "the result has no column named \(column)")
        }
    }

    package func string(_ column: String) throws(PostgresError) -> String {
        try present(optionalString(column), column)
    }

    package func optionalInt64(_ column: String) throws(PostgresError) -> Int64? {
        try decode(column, as: "a 64-bit integer") { Int64($0) }
    }

    package func int64(_ column: String) throws(PostgresError) -> Int64 {
        try present(optionalInt64(column), column)
    }

    package func optionalInt(_ column: String) throws(PostgresError) -> Int? {
        try decode(column, as: "an integer") { Int($0) }
    }

    package func int(_ column: String) throws(PostgresError) -> Int {
        try present(optionalInt(column), column)
    }

    package func optionalDouble(_ column: String) throws(PostgresError) -> Double? {
        try decode(column, as: "a number") { Double($0) }
    }

    package func double(_ column: String) throws(PostgresError) -> Double {
        try present(optionalDouble(column), column)
    }

    package func optionalBool(_ column: String) throws(PostgresError) -> Bool? {
        try decode(column, as: "a boolean") { $0 == "t" ? true : $0 == "f" ? false : nil }
    }

    package func bool(_ column: String) throws(PostgresError) -> Bool {
        try present(optionalBool(column), column)
    }

    /// The elements of a one-dimensional array, nil for NULL elements.
    package func nullableStringArray(_ column: String) throws(PostgresError) -> [String?] {
        try present(decode(column, as: "an array") { ArrayText.parse($0) }, column)
    }

    /// The elements of a one-dimensional array without NULL elements, or nil for NULL.
    package func optionalStringArray(_ column: String) throws(PostgresError) -> [String]? {
        try decode(column, as: "an array without NULLs") { text in
            guard let elements = ArrayText.parse(text) else { return nil }
            let present = elements.compactMap(\.self)
            return present.count == elements.count ? present : nil
        }
    }

    /// The elements of a one-dimensional array without NULL elements.
    package func stringArray(_ column: String) throws(PostgresError) -> [String] {
        try present(optionalStringArray(column), column)
    }

    /// The elements of a one-dimensional array of integers without NULL elements.
    package func int64Array(_ column: String) throws(PostgresError) -> [Int64] {
        let values: [Int64]? = try decode(column, as: "an array of integers") { text in
            guard let elements = ArrayText.parse(text) else { return nil }
            let numbers = elements.compactMap { $0.flatMap { Int64($0) } }
            return numbers.count == elements.count ? numbers : nil
        }
        return try present(values, column)
    }

    private func decode<Value>(
        _ column: String,
        as what: StaticString,
        _ convert: (String) -> Value?
    ) throws(PostgresError) -> Value? {
        guard let text = try optionalString(column) else { return nil }
        guard let value = convert(text) else {
            throw PostgresError(.decoding, "the column \(column) is not \(what)")
        }
        return value
    }

    private func present<Value>(_ value: Value?, _ column: String) throws(PostgresError) -> Value {
        guard let value else { throw PostgresError(.decoding, "the column \(column) is NULL") }
        return value
    }
}
