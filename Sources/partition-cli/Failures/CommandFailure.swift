// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PolicyFile

/// Why a command ended early: what happened, to what, why, and what to do next. No secret, no SQL, no stack trace.
struct CommandFailure: Error, Hashable {
    var status: ExitStatus
    /// One sentence without a full stop.
    var message: String
    var remedy: String?
    /// As PostgreSQL gave it.
    var sqlState: String?
    /// What else is wrong, a sentence each: a file may have several mistakes.
    var others: [String] = []
    /// How many of these people are shown; the JSON has all of them.
    var shownOthers = Int.max
    /// They are parts of the same error, not errors of their own.
    var othersAreParts = false

    init(_ status: ExitStatus, _ message: String, remedy: String? = nil, sqlState: String? = nil) {
        self.status = status
        self.message = message
        self.remedy = remedy
        self.sqlState = sqlState
    }

    /// - Parameters:
    ///   - issues: what is wrong with a policy file, one at least.
    ///   - more: how much else is.
    init(policy issues: [PolicyIssue], more: Int) {
        self.init(
            .configuration,
            issues.first?.description ?? "the policy file is wrong",
            remedy: "correct the file; nothing was run. docs/policy-file.md has the grammar"
        )
        others = issues.dropFirst().map(\.description) + (more > 0 ? ["and \(more) more"] : [])
    }

    /// For standard error.
    var page: Page {
        var page = Page()
        let code = sqlState.map { " (SQLSTATE \($0))" } ?? ""
        page.line([Page.Span("error:", .removed), Page.Span(" \(message)\(code)")])
        for other in others.prefix(shownOthers) {
            if othersAreParts {
                page.line(other, indent: 2)
            } else {
                page.line([Page.Span("error:", .removed), Page.Span(" \(other)")])
            }
        }
        if others.count > shownOthers {
            page.line("… \(others.count - shownOthers) more like these; --output=json has them all", indent: 2, .faint)
        }
        // Two statements are two lines.
        for (index, line) in (remedy?.split(separator: "\n").map(String.init) ?? []).enumerated() {
            if index == 0 { page.labelled("to do", line, indent: 2) } else { page.line(line, indent: 9) }
        }
        return page
    }

    /// The same where nothing is known of who reads it.
    var text: String { page.text(Rendition()) }
}
