// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionRegistryPostgres
import Partitioning
import Provisioning

/// `status` for people: how long tables are covered, and what else is to be known of them.
struct StatusPage {
    let result: StatusResult
    /// Every table and every name is shown.
    var isWhole = false

    /// Of more tables only what isn't as it should be is said in words, so that the screen stays one.
    private static let detailed = 4

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
            page.section(driftedMaps)
            page.section(Self.single("there are no partitioned tables"))
            return page
        }
        let rows = managed.compactMap(Self.row)
        if rows.count > 1 {
            let chart = CoverageChart(rows, now: server.now, isWhole: isWhole)
            let summary = chart.summary
            page.section(Self.single(summary.text, summary.tone))
            page.section(chart.page)
        }
        if managed.count > Self.detailed {
            page.section(StatusNotes(tables: managed, isWhole: isWhole).page)
        } else {
            for table in managed { page.section(self.page(of: table, isAlone: rows.count == 1)) }
        }
        page.section(LeftAlonePage.page(of: result.inspection.tables.map(\.plan)))
        page.section(driftedMaps)
        return page
    }

    /// Routers go by these, and no table above says so.
    private var driftedMaps: Page {
        var page = Page()
        for map in result.driftedMaps {
            page.line("\(map.table)", .heading)
            page.line("registry: \(StandingView(map.standing).sentence)", indent: 2, Self.tone(map.standing))
            if let remedy = map.finding(registry: result.inspection.registry.name)?.remedy {
                page.line("to do: \(remedy)", indent: 4)
            }
        }
        return page
    }

    private static func single(_ text: String, _ tone: Page.Tone = .plain) -> Page {
        var page = Page()
        page.line(text, tone)
        return page
    }

    private static func row(_ table: Table) -> CoverageChart.Row? {
        guard let policy = table.plan.policy, let coverage = table.plan.coverage else { return nil }
        let line = TimeLine(
            ranges: table.ranges,
            now: policy.coordinate(of: table.now),
            horizon: coverage.requiredUntil,
            hasDefault: coverage.hasDefaultPartition
        )
        return CoverageChart.Row(name: table.plan.table, policy: policy, coverage: coverage, line: line)
    }

    // MARK: - A table

    /// - Parameter isAlone: its line of time is drawn with it.
    private func page(of table: Table, isAlone: Bool) -> Page {
        var page = Page()
        guard let row = Self.row(table) else { return page }
        let (coverage, key) = (row.coverage, KeyText(row.policy))
        page.line([
            Page.Span(table.plan.table.description, .heading),
            Page.Span("  \(key.interval), \(counted(table.partitions.count, "partition"))"),
        ])
        if isAlone { page.drawing { Self.drawing(row.line, key, $0) } }
        page.line(Self.coverage(of: table, coverage, key), indent: 2, coverage.tone)
        for gap in coverage.missing.prefix(3) { page.line("no partition: \(key.display(gap))", indent: 2, .removed) }
        if coverage.missing.count > 3 {
            page.line("… and \(coverage.missing.count - 3) more gaps", indent: 2, .removed)
        }
        for gap in coverage.gapsInThePast.prefix(2) {
            page.line("gap in the past: \(key.display(gap))", indent: 2, .changed)
        }
        if let rows = table.extra { page.line("default partition: \(rows.sentence)", indent: 2) }
        page.line("registry: \(StandingView(table.standing).sentence)", indent: 2, Self.tone(table.standing))
        if isAlone { page.drawing { Self.legend(row.line, $0) } }
        return page
    }

    private static func coverage(of table: Table, _ coverage: CoverageReport, _ key: KeyText) -> String {
        let needed = "needed until \(key.display(coverage.requiredUntil))"
        guard let end = coverage.coveredUntil else { return "now has no partition, \(needed)" }
        if end == .max { return "covered for ever, \(needed)" }
        return "covered until \(key.display(end)), \(KeyText.days(coverage.daysRemaining)) left, \(needed)"
    }

    /// The columns between the indents.
    private static func width(_ rendition: Rendition) -> Int { rendition.drawingWidth - 4 }

    private static func drawing(_ line: TimeLine, _ key: KeyText, _ rendition: Rendition) -> [Page.Line] {
        let (count, window) = (width(rendition), line.window)
        let (first, last) = (key.brief(window.lower, in: window), key.brief(window.upper, in: window))
        let between = String(repeating: " ", count: max(1, count - first.count - last.count))
        return [
            Page.Line([Page.Span(line.marks(count, horizon: "end of the buffer"))], indent: 2),
            Page.Line(line.bar(count), indent: 2),
            Page.Line([Page.Span(first + between + last, .faint)], indent: 2),
        ]
    }

    private static func legend(_ line: TimeLine, _ rendition: Rendition) -> [Page.Line] {
        TimeLine.legendLines(TimeLine.legend([line], width(rendition)), rendition.drawingWidth)
    }

    // MARK: - Words

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
    fileprivate var sentence: String {
        switch state {
        case "none", "unmanaged": "not compared"
        case "current": "\(words), as the catalog"
        default: words
        }
    }
}
