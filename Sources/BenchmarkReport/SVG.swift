// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// An SVG picture, put together from the few elements that a plot needs.
package struct SVG {
    package let width: Int
    package let height: Int
    /// What somebody who can't see it is told.
    package let title: String
    private let style: String
    private var body = ""

    /// - Parameter style: CSS; classes are given to elements by name.
    package init(width: Int, height: Int, title: String, style: String) {
        self.width = width
        self.height = height
        self.title = title
        self.style = style
    }

    package enum Anchor: String, Sendable {
        case start, middle, end
    }

    package mutating func rectangle(x: Double, y: Double, width: Double, height: Double, class name: String) {
        body += """
            <rect x="\(Self.number(x))" y="\(Self.number(y))" width="\(Self.number(width))" \
            height="\(Self.number(height))" class="\(Self.escaped(name))"/>\n
            """
    }

    package mutating func line(from start: (x: Double, y: Double), to end: (x: Double, y: Double), class name: String) {
        body += """
            <line x1="\(Self.number(start.x))" y1="\(Self.number(start.y))" x2="\(Self.number(end.x))" \
            y2="\(Self.number(end.y))" class="\(Self.escaped(name))"/>\n
            """
    }

    package mutating func text(_ text: String, x: Double, y: Double, anchor: Anchor = .start, class name: String) {
        body += """
            <text x="\(Self.number(x))" y="\(Self.number(y))" text-anchor="\(anchor.rawValue)" \
            class="\(Self.escaped(name))">\(Self.escaped(text))</text>\n
            """
    }

    package var document: String {
        """
        <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" role="img">
        <title>\(Self.escaped(title))</title>
        <style>
        \(style)
        </style>
        \(body)</svg>\n
        """
    }

    /// Tenths of a pixel are seen by nobody, and make a smaller difference between two runs.
    private static func number(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        let sign = tenths < 0 ? "-" : ""
        let (whole, tenth) = abs(tenths).quotientAndRemainder(dividingBy: 10)
        return sign + (tenth == 0 ? "\(whole)" : "\(whole).\(tenth)")
    }

    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
        return result
    }
}
