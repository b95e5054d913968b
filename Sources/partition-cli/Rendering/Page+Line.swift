// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension Page {
    /// One line, before it is known how much of it fits beside itself.
    struct Line: Hashable, Sendable {
        private(set) var spans: [Span]
        /// The column at which it goes on where it is too long.
        let hanging: Int

        init(_ spans: [Span], indent: Int = 0, hanging: Int = 0) {
            let isBlank = spans.allSatisfy(\.text.isEmpty)
            // The indent is coloured with what follows, so that a line in one colour is one span.
            let margin = String(repeating: " ", count: isBlank ? 0 : indent)
            self.spans = spans.enumerated().map { $0 == 0 ? Span(margin + $1.text, $1.tone) : $1 }
            self.hanging = hanging
        }

        var width: Int { spans.reduce(0) { $0 + DisplayWidth.of($1.text) } }

        func withSigns(of rendition: Rendition) -> Line {
            guard rendition.isASCII else { return self }
            var line = self
            line.spans = spans.map { Span(rendition.signs($0.text), $0.tone) }
            return line
        }

        /// Without spaces at its end.
        func text(isColoured: Bool) -> String {
            var spans = spans
            while let last = spans.popLast() {
                guard let end = last.text.lastIndex(where: { $0 != " " }) else { continue }
                spans.append(Span(String(last.text[...end]), last.tone))
                break
            }
            return spans.map { span in
                isColoured && span.tone != .plain && !span.text.isEmpty
                    ? "\(span.tone.rawValue)\(span.text)\u{1B}[0m" : span.text
            }.joined()
        }

        /// The same in lines that fit, cut between words. A word that is too long for any line stays whole, so that it can be copied.
        func wrapped(to width: Int) -> [Line] {
            guard self.width > width else { return [self] }
            // Further in there would be no room.
            let margin = hanging <= width / 2 ? hanging : 4
            var row = Row()
            var rows: [Line] = []
            for span in spans {
                for character in span.text {
                    row.append(character, span.tone)
                    guard row.width > width, character != " ", let rest = row.cutAtSpace() else { continue }
                    rows.append(row.line)
                    row = Row(margin: margin, rest)
                }
            }
            return rows + [row.line]
        }
    }

    /// A line that is being filled.
    private struct Row {
        typealias Cell = (character: Character, tone: Tone)

        private var cells: [Cell] = []
        private(set) var width = 0
        private var hasWord = false
        /// Where the last gap between two words begins.
        private var gap: Int?

        init() {}

        init(margin: Int, _ cells: [Cell]) {
            for _ in 0..<margin { append(" ", .plain) }
            for cell in cells { append(cell.character, cell.tone) }
        }

        mutating func append(_ character: Character, _ tone: Tone) {
            if character != " " {
                hasWord = true
            } else if hasWord, cells.last?.character != " " {
                gap = cells.count
            }
            cells.append((character, tone))
            width += DisplayWidth.of(character)
        }

        /// Ends the line at its last gap.
        ///
        /// - Returns: what stood behind it; nil where there is no gap.
        mutating func cutAtSpace() -> [Cell]? {
            guard let gap else { return nil }
            let rest = cells[gap...].drop { $0.character == " " }
            cells.removeSubrange(gap...)
            return Array(rest)
        }

        var line: Line {
            var spans: [Span] = []
            for cell in cells {
                if spans.last?.tone == cell.tone {
                    spans[spans.count - 1].text.append(cell.character)
                } else {
                    spans.append(Span(String(cell.character), cell.tone))
                }
            }
            return Line(spans)
        }
    }
}
