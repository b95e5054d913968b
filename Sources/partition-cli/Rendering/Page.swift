// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Lines of text for people, laid out when it is known who reads them.
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

    /// A piece of a line in one colour.
    struct Span: Hashable, Sendable {
        var text: String
        var tone: Tone

        init(_ text: String, _ tone: Tone = .plain) {
            self.text = Page.plain(text)
            self.tone = tone
        }
    }

    private enum Block: Sendable {
        case line(Line)
        case columns([[String]], indent: Int, tones: [Tone])
        /// Lines that are drawn for the reader's width.
        case drawing(@Sendable (Rendition) -> [Line])
    }

    private var blocks: [Block] = []

    mutating func line(_ text: String = "", indent: Int = 0, _ tone: Tone = .plain) {
        line([Span(text, tone)], indent: indent)
    }

    /// - Parameter hanging: where the line goes on if it is too long; two columns further in if nothing is said.
    mutating func line(_ spans: [Span], indent: Int = 0, hanging: Int? = nil) {
        blocks.append(.line(Line(spans, indent: indent, hanging: hanging ?? indent + 2)))
    }

    /// A line of `name: text` that goes on under the text.
    mutating func labelled(_ label: String, _ text: String, indent: Int = 0, _ tone: Tone = .plain) {
        line([Span("\(label): \(text)", tone)], indent: indent, hanging: indent + DisplayWidth.of(label) + 2)
    }

    /// Rows with the columns under each other, the last one as long as it is.
    mutating func columns(_ rows: [[String]], indent: Int = 0, tone: (Int) -> Tone = { _ in .plain }) {
        guard !rows.isEmpty else { return }
        blocks.append(.columns(rows.map { $0.map(Self.plain) }, indent: indent, tones: rows.indices.map(tone)))
    }

    mutating func drawing(_ lines: @escaping @Sendable (Rendition) -> [Line]) { blocks.append(.drawing(lines)) }

    mutating func append(_ page: Page) { blocks += page.blocks }

    /// Appends a part that stands on its own, after an empty line.
    mutating func section(_ page: Page) {
        guard !page.isEmpty else { return }
        if !isEmpty { line() }
        append(page)
    }

    var isEmpty: Bool { blocks.isEmpty }

    func text(_ rendition: Rendition) -> String {
        blocks.flatMap { Self.lines(of: $0, rendition) }.map { $0.text(isColoured: rendition.isColoured) + "\n" }
            .joined()
    }

    private static func lines(of block: Block, _ rendition: Rendition) -> [Line] {
        let lines: [Line] =
            switch block {
            case .line(let line): [line.withSigns(of: rendition)]
            case .columns(let rows, let indent, let tones): laidOut(rows, indent: indent, tones, rendition)
            case .drawing(let draw): draw(rendition).map { $0.withSigns(of: rendition) }
            }
        return rendition.width.map { width in lines.flatMap { $0.wrapped(to: width) } } ?? lines
    }

    /// A last column that has room goes on under itself; where it has none, the row goes on further left.
    private static func laidOut(_ rows: [[String]], indent: Int, _ tones: [Tone], _ rendition: Rendition) -> [Line] {
        let rows = rows.map { $0.map(rendition.signs) }
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in
            rows.map { $0.indices.contains(column) ? DisplayWidth.of($0[column]) : 0 }.max() ?? 0
        }
        let last = indent + widths.dropLast().reduce(0) { $0 + $1 + 2 }
        let hasRoom = rendition.width.map { $0 - last >= min(24, widths.last ?? 0) } ?? true
        return zip(rows, tones).map { row, tone in
            let cells = row.enumerated().map { column, cell in
                column == row.count - 1
                    ? cell : cell + String(repeating: " ", count: widths[column] - DisplayWidth.of(cell))
            }
            return Line(
                [Span(cells.joined(separator: "  "), tone)],
                indent: indent,
                hanging: hasRoom ? last : indent + 6
            )
        }
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
}
