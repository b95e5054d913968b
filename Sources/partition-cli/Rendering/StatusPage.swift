// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionRegistryPostgres
import Partitioning
import Provisioning

/// `status` for people: each table as a line of time, and what else is to be known of it.
struct StatusPage {
    let result: StatusResult

    /// Of more tables each gets one line, so that the screen stays one.
    private static let detailed = 6

    private typealias Table = Inspection.Table<DefaultRows>

    private var managed: [Table] { result.inspection.tables.filter { $0.plan.policy != nil } }

    var page: Page {
        var page = Page()
        let server = result.inspection.server
        page.line(
            "database \(server.database), PostgreSQL \(result.serverVersion), \(Self.time(server.now)) by its clock"
                + (server.isInRecovery ? "; a standby" : ""),
            .heading
        )
        if let file = result.inspection.policyFile { page.labelled("policy", file) }
        page.labelled("registry", result.inspection.registry.reason ?? result.inspection.registry.name)
        page.labelled("last run", result.lastRun.words(at: server.now))
        guard !result.inspection.tables.isEmpty else {
            page.section(Self.single("there are no partitioned tables"))
            return page
        }
        let lines = managed.compactMap(Self.timeLine)
        if managed.count > Self.detailed {
            page.section(compact)
        } else {
            for table in managed { page.section(self.page(of: table)) }
        }
        if !lines.isEmpty { page.section(Self.single(TimeLine.legend(lines), .faint)) }
        page.section(LeftAlonePage.page(of: result.inspection.tables.map(\.plan)))
        return page
    }

    private static func single(_ text: String, _ tone: Page.Tone = .plain) -> Page {
        var page = Page()
        page.line(text, tone)
        return page
    }

    // MARK: - A table

    private func page(of table: Table) -> Page {
        var page = Page()
        guard let policy = table.plan.policy, let coverage = table.plan.coverage, let line = Self.timeLine(table)
        else { return page }
        let key = KeyText(policy)
        page.line([
            Page.Span(table.plan.table.description, .heading),
            Page.Span("  \(key.interval), \(counted(table.partitions.count, "partition"))"),
        ])
        page.drawing { Self.drawing(line, key, coverage, $0) }
        page.line(Self.coverage(of: table, coverage, key), indent: 2, Self.tone(table.plan))
        for gap in coverage.missing.prefix(3) { page.line("no partition: \(key.display(gap))", indent: 2, .removed) }
        if coverage.missing.count > 3 {
            page.line("… and \(coverage.missing.count - 3) more gaps", indent: 2, .removed)
        }
        for gap in coverage.gapsInThePast.prefix(2) {
            page.line("gap in the past: \(key.display(gap))", indent: 2, .changed)
        }
        if let rows = table.extra { page.line("default partition: \(rows.sentence)", indent: 2) }
        page.line("registry: \(StandingView(table.standing).sentence)", indent: 2, Self.tone(table.standing))
        return page
    }

    private static func coverage(of table: Table, _ coverage: CoverageReport, _ key: KeyText) -> String {
        let needed = "needed until \(key.display(coverage.requiredUntil))"
        guard let end = coverage.coveredUntil else { return "now has no partition, \(needed)" }
        if end == .max { return "covered for ever, \(needed)" }
        return "covered until \(key.display(end)), \(KeyText.days(coverage.daysRemaining)) left, \(needed)"
    }

    private static func drawing(
        _ line: TimeLine,
        _ key: KeyText,
        _ coverage: CoverageReport,
        _ rendition: Rendition
    ) -> [Page.Line] {
        let count = rendition.drawingWidth - 4
        let window = line.window
        let (first, last) = (key.brief(window.lower, in: window), key.brief(window.upper, in: window))
        let between = String(repeating: " ", count: max(1, count - first.count - last.count))
        return [
            Page.Line([Page.Span(line.marks(count, horizon: "end of the buffer"))], indent: 2),
            Page.Line(line.bar(count), indent: 2),
            Page.Line([Page.Span(first + between + last, .faint)], indent: 2),
        ]
    }

