// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// What the reader of a stream can show: a terminal of some width, colours, characters beyond ASCII.
struct Rendition: Hashable, Sendable {
    /// Columns of the terminal; nil where there is none: then a line is as long as it is.
    var width: Int?
    var isColoured = false
    /// Our own signs are written in ASCII. Names and messages of databases stay what they are.
    var isASCII = false
    /// Whether a line can be written over again.
    var canRepaint = false

    /// A drawing needs a width also where there is no terminal.
    var drawingWidth: Int { min(width ?? Self.usualWidth, Self.widestDrawing) }

    /// Of a terminal that doesn't say how wide it is.
    static let usualWidth = 80
    /// Wider ones are harder to read, not easier.
    private static let widestDrawing = 140
    /// Below that a line is not wrapped at all, but left to the terminal.
    private static let narrowest = 20

    init(width: Int? = nil, isColoured: Bool = false, isASCII: Bool = false, canRepaint: Bool = false) {
        self.width = width
        self.isColoured = isColoured
        self.isASCII = isASCII
        self.canRepaint = canRepaint
    }

    /// - Parameters:
    ///   - columns: of the terminal, 0 for one that doesn't say; nil where the stream is no terminal. `COLUMNS` counts in neither case: it
    ///     is the width of somebody else's terminal as often as not.
    ///   - environment: `NO_COLOR` (any value but the empty one) and `TERM=dumb` forbid colours; `LC_ALL`, `LC_CTYPE`, `LANG` say whether
    ///     the characters are UTF-8.
    init(columns: Int?, environment: [String: String]) {
        let isDumb = environment["TERM"] == "dumb"
        width = columns.map { $0 >= Self.narrowest ? $0 : Self.usualWidth }
        canRepaint = columns != nil && !isDumb
        isColoured = canRepaint && environment["NO_COLOR", default: ""].isEmpty
        isASCII = !Self.isUTF8(environment)
    }

    /// As `setlocale` finds it: the first of the three that is set decides.
    private static func isUTF8(_ environment: [String: String]) -> Bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? "C"
        let name = locale.lowercased()
        return name.contains("utf-8") || name.contains("utf8")
    }

    /// A text with our own signs as this reader can see them.
    func signs(_ text: String) -> String {
        guard isASCII, !text.utf8.allSatisfy({ $0 < 0x80 }) else { return text }
        return text.map { Self.inASCII[$0] ?? String($0) }.joined()
    }

    private static let inASCII: [Character: String] = [
        "…": "...", "▸": ">", "·": "-", "–": "-", "•": "*", "━": "=", "─": "-", "░": "~", "▒": "~", "╌": ".", "▼": "v",
        "▲": "^",
        "┃": "|", "│": ":", "╋": "#", "┿": "+", "╵": "'",
    ]
}
