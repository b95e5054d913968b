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

    /// What is shown: the buffer, what is covered beyond it up to as much again, and of the past half as much at most.
    var window: KeyRange {
        let buffer = max(1, Double(horizon) - Double(now))
        let end = Coverage(ranges).contiguousEnd(from: now).map(Double.init) ?? 0
        let future = min(max(buffer, end - Double(now)), 2 * buffer) * 1.04
        let oldest = ranges.map(\.lower).min().map { Double(now) - Double($0) } ?? 0
        let past = min(max(oldest, future * 0.05), future / 2)
        return KeyRange(lower: Self.clamped(Double(now) - past), upper: Self.clamped(Double(now) + future))
    }

    private static func clamped(_ value: Double) -> Int64 {
        Int64(exactly: value.rounded()) ?? (value < 0 ? .min : .max)
    }

    func cells(_ count: Int) -> [Cell] {
        let window = window
        let gaps = Coverage(ranges).gaps(within: window)
        let oldest = ranges.map(\.lower).min() ?? window.upper
        return (0..<count).map { index in
            let slice = KeyRange(lower: coordinate(index, of: count), upper: coordinate(index + 1, of: count))
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
        let share = (Double(coordinate) - Double(window.lower)) / max(1, Double(window.upper) - Double(window.lower))
        return max(0, min(count - 1, Int((share * Double(count)).rounded(.down))))
    }

    private func coordinate(_ index: Int, of count: Int) -> Int64 {
        let (lower, upper) = (Double(window.lower), Double(window.upper))
        return Self.clamped(lower + (upper - lower) * Double(index) / Double(count))
    }
}

extension TimeLine {
    /// The cells as text.
    func bar(_ count: Int) -> [Page.Span] {
        var spans: [Page.Span] = []
        for cell in cells(count) {
            if spans.last?.tone == cell.tone {
                spans[spans.count - 1].text.append(cell.sign)
            } else {
                spans.append(Page.Span(String(cell.sign), cell.tone))
            }
        }
        return spans
    }

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
    static func legend(_ lines: [TimeLine]) -> String {
        let cells = Set(lines.flatMap { $0.cells(Rendition.usualWidth).map(\.sign) })
        let meanings: [(Character, String)] = [
            ("━", "covered"), ("░", "only the default partition"), ("╌", "no partition"),
        ]
        return meanings.filter { cells.contains($0.0) }.map { "\($0.0) \($0.1)" }.joined(separator: "   ")
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