    private static func timeLine(_ table: Table) -> TimeLine? {
        guard let policy = table.plan.policy, let coverage = table.plan.coverage else { return nil }
        return TimeLine(
            ranges: table.ranges,
            now: policy.coordinate(of: table.now),
            horizon: coverage.requiredUntil,
            hasDefault: coverage.hasDefaultPartition
        )
    }

    // MARK: - Many tables

    /// The most urgent first, as the plan has them.
    private var compact: Page {
        var page = Page()
        let rows = managed.compactMap { table -> (String, TimeLine, String, Page.Tone)? in
            guard let line = Self.timeLine(table) else { return nil }
            var remarks = [KeyText.days(table.plan.coverage?.daysRemaining)]
            if table.plan.coverage?.coveredUntil == nil { remarks = ["now has no partition"] }
            if let rows = table.extra, rows.isRemarkable { remarks.append("default: \(rows.words)") }
            if !StandingView(table.standing).isFine { remarks.append(StandingView(table.standing).words) }
            return (table.plan.table.description, line, remarks.joined(separator: ", "), Self.tone(table.plan))
        }
        page.drawing { rendition in
            let widest = rendition.drawingWidth / 3
            let names = min(widest, rows.map { DisplayWidth.of(Page.plain($0.0)) }.max() ?? 0)
            let count = max(10, rendition.drawingWidth - names - 18)
            return rows.map { name, line, remarks, tone in
                let name = DisplayWidth.truncated(Page.plain(name), to: names)
                let padding = String(repeating: " ", count: max(0, names - DisplayWidth.of(name)) + 2)
                return Page.Line(
                    [Page.Span(name + padding)] + line.bar(count) + [Page.Span("  \(remarks)", tone)],
                    hanging: names + 2
                )
            }
        }
        return page
    }

    // MARK: - Words

    /// Less than the buffer is worth a look, nothing at all an alarm.
    private static func tone(_ plan: TablePlan) -> Page.Tone {
        guard let coverage = plan.coverage else { return .plain }
        if coverage.coveredUntil == nil { return .removed }
        return coverage.isComplete ? .plain : .changed
    }

    private static func tone(_ standing: RegistryStanding) -> Page.Tone {
        switch standing {
        case .unconfigured, .unmanaged, .current: .plain
        case .unpublished, .drifted: .changed
        case .foreign, .unreadable: .removed
        }
    }

    /// Such as `2026-11-26 04:30:00 UTC`.
    static func time(_ instant: Instant) -> String {
        "\(ZoneRules.utc.civil(Instant(microseconds: instant.microseconds / 1_000_000 * 1_000_000))) UTC"
    }
}

extension LastRun {
    /// Such as `2026-11-25 02:00:00 UTC (1 d 2 h ago), rotate took 12 s and exited 0`.
    func words(at now: Instant) -> String {
        switch self {
        case .none: return "none is written down"
        case .unknown(let why): return "unknown here: \(why)"
        case .run(let run):
            let age = Quantity.seconds((Double(now.microseconds - run.startedAt) / 1_000_000).rounded())
            let took = Quantity.seconds(Double(run.finishedAt - run.startedAt) / 1_000_000)
            let start = StatusPage.time(Instant(microseconds: run.startedAt))
            return "\(start) (\(age) ago), \(run.command) took \(took) and exited \(run.exitStatus)"
        }
    }
}

extension DefaultRows {
    fileprivate var isRemarkable: Bool {
        switch self {
        case .noDefaultPartition, .exactly(0): false
        default: true
        }
    }

    fileprivate var sentence: String {
        switch self {
        case .noDefaultPartition: "none"
        case .exactly(0): "empty"
        case .exactly(1): "1 row"
        case .unknown: words
        default: "\(words) rows"
        }
    }
}

extension StandingView {
    fileprivate var isFine: Bool { ["none", "unmanaged", "current"].contains(state) }

    fileprivate var sentence: String {
        switch state {
        case "none", "unmanaged": "not compared"
        case "current": "\(words), as the catalog"
        default: words
        }
    }
}
