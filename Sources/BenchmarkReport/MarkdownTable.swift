// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A table in Markdown.
package struct MarkdownTable {
    /// Which way a column's cells stand.
    package enum Alignment: Sendable {
        case left, right
    }

    private let columns: [(title: String, alignment: Alignment)]
    private var rows: [[String]] = []

    package init(_ columns: [(title: String, alignment: Alignment)]) {
        self.columns = columns
    }

    package mutating func row(_ cells: [String]) {
        rows.append(cells)
    }

    package var text: String {
        let rule = columns.map { $0.alignment == .right ? "---:" : "---" }
        return ([columns.map(\.title), rule] + rows).map(Self.line).joined()
    }

    private static func line(_ cells: [String]) -> String {
        "| " + cells.map(escaped).joined(separator: " | ") + " |\n"
    }

    /// A bar would begin another cell, a line break another row.
    private static func escaped(_ cell: String) -> String {
        var text = ""
        for character in cell {
            switch character {
            case "|": text += "\\|"
            case "\n": text += " "
            default: text.append(character)
            }
        }
        return text
    }
}
