// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Provisioning

/// A plan as a script for psql.
struct RunbookText {
    private let result: PlanResult

    init(_ result: PlanResult) {
        self.result = result
    }

    var text: String {
        var lines = comment(
            "The plan of partition-cli for the database \(result.plan.database), made at \(result.plan.now).",
            "Run it with psql, as the role \(result.role), which the plan was made with. It stops at the first error; nothing of that step was",
            "done then, and what was done before stands. Where a lock can't be had (55P03) or takes too long (57014), run",
            "partition-cli plan --sql again and go on with that. It publishes no map: partition-cli rotate does."
        )
        lines += notes
        guard !result.plan.isEmpty else {
            return (lines + comment("There is nothing to do.")).joined(separator: "\n") + "\n"
        }
        lines += ["", "\\set ON_ERROR_STOP on"]
        // What a query answers is no news here.
        lines += Runbook.preparation(as: result.role).map { $0 + ($0.hasPrefix("SELECT") ? " \\g /dev/null" : ";") }
        for table in result.plan.tables {
            for chapter in result.chapters[table.table] ?? [] {
                lines += [""] + comment(chapter.title)
                lines += chapter.statements.map { $0.hasSuffix("\\gexec") ? $0 : $0 + ";" }
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// What stays to be done by hand, or by the next plan, is said where it is read: the script alone may reach whoever runs it.
    private var notes: [String] {
        var page = Page()
        for table in result.plan.tables {
            let findings = table.findings.filter(\.isOpen)
            guard !findings.isEmpty else { continue }
            page.line("Not in this script, of \(table.table):")
            for finding in findings { page.append(FindingPage.page(of: finding)) }
        }
        page.append(LeftAlonePage.page(of: result.plan.tables))
        let text = page.text(Rendition(width: 118))
        guard !text.isEmpty else { return [] }
        return ["--"] + text.split(separator: "\n").flatMap { comment(String($0)) }
    }

    /// A name with a line break in it must not end the comment.
    private func comment(_ lines: String...) -> [String] { lines.map { "-- " + Page.plain($0) } }
}
