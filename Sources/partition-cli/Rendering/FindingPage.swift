// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning

/// A finding for people.
enum FindingPage {
    static func page(of finding: Finding) -> Page {
        var page = Page()
        page.line("\(word(finding.severity)): \(finding.message)", indent: 2, tone(finding.severity))
        if let remedy = finding.remedy { page.labelled("to do", remedy, indent: 4) }
        return page
    }

    private static func word(_ severity: Finding.Severity) -> String {
        switch severity {
        case .note: "note"
        case .warning: "warning"
        case .error: "error"
        }
    }

    private static func tone(_ severity: Finding.Severity) -> Page.Tone {
        switch severity {
        case .note: .plain
        case .warning: .changed
        case .error: .removed
        }
    }
}

/// The tables that are left as they are, with the reason.
enum LeftAlonePage {
    /// Of more than these, people read none.
    private static let limit = 20

    static func page(of tables: [TablePlan]) -> Page {
        page(
            of: tables.compactMap { table in
                if case .leftAlone(let left) = table.disposition {
                    (table.table, left.explanation, left.remedy)
                } else {
                    nil
                }
            }
        )
    }

    static func page(of tables: [(table: RelationName, explanation: String, remedy: String?)]) -> Page {
        var page = Page()
        guard !tables.isEmpty else { return page }
        page.line("left alone", .heading)
        for (table, explanation, remedy) in tables.prefix(limit) {
            page.line("\(table): \(explanation)", indent: 2)
            if let remedy { page.line("to do: \(remedy)", indent: 4) }
        }
        if tables.count > limit { page.line("… and \(tables.count - limit) more; --output=json has all", indent: 2) }
        return page
    }
}
