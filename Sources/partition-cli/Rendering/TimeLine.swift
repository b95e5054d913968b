// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning

/// How a table's key is covered around now, drawn in one line of characters.
///
/// Each character stands for a slice of time, and shows the worst of it: a gap is seen however short it is.
struct TimeLine: Hashable, Sendable {
    /// What a slice of time looks like.
    enum Cell: Hashable {
        /// Before the oldest partition.
        case before
        case covered
        /// No partition of its own, but a default one takes the rows.
        case onlyDefault(isRequired: Bool)
        /// Rows are refused.
        case open(isRequired: Bool)
    }

    /// What attached partitions serve; in any order.
    var ranges: [KeyRange]
    var now: Int64
    /// Exclusive end of what must be covered.
    var horizon: Int64
    var hasDefault: Bool

    /// What it is drawn to; nil for one of its own.
    var scale: TimeScale?

    /// Microseconds from now to the end of what must be covered, 1 or more.
    var buffer: Double { max(1, Double(horizon) - Double(now)) }

    /// Microseconds from now to the first moment without a partition; nil where now has none.
    var covered: Double? { Coverage(ranges).contiguousEnd(from: now).map { Double($0) - Double(now) } }

    /// Whether nothing is missing before the horizon.
    var isComplete: Bool { covered.map { $0 >= Double(horizon) - Double(now) } ?? false }

    /// Microseconds from the beginning of the oldest partition to now.
    var age: Double { ranges.map(\.lower).min().map { Double(now) - Double($0) } ?? 0 }

    private var drawnTo: TimeScale { scale ?? TimeScale(self) }

    var window: KeyRange { drawnTo.window(around: now) }

    func cells(_ count: Int) -> [Cell] {
        let scale = drawnTo
        let edges = (0...count).map { scale.coordinate(at: Double($0) / Double(count), around: now) }
        let window = scale.window(around: now)
        let gaps = Coverage(ranges).gaps(within: window)
        let oldest = ranges.map(\.lower).min() ?? window.upper
        return (0..<count).map { index in
            let slice = KeyRange(lower: edges[index], upper: edges[index + 1])
            guard let gap = gaps.first(where: { $0.overlaps(slice) }) else { return .covered }
            if slice.upper <= oldest || (gap.upper == oldest && slice.lower < oldest && slice.lower < now) {
                return .before
            }
            let isRequired = gap.upper > now && max(slice.lower, gap.lower) < horizon && slice.upper > now
            return hasDefault ? .onlyDefault(isRequired: isRequired) : .open(isRequired: isRequired)
        }
    }

    /// The character in which a moment lies.
    func column(of coordinate: Int64, of count: Int) -> Int {
        drawnTo.column(of: coordinate, around: now, of: count)
    }
}

extension TimeLine {
    /// The cells as text.
    ///
    /// - Parameter isMarked: now and the end of the buffer stand in the line itself, where no marks stand over it.
    func bar(_ count: Int, isMarked: Bool = false) -> [Page.Span] {
        var spans: [Page.Span] = []
        for (index, cell) in cells(count).enumerated() {
            let mark = isMarked ? mark(at: index, of: count) : nil
            var sign = mark.map { cell == .covered ? $0.onCovered : $0.alone } ?? cell.sign
            if isMarked, index == count - 1, cell == .covered, goesOn { sign = "▸" }
            let tone = mark != nil && cell.tone == .faint ? .plain : cell.tone
            if spans.last?.tone == tone {
                spans[spans.count - 1].text.append(sign)
            } else {
                spans.append(Page.Span(String(sign), tone))
            }
        }
        return spans
    }

    /// A moment that every table has. Whether it is covered is still seen under it.
    private enum Mark {
        case now, horizon

        var alone: Character { self == .now ? "┃" : "│" }
        var onCovered: Character { self == .now ? "╋" : "┿" }
    }

    private func mark(at index: Int, of count: Int) -> Mark? {
        if index == column(of: now, of: count) { return .now }
        return index == column(of: horizon, of: count) && horizon <= window.upper ? .horizon : nil
    }

    /// Whether it is covered beyond the edge.
    private var goesOn: Bool { covered.map { Double(now) + $0 > Double(window.upper) } ?? false }

    /// Marks over the bar: now, and the end of the buffer where it doesn't get into its way.
    func marks(_ count: Int, horizon text: String) -> String {
        let (here, there) = (column(of: now, of: count), column(of: horizon, of: count))
        var marks = String(repeating: " ", count: here) + "▼ now"
        let label = "\(text) ▼"
        let start = there + 1 - label.count
        if start >= marks.count + 2 { marks += String(repeating: " ", count: start - marks.count) + label }
        return marks
    }

    /// What the signs mean, of those that are used.
    ///
    /// - Parameter count: how long the lines are drawn.
    static func legend(_ lines: [TimeLine], _ count: Int, isMarked: Bool = false) -> [String] {
        let bars = lines.map { $0.bar(count, isMarked: isMarked).map(\.text).joined() }
        let used = Set(bars.joined())
        let meanings: [([Character], String)] = [
            (["━"], "covered"), (["░"], "only the default partition"), (["╌"], "no partition"), (["╋", "┃"], "now"),
            (["┿", "│"], "end of the buffer"), (["▸"], "goes on"),
        ]
        return meanings.compactMap { signs, meaning in
            let seen = signs.filter(used.contains)
            return seen.isEmpty ? nil : "\(seen.map { String($0) }.joined(separator: " ")) \(meaning)"
        }
    }

    /// The same in lines that fit, after an empty one.
    static func legendLines(_ entries: [String], _ width: Int) -> [Page.Line] {
        var lines: [String] = []
        for entry in entries {
            if let last = lines.last, DisplayWidth.of(last) + 3 + DisplayWidth.of(entry) <= width {
                lines[lines.count - 1] += "   \(entry)"
            } else {
                lines.append(entry)
            }
        }
        return [Page.Line([])] + lines.map { Page.Line([Page.Span($0, .faint)]) }
    }
}

extension TimeLine.Cell {
    var sign: Character {
        switch self {
        case .before: " "
        case .covered: "━"
        case .onlyDefault: "░"
        case .open: "╌"
        }
    }

    var tone: Page.Tone {
        switch self {
        case .before: .plain
        case .covered: .added
        case .onlyDefault(let isRequired): isRequired ? .changed : .faint
        case .open(let isRequired): isRequired ? .removed : .faint
        }
    }
}
