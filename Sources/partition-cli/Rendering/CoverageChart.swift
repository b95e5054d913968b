// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning

/// The coverage of several tables, a line each, on one scale with one axis.
struct CoverageChart: Sendable {
    /// A table that is looked after.
    struct Row: Sendable {
        var name: RelationName
        var policy: GrowthPolicy
        var coverage: CoverageReport
        var line: TimeLine

        fileprivate var urgency: (Int, Double, RelationName) {
            let state = coverage.coveredUntil == nil ? 0 : coverage.isComplete ? 2 : 1
            return (state, coverage.daysRemaining ?? .infinity, name)
        }

        fileprivate var left: String {
            guard let days = coverage.daysRemaining else { return "no end" }
            return coverage.coveredUntil == nil ? "none" : KeyText.tenths(days)
        }

        /// To the minute at most.
        fileprivate var until: String {
            guard let end = coverage.coveredUntil else { return "" }
            return end == .max ? "for ever" : String(KeyText(policy).display(end).prefix(16))
        }
    }

    /// The worst first: without a partition now, covered too short, and the others by the days they have left.
    private(set) var shown: [Row]
    /// Covered as long as they must be, and more than fit on a screen.
    private(set) var folded: [Row]
    /// By the server's clock.
    private let now: Instant
    private let scale: TimeScale

    /// So many lines fit on a screen with what stands around them. A table that isn't covered as it must be is shown in any case.
    static let usualLimit = 30

    /// - Parameter isWhole: nothing is folded.
    init(_ rows: [Row], now: Instant, isWhole: Bool) {
        let scale = TimeScale(sharedBy: rows.map(\.line))
        let rows = rows.sorted { $0.urgency < $1.urgency }.map { row in
            var row = row
            row.line.scale = scale
            return row
        }
        let urgent = rows.prefix { !$0.coverage.isComplete }.count
        let limit = max(urgent, Self.usualLimit)
        // One that is folded needs a line for saying so.
        let count = isWhole || rows.count <= limit + 1 ? rows.count : limit
        (shown, folded) = (Array(rows[..<count]), Array(rows[count...]))
        (self.now, self.scale) = (now, scale)
    }

    var page: Page {
        var page = Page()
        page.drawing { lines($0) }
        return page
    }

    /// Such as `40 tables: 1 has no partition for now, 2 have less ahead than their buffer, 37 are covered`.
    var summary: (text: String, tone: Page.Tone) {
        let rows = shown + folded
        let none = rows.filter { $0.coverage.coveredUntil == nil }.count
        let complete = rows.filter(\.coverage.isComplete).count
        let short = rows.count - none - complete
        let tables = counted(rows.count, "table")
        guard complete < rows.count else { return ("\(tables), all covered as long as they must be", .plain) }
        var parts: [String] = []
        if none > 0 { parts.append("\(none) \(none == 1 ? "has" : "have") no partition for now") }
        if short > 0 {
            parts.append(
                "\(short) \(short == 1 ? "is" : "are") covered for less than \(short == 1 ? "its" : "their") buffer"
            )
        }
        if complete > 0 { parts.append("\(complete) as long as \(complete == 1 ? "it" : "they") must be") }
        return ("\(tables): \(parts.joined(separator: ", "))", none > 0 ? .removed : .changed)
    }

    // MARK: - Layout

    /// What stands beside a line, and how much is left for it.
    private struct Columns {
        var names: Int
        var bar: Int
        var left: Int
        /// 0 where there is no room for it.
        var until: Int

        init(_ rows: [Row], _ width: Int) {
            let longest = rows.map { DisplayWidth.of(Page.plain($0.name.description)) }.max() ?? 0
            names = min(longest, width / 3)
            left = max(Self.leftTitle.count, rows.map(\.left.count).max() ?? 0)
            until = max(Self.untilTitle.count, rows.map(\.until.count).max() ?? 0)
            bar = width - names - left - until - 6
            if bar < Self.shortestBar {
                bar += until + 2
                until = 0
            }
            if bar < Self.shortestBar {
                names = max(4, names + bar - Self.shortestBar)
                bar = max(4, width - names - left - 4)
            }
        }

        static let leftTitle = "days left"
        static let untilTitle = "until"
        private static let shortestBar = 16
    }

    private func lines(_ rendition: Rendition) -> [Page.Line] {
        let columns = Columns(shown, rendition.drawingWidth)
        var lines = [heading(columns)]
        lines += shown.map { line($0, columns) }
        if let more { lines.append(Page.Line([Page.Span(more)])) }
        let margin = String(repeating: " ", count: columns.names + 2)
        let axis = TimeAxis(scale: scale, now: now.microseconds).line(columns.bar)
        if !axis.isEmpty { lines.append(Page.Line([Page.Span(margin + axis, .faint)])) }
        let legend = TimeLine.legend(shown.map(\.line), columns.bar, isMarked: true)
        return lines + TimeLine.legendLines(legend, rendition.drawingWidth)
    }

    private func heading(_ columns: Columns) -> Page.Line {
        let here = columns.names + 2 + (shown.first?.line.column(of: shown.first?.line.now ?? 0, of: columns.bar) ?? 0)
        let mark = String(repeating: " ", count: here) + "▼ now"
        let titles = columns.names + 2 + columns.bar + 2
        guard mark.count + 2 <= titles else { return Page.Line([Page.Span(mark, .faint)]) }
        let left = Self.padded(Columns.leftTitle, to: columns.left, isRight: true)
        let until = columns.until > 0 ? "  " + Columns.untilTitle : ""
        return Page.Line([Page.Span(Self.padded(mark, to: titles) + left + until, .faint)])
    }

    private func line(_ row: Row, _ columns: Columns) -> Page.Line {
        let name = DisplayWidth.truncated(Page.plain(row.name.description), to: columns.names)
        let left = Self.padded(row.left, to: columns.left, isRight: true)
        let until = columns.until > 0 ? "  \(row.until)" : ""
        return Page.Line(
            [Page.Span(Self.padded(name, to: columns.names + 2))] + row.line.bar(columns.bar, isMarked: true)
                + [Page.Span("  \(left)\(until)", row.coverage.tone)]
        )
    }

    /// Such as `and 12 more, all covered until at least 2046-06-01 (82.6 days); --all shows them`.
    private var more: String? {
        guard let least = folded.first else { return nil }
        return "and \(folded.count) more, all "
            + KeyText(least.policy).covered(least.coverage).replacing(
                "until",
                with: "until at least",
                maxReplacements: 1
            )
            + "; --all shows them"
    }

    private static func padded(_ text: String, to width: Int, isRight: Bool = false) -> String {
        let padding = String(repeating: " ", count: max(0, width - DisplayWidth.of(text)))
        return isRight ? padding + text : text + padding
    }
}

extension CoverageReport {
    /// Less than the buffer is worth a look, nothing at all an alarm.
    var tone: Page.Tone {
        coveredUntil == nil ? .removed : isComplete ? .plain : .changed
    }
}
