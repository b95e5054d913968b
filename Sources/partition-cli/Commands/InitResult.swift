// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import PolicyFile

/// What `init` wrote down, and what not.
struct InitResult {
    var file: String
    var database: String
    var document: PolicyDocument
    var draft: PolicyDraft

    var page: Page {
        var page = Page()
        page.line("\(file): \(counted(document.tables.count, "table")) of the database \(database)", .heading)
        let rows = document.tables.map { table -> [String] in
            guard case .range(let level)? = table.levels.first else { return [] }
            let buffer = table.settings.buffer ?? document.defaults.buffer
            let first = draft.firstSteps[table.name].map { "first plan: \(FirstPlan($0).words)" }
            let words = [buffer.map { "buffer \($0)" }, first].compactMap(\.self).joined(separator: "; ")
            return ["+", table.name.description, "every \(level.period)", words]
        }
        // The widest names are cut, as in status: the file has them whole.
        page.drawing { Self.drawing(rows, $0) }
        page.section(LeftAlonePage.page(of: draft.leftOut.map { ($0.table, $0.explanation, $0.remedy) }))
        page.line()
        page.line(draft.firstSentence, .heading)
        page.line("look through it, then: partition-cli plan --config=\(file)")
        return page
    }

    private static func drawing(_ rows: [[String]], _ rendition: Rendition) -> [Page.Line] {
        let rows = rows.map { $0.map(Page.plain) }
        let every = rows.map { DisplayWidth.of($0[2]) }.max() ?? 0
        let words = rows.map { DisplayWidth.of($0[3]) }.max() ?? 0
        let longest = rows.map { DisplayWidth.of($0[1]) }.max() ?? 0
        let room = (rendition.width ?? .max) - 5 - every - 4 - min(words, 12)
        let width = min(longest, max(room, 12))
        return rows.map { row in
            let name = DisplayWidth.truncated(row[1], to: width, ellipsis: rendition.signs("…"))
            let padding = String(repeating: " ", count: width - DisplayWidth.of(name))
            let middle = row[2] + String(repeating: " ", count: every - DisplayWidth.of(row[2]))
            let text = "+  \(name)\(padding)  \(middle)  \(row[3])"
            return Page.Line([Page.Span(text, .added)], indent: 2, hanging: 5 + width + 2)
        }
    }

    struct View: Encodable {
        struct Table: Encodable {
            var table: NameView
            var every: String
            @Nullable var buffer: String?
            /// How many steps of each kind the first plan has.
            var firstPlan: Tally
        }

        struct LeftOut: Encodable {
            var table: NameView
            var explanation: String
            @Nullable var remedy: String?
        }

        let schemaVersion = 1
        let command = "init"
        let exitStatus: Int32 = 0
        var database: String
        var file: String
        var tables: [Table]
        var leftOut: [LeftOut]
    }

    var view: View {
        View(
            database: database,
            file: file,
            tables: document.tables.compactMap { table in
                guard case .range(let level)? = table.levels.first else { return nil }
                return View.Table(
                    table: NameView(table.name),
                    every: level.period.description,
                    buffer: (table.settings.buffer ?? document.defaults.buffer)?.description,
                    firstPlan: Tally(draft.firstSteps[table.name] ?? [])
                )
            },
            leftOut: draft.leftOut.map {
                View.LeftOut(table: NameView($0.table), explanation: $0.explanation, remedy: $0.remedy)
            }
        )
    }
}

extension PolicyDraft {
    fileprivate var firstSentence: String {
        firstSteps.isEmpty
            ? "The first plan with it is empty."
            : "The first plan with it is not empty: \(FirstPlan(firstSteps.values.joined()).words)."
    }

    /// The file's text.
    func text(_ document: PolicyDocument, of server: ServerFacts) -> String {
        let day = server.now.description.prefix(10)
        var header = [
            "Written by partition-cli init from the database \(server.database) on \(day). It says what the tables are;",
            "what they should be is yours to write. docs/policy-file.md explains every key.",
        ]
        header.append(firstSentence)
        if document.database == nil {
            header.append(
                "The database is given by --db-url, DB_URL or libpq's PG… variables; or here: database: ${DB_URL}"
            )
        }
        if document.registry == nil {
            header.append("Where maps are published: --registry-url, REGISTRY_URL, or here: registry: self")
        }
        var footer: [String] = []
        if !leftOut.isEmpty {
            footer = ["Left out:"] + leftOut.map { "  \($0.table): \($0.explanation)" }
        }
        return PolicyWriter(schema: nil, header: header, notes: notes, footer: footer).text(document)
    }
}
