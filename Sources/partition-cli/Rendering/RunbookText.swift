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
            "Run it with psql, as the role that the plan was made with. It stops at the first error; nothing of that step was",
            "done then, and what was done before stands. Where a lock can't be had (55P03) or takes too long (57014), run",
            "partition-cli plan --sql again and go on with that. It publishes no map: partition-cli rotate does."
        )
        guard !result.plan.isEmpty else {
            return (lines + comment("There is nothing to do.")).joined(separator: "\n") + "\n"
        }
        lines += ["", "\\set ON_ERROR_STOP on"]
        lines += Runbook.preparation.map { $0 + ";" }
        for table in result.plan.tables {
            for chapter in result.chapters[table.table] ?? [] {
                lines += [""] + comment(chapter.title)
                lines += chapter.statements.map { $0.hasSuffix("\\gexec") ? $0 : $0 + ";" }
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// A name with a line break in it must not end the comment.
    private func comment(_ lines: String...) -> [String] { lines.map { "-- " + Page.plain($0) } }
}
