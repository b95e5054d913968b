// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Lines of text for people, coloured a line at a time.
///
/// Names and messages come from databases: characters that a terminal would obey are shown, not sent.
struct Page: Sendable {
    enum Tone: String, Sendable {
        case plain = ""
        case heading = "\u{1B}[1m"
        case added = "\u{1B}[32m"
        case changed = "\u{1B}[33m"
        case removed = "\u{1B}[31m"
        case faint = "\u{1B}[2m"
    }

    private var lines: [(text: String, tone: Tone)] = []

    mutating func line(_ text: String = "", indent: Int = 0, _ tone: Tone = .plain) {
        lines.append((String(repeating: " ", count: indent) + Self.plain(text), tone))
    }

    /// Rows with the columns under each other, the last one as long as it is.
    mutating func columns(_ rows: [[String]], indent: Int = 0, tone: (Int) -> Tone = { _ in .plain }) {
        let rows = rows.map { $0.map(Self.plain) }
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in
            rows.map { $0.indices.contains(column) ? Self.width($0[column]) : 0 }.max() ?? 0
        }
        for (index, row) in rows.enumerated() {
            let cells = row.enumerated().map { column, cell in
                column == row.count - 1
                    ? cell : cell + String(repeating: " ", count: widths[column] - Self.width(cell))
            }
            line(cells.joined(separator: "  "), indent: indent, tone(index))
        }
    }

    mutating func append(_ page: Page) { lines += page.lines }

    /// Appends a part that stands on its own, after an empty line.
    mutating func section(_ page: Page) {
        guard !page.isEmpty else { return }
        if !isEmpty { line() }
        append(page)
    }

    var isEmpty: Bool { lines.isEmpty }

    func text(coloured: Bool) -> String {
        lines.map { text, tone in
            coloured && tone != .plain && !text.isEmpty ? "\(tone.rawValue)\(text)\u{1B}[0m\n" : "\(text)\n"
        }.joined()
    }

    /// A text in one line, with control characters as escapes.
    static func plain(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        return text.unicodeScalars.map { scalar in
            isControl(scalar) ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
        }.joined()
    }

    /// Also the marks that turn the direction of what follows.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.generalCategory == .control || scalar.properties.isBidiControl
            || scalar.properties.generalCategory == .lineSeparator
    }

    private static func width(_ text: String) -> Int { text.count }
}
