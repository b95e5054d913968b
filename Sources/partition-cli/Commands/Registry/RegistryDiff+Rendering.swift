// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap

extension RegistryDiff {
    var page: Page {
        var page = Page()
        for table in tables where table.isFinding { page.section(table.page) }
        if !page.isEmpty { page.line() }
        let compared = tables.filter { $0.standing != .unmanaged }
        let differing = compared.filter(\.isFinding).count
        page.line(
            "\(counted(compared.count, "map")) compared with \(registry.name): "
                + (differing == 0 ? "all as the catalog says" : "\(differing) not as the catalog says"),
            .heading
        )
        let alone = tables.count - compared.count
        if alone > 0 { page.line("\(counted(alone, "table")) left alone, of which no map is published") }
        return page
    }

    struct View: Encodable {
        struct Table: Encodable {
            var table: NameView
            var state: String
            @Nullable var version: Int64?
            @Nullable var message: String?
            @Nullable var remedy: String?
            @Nullable var publishedBy: Publisher?
            @Nullable var takeOver: String?
            var members: [String]
            var changes: [Change]
        }

        struct Publisher: Encodable {
            var systemIdentifier: String
            var database: String
            var timeline: Int64
            var lsn: String
        }

        struct Change: Encodable {
            var change: String
            var partition: String
            @Nullable var published: String?
            @Nullable var catalog: String?
        }

        let schemaVersion = 1
        let command = RegistryDiffCommand.name
        var exitStatus: Int32
        var database: String
        @Nullable var policyFile: String?
        var registry: RegistryView
        var tables: [Table]
    }

    var view: View {
        View(
            exitStatus: status.code,
            database: database,
            policyFile: policyFile,
            registry: RegistryView(registry),
            tables: tables.map(\.view)
        )
    }
}

extension RegistryDiff.Table {
    fileprivate var page: Page {
        var page = Page()
        page.line("\(name)", .heading)
        page.line(StandingView(standing).words, indent: 2, .removed)
        // The words of a foreign map have the reason.
        if case .foreign = standing {} else if let refusal { page.line("\(refusal)", indent: 2, .removed) }
        if let header {
            page.line(
                "published by database \(header.database) of cluster \(header.systemIdentifier), timeline \(header.timeline), at \(header.lsn)",
                indent: 2,
                .faint
            )
        }
        let changes = difference?.changes ?? []
        page.columns(changes.map(\.row), indent: 2) { changes[$0].tone }
        for member in difference?.members ?? [] { page.line("~ \(member) differs", indent: 2, .changed) }
        if let remedy { page.labelled("to do", remedy, indent: 2) }
        return page
    }

    fileprivate var view: RegistryDiff.View.Table {
        let standing = StandingView(standing)
        return RegistryDiff.View.Table(
            table: NameView(name),
            state: standing.state,
            version: standing.version ?? header?.version,
            message: standing.message,
            remedy: remedy,
            publishedBy: header.map {
                RegistryDiff.View.Publisher(
                    systemIdentifier: $0.systemIdentifier,
                    database: $0.database,
                    timeline: $0.timeline,
                    lsn: $0.lsn.description
                )
            },
            takeOver: refusal?.rawValue,
            members: difference?.members ?? [],
            changes: (difference?.changes ?? []).map(RegistryDiff.View.Change.init)
        )
    }
}

extension RegistryDiff.View.Change {
    fileprivate init(_ change: MapDifference.Change) {
        self.init(
            change: change.word,
            partition: NamedTables.qualified(change.partition),
            published: change.before,
            catalog: change.after
        )
    }
}

extension MapDifference.Change {
    var word: String { before == nil ? "added" : after == nil ? "removed" : "changed" }

    fileprivate var tone: Page.Tone { before == nil ? .added : after == nil ? .removed : .changed }

    fileprivate var row: [String] {
        let sign = before == nil ? "+" : after == nil ? "-" : "~"
        return [
            "\(sign) \(NamedTables.qualified(partition))", [before, after].compactMap(\.self).joined(separator: " → "),
        ]
    }
}
