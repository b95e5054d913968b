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
            return ["+", table.name.description, "every \(level.period)", buffer.map { "buffer \($0)" } ?? ""]
        }
        page.columns(rows, indent: 2) { _ in .added }
        page.section(LeftAlonePage.page(of: draft.leftOut.map { ($0.table, $0.explanation, $0.remedy) }))
        page.line()
        page.line("look through it, then: partition-cli plan --config=\(file)")
        return page
    }

    struct View: Encodable {
        struct Table: Encodable {
            var table: NameView
            var every: String
            @Nullable var buffer: String?
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
                    buffer: (table.settings.buffer ?? document.defaults.buffer)?.description
                )
            },
            leftOut: draft.leftOut.map {
                View.LeftOut(table: NameView($0.table), explanation: $0.explanation, remedy: $0.remedy)
            }
        )
    }
}

extension PolicyDraft {
    /// The file's text.
    func text(_ document: PolicyDocument, of server: ServerFacts) -> String {
        let day = server.now.description.prefix(10)
        var header = [
            "Written by partition-cli init from the database \(server.database) on \(day). It says what the tables are;",
            "what they should be is yours to write. docs/policy-file.md explains every key.",
        ]
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
