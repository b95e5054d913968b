// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Provisioning

/// What came of publishing maps, for `registry repair` and `registry import`.
struct RegistryPublication {
    var command: String
    var registry: RegistryChoice
    var outcomes: [RelationName: Publisher.Outcome]
    /// Tables that have no policy, of which nothing is published.
    var leftAlone: [TablePlan] = []
    /// Tables that were asked for by name.
    var named: Set<RelationName> = []
    /// Maps that were refused before the registry was asked.
    var refused: Set<RelationName> = []

    var status: ExitStatus {
        let failures = outcomes.filter { $0.value.isFailure }.keys
        return .mostSevere(
            failures.map { refused.contains($0) ? .failed : .unpublished }
                + (leftAlone.contains { named.contains($0.table) } ? [.failed] : [])
        )
    }

    var page: Page {
        var page = Page()
        for (table, outcome) in outcomes.sorted(by: { $0.key < $1.key }) {
            switch outcome {
            case .unchanged(let version): page.line("\(table): version \(version) is as it must be")
            case .published(let version): page.line("\(table): published as version \(version)", .added)
            case .withdrawn(let version):
                page.line("\(table): withdrawn, version \(version) names no partition", .removed)
            case .failed(let why, let remedy):
                page.line("\(table): not published: \(why)", .removed)
                if let remedy { page.labelled("to do", remedy, indent: 2) }
            }
        }
        page.section(LeftAlonePage.page(of: leftAlone))
        if !page.isEmpty { page.line() }
        let published = outcomes.values.filter { if case .published = $0 { true } else { false } }.count
        let withdrawn = outcomes.values.filter { if case .withdrawn = $0 { true } else { false } }.count
        let failed = outcomes.values.filter(\.isFailure).count
        page.line(
            "\(counted(published, "map")) published in \(registry.name)"
                + (withdrawn > 0 ? ", \(withdrawn) withdrawn" : "") + (failed > 0 ? ", \(failed) not" : ""),
            .heading
        )
        return page
    }

    struct View: Encodable {
        struct Table: Encodable {
            var table: NameView
            var publication: RotationView.Publication
        }

        let schemaVersion = 1
        var command: String
        var exitStatus: Int32
        var registry: RegistryView
        var tables: [Table]
    }

    var view: View {
        View(
            command: command,
            exitStatus: status.code,
            registry: RegistryView(registry),
            tables: outcomes.sorted { $0.key < $1.key }.map { table, outcome in
                View.Table(table: NameView(table), publication: RotationView.Publication(outcome))
            }
        )
    }
}
