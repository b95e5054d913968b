// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Provisioning

/// A run for people: tables that are as they were, and well, are only counted.
struct RotationPage {
    let result: RotationResult

    private var report: RunReport { result.report }

    func page(_ status: ExitStatus) -> Page {
        var page = Page()
        switch report.condition {
        case .busy(let holder):
            page.line("nothing was done: another run is at work on \(report.database): \(holder)", .heading)
            return page
        case .standby:
            page.line("the server is a standby: nothing can be done there; this is how the tables stand", .heading)
        case .interrupted:
            page.line(
                "interrupted: what was committed stands and was verified; the next run goes on from there",
                .heading
            )
        case .ordinary:
            break
        }
        for table in report.tables where isRemarkable(table) { page.section(self.page(of: table)) }
        page.section(LeftAlonePage.page(of: leftAlone))
        page.section(otherMaps)
        for quota in result.quotas { page.line(QuotaView(quota).text(isDefault: quota == result.quota)) }
        for remark in replication { page.line(remark) }
        if !page.isEmpty { page.line() }
        page.line(summary(status), .heading)
        return page
    }

    private var replication: [String] {
        guard report.condition != .standby else { return [] }
        return report.replication?.remarks ?? [
            "replication: --max-lag switches the lag breaker off; no standby is waited for"
        ]
    }

    /// Tables that are as they were, and well, are only counted.
    private func isRemarkable(_ table: TableReport) -> Bool {
        guard table.outcome != .leftAlone else { return false }
        return !table.steps.isEmpty || table.outcome != .converged || table.findings.contains { $0.severity > .note }
            || publication(of: table)?.isNews == true
    }

    private func publication(of table: TableReport) -> Publisher.Outcome? { report.publications?[table.table] }

    private var leftAlone: [(table: RelationName, explanation: String, remedy: String?)] {
        report.tables.filter { $0.outcome == .leftAlone }.map { table in
            let finding = table.findings.first
            let prefix = "\(table.table) is left alone: "
            let message = finding?.message ?? ""
            return (
                table.table, message.hasPrefix(prefix) ? String(message.dropFirst(prefix.count)) : message,
                finding?.remedy
            )
        }
    }

    private func page(of table: TableReport) -> Page {
        var page = Page()
        page.line("\(table.table): \(words(table))", .heading)
        page.append(steps(of: table))
        page.append(details(of: table))
        if let outcome = publication(of: table), outcome.isNews || !table.steps.isEmpty {
            page.append(self.page(of: outcome))
        }
        return page
    }

    /// What to do, who is in the way, and what else was found.
    private func details(of table: TableReport) -> Page {
        var page = Page()
        var said: Set<String> = []
        if case .failed(let failure) = table.outcome {
            said.insert(failure.message)
            if let remedy = failure.remedy, !report.isUnfinished(table) { page.line("to do: \(remedy)", indent: 4) }
        }
        for case .deferred(let why, let blockers) in table.steps.map(\.result).prefix(1) {
            for blocker in blockers.prefix(5) {
                if !why.contains("\(blocker)") {
                    page.line("in the way: \(blocker.descriptionWithQuery)", indent: 4, .changed)
                } else if let pid = blocker.pid, let query = blocker.query {
                    page.line("query of pid \(pid): \(query)", indent: 4, .changed)
                }
            }
        }
        for finding in table.findings
        where finding.severity > .note && finding.isOpen && said.insert(finding.message).inserted {
            page.append(FindingPage.page(of: finding))
        }
        return page
    }

    /// All steps but the middle ones of a long series that came to the same.
    private func steps(of table: TableReport) -> Page {
        var rows: [([String], Page.Tone)] = []
        var rest = table.steps[...]
        while let first = rest.first {
            let series = rest.prefix { $0.kind == first.kind }
            rest = rest.dropFirst(series.count)
            let isLong = series.count > 12
            for step in isLong ? series.prefix(5) : series { rows.append(row(of: step, in: table)) }
            guard isLong, let last = series.last else { continue }
            rows.append((["", "… \(series.count - 6) more like these"], .faint))
            rows.append(row(of: last, in: table))
        }
        var page = Page()
        // Rows of the same shape stand under each other.
        var left = rows[...]
        while let first = left.first {
            let block = Array(left.prefix { $0.0.count == first.0.count })
            left = left.dropFirst(block.count)
            page.columns(block.map(\.0), indent: 2) { block[$0].1 }
        }
        return page
    }

