// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// The result of one statement, read whole.
package struct Rows: Sendable, RandomAccessCollection {
    let table: ResultTable

    /// The names of the columns, in order.
    package var columns: [String] { table.columns }
    /// What the server says it did: `SELECT 3`, `CREATE TABLE`…
    package var commandTag: String { table.commandTag }
    /// How many rows the statement inserted, updated, deleted, moved or returned; 0 for other statements.
    package var affected: Int { table.affected }

    package var startIndex: Int { 0 }
    package var endIndex: Int { table.rowCount }

    package subscript(position: Int) -> Row {
        precondition(indices.contains(position), "row index out of range")
        return Row(table: table, index: position)
    }
}

/// The values of a result. A class so that a ``Row`` costs a reference and not a copy of an array.
final class ResultTable: Sendable {
    let columns: [String]
    let commandTag: String
    let affected: Int
    let rowCount: Int
    /// Row by row.
    private let cells: [String?]
    private let columnIndex: [String: ColumnPosition]

    enum ColumnPosition: Sendable {
        case at(Int)
        case ambiguous
    }

    init(columns: [String], cells: [String?], rowCount: Int, commandTag: String, affected: Int) {
        self.columns = columns
        self.cells = cells
        self.rowCount = rowCount
        self.commandTag = commandTag
        self.affected = affected
        var columnIndex: [String: ColumnPosition] = [:]
        for (index, name) in columns.enumerated() {
            columnIndex[name] = columnIndex[name] == nil ? .at(index) : .ambiguous
        }
        self.columnIndex = columnIndex
    }

    func position(of column: String) -> ColumnPosition? { columnIndex[column] }

    func text(row: Int, column: Int) -> String? { cells[row * columns.count + column] }
}
