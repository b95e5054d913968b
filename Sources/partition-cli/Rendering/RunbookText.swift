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
            "Run it with psql on that database, as the role \(result.server.role), which the plan was made with; anywhere else, and beside a run, it",
            "stops at once and has changed nothing. A step that fails is undone as a whole, but for an index that was being built, of which an",
            "invalid one may stay. What comes after it for the same table is left out; what was done before stands, the other tables are done,",
            "and psql ends with status 3. Then, also where a lock couldn't be had (55P03) or took too long (57014), make the script again with",
            "partition-cli plan --sql and run that: it has what is left. It publishes no map: partition-cli rotate does."
        )
        lines += notes
        guard !result.plan.isEmpty else {
            return (lines + comment("There is nothing to do.")).joined(separator: "\n") + "\n"
        }
        // Whatever this terminal, file or database is in: names below are UTF-8.
        lines += ["", "\\encoding UTF8", "\\set AUTOCOMMIT on", "\\set ON_ERROR_STOP on"]
        lines += Runbook.preparation(for: result.server).map(Self.quiet)
        lines += ["\\set ON_ERROR_STOP off", "\\set finished true"]
        for table in result.plan.tables {
            guard let chapters = result.chapters[table.table], !chapters.isEmpty else { continue }
            lines += ["", "\\set go true"]
            for chapter in chapters { lines += [""] + comment(chapter.title) + Self.lines(of: chapter) }
            lines += ["", "\\if :go", "\\else", "\\set finished false"] + Runbook.standingSettings.map(Self.quiet)
            lines += [
                "\\warn \(Self.quoted("\(table.table): a step failed, and what comes after it was left out"))",
                "\\endif",
            ]
        }
        lines += ["", "\\set ON_ERROR_STOP on", "\\if :finished", "\\else", Runbook.unfinished + ";", "\\endif"]
        return lines.joined(separator: "\n") + "\n"
    }

    /// Nothing of a chapter is done once something of its table has failed, unless it has to be.
    private static func lines(of chapter: Runbook.Chapter) -> [String] {
        units(of: chapter.statements).flatMap { unit in
            let isTransaction = unit.hasPrefix("BEGIN")
            let failed = isTransaction ? ["\\if :ERROR", "ROLLBACK;"] : ["\\if :ERROR"]
            let work = [unit] + failed + ["\\set go false", "\\endif"]
            return chapter.isAlwaysDone ? work : ["\\if :go"] + work + ["\\endif"]
        }
    }

    /// A transaction is one message, as a run sends it: psql, stopped or cut off, can't leave a lock behind, and after an error the rest of
    /// it is not tried.
    private static func units(of statements: [String]) -> [String] {
        var units: [String] = []
        var transaction: [String] = []
        for statement in statements {
            if transaction.isEmpty && statement != "BEGIN" {
                units.append(quiet(statement))
                continue
            }
            transaction.append(statement)
            guard statement == "COMMIT" else { continue }
            units.append(transaction.joined(separator: "\\;\n") + ";")
            transaction = []
        }
        return units
    }

    /// What a query answers is no news here.
    private static func quiet(_ statement: String) -> String {
        if statement.hasSuffix("\\gexec") { return statement }
        return statement.hasPrefix("SELECT") ? statement + " \\g /dev/null" : statement + ";"
    }

    /// As an argument of a command of psql.
    private static func quoted(_ text: String) -> String {
        "'" + Page.plain(text).replacing("\\", with: "\\\\").replacing("'", with: "''") + "'"
    }

    /// What stays to be done by hand, or by the next plan, is said where it is read: the script alone may reach whoever runs it.
    private var notes: [String] {
        var page = Page()
        for table in result.plan.tables {
            let findings = table.openFindings
            let hindrances = result.hindrances[table.table] ?? []
            if !hindrances.isEmpty { page.line("A run would not do \(table.table) now, and this script doesn't look:") }
            for hindrance in hindrances { page.append(HindrancePage.page(of: hindrance)) }
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