    /// What the table's own line says isn't said again.
    private func row(of step: StepReport, in table: TableReport) -> ([String], Page.Tone) {
        let words =
            switch (step.result, table.outcome) {
            case (.skipped(let why), .quotaExceeded(let said)) where why == said: "skipped"
            case (.deferred(let why, _), .deferred(let said)) where why == said: "deferred"
            case (.failed(let why), .failed(let said)) where why == said: "failed"
            default: step.words
            }
        return (step.step.filledWords(table.policy) + [words], step.tone)
    }

    private func words(_ table: TableReport) -> String {
        guard let policy = table.policy, let coverage = table.coverage else { return state(of: table) }
        let until = KeyText(policy).covered(coverage)
        return table.outcome == .converged ? until : "\(until); \(state(of: table))"
    }

    private func state(of table: TableReport) -> String {
        switch table.outcome {
        case .converged: "done"
        case .leftAlone: "left alone"
        case .deferred(let why): "deferred: \(why)"
        case .quotaExceeded(let why): "creation skipped: \(why)"
        case .failed where report.isUnfinished(table): "not finished"
        case .failed(let failure): "failed: \(reason(failure, in: table))"
        }
    }

    /// The failure's words, without the table's name at their beginning.
    private func reason(_ failure: Failure, in table: TableReport) -> String {
        let name = "\(table.table) is "
        let message = failure.message.hasPrefix(name) ? failure.message.dropFirst(name.count) : failure.message[...]
        return message + (failure.sqlState.map { " (SQLSTATE \($0))" } ?? "")
    }

    /// Of tables that are not looked after, or not there any more.
    private var otherMaps: Page {
        var page = Page()
        for (table, outcome) in result.otherMaps where outcome.isNews {
            page.line("\(table)", .heading)
            page.append(self.page(of: outcome))
        }
        return page
    }

    private func page(of outcome: Publisher.Outcome) -> Page {
        var page = Page()
        switch outcome {
        case .unchanged(let version):
            page.line("registry \(result.registry.name): version \(version), unchanged", indent: 2)
        case .published(let version):
            page.line("registry \(result.registry.name): published as version \(version)", indent: 2, .added)
        case .withdrawn(let version):
            page.line(
                "registry \(result.registry.name): withdrawn, version \(version) names no partition",
                indent: 2,
                .removed
            )
        case .failed(let why, let remedy):
            page.line("registry \(result.registry.name): not published: \(why)", indent: 2, .removed)
            if let remedy { page.line("to do: \(remedy)", indent: 4) }
        }
        return page
    }

    private func summary(_ status: ExitStatus) -> String {
        if report.tables.isEmpty, result.otherMaps.isEmpty { return "nothing to do: there are no partitioned tables" }
        let counts = RunSummary(report)
        let parts = counts.parts
        if parts.isEmpty, status == .success {
            let tables = counted(result.managedTables.count, "table")
            let horizon = result.policyFile.map { "the policy \($0)" } ?? counted(result.bufferDays, "day")
            return "nothing to do: \(tables) covered to the horizon of \(horizon)"
        }
        if parts.isEmpty { return "nothing was done: not every table can be looked after" }
        return parts.joined(separator: ", ")
    }
}

extension Publisher.Outcome {
    /// Whether the map isn't as it was.
    var isNews: Bool {
        if case .unchanged = self { false } else { true }
    }
}

extension StepReport {
    var words: String {
        let time = "\((duration * 1000).rounded() / 1000) s"
        return switch result {
        case .done(let attempts): attempts > 1 ? "done in \(time), \(attempts) attempts" : "done in \(time)"
        case .deferred(let why, _): "deferred: \(why)"
        case .failed(let failure):
            "failed: \(failure.message)" + (failure.sqlState.map { " (SQLSTATE \($0))" } ?? "")
        case .skipped(let why): "skipped: \(why)"
        }
    }

    /// Results of the same kind, for people.
    fileprivate var kind: Int {
        switch result {
        case .done: 0
        case .deferred: 1
        case .failed: 2
        case .skipped: 3
        }
    }

    fileprivate var tone: Page.Tone {
        switch result {
        case .done: step.tone
        case .failed: .removed
        case .deferred, .skipped: .changed
        }
    }
}

extension Finding {
    /// Whether it is told beside the steps: what a step mends is told by the step, and why a table is left alone beside its name.
    fileprivate var isOpen: Bool {
        switch code {
        case .leftAlone, .notCovered, .missingIndex, .leftoverCheck, .privilege, .unreadableBound: false
        default: true
        }
    }
}
