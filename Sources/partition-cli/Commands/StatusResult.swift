// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Provisioning

/// What `status` shows.
struct StatusResult {
    var inspection: Inspection.Result<DefaultRows>

    var page: Page {
        var page = Page()
        page.line(
            "database \(inspection.server.database), PostgreSQL \(Self.version(inspection.server.version)), "
                + "server's clock \(inspection.server.now)",
            .heading
        )
        if inspection.server.isInRecovery { page.line("the server is a standby") }
        if let file = inspection.policyFile { page.line("policy: \(file)") }
        page.line("registry: " + (inspection.registry.reason ?? inspection.registry.name))
        page.line()
        guard !inspection.tables.isEmpty else {
            page.line("there are no partitioned tables")
            return page
        }
        let managed = inspection.tables.filter { $0.plan.policy != nil }
        if !managed.isEmpty {
            let header = ["TABLE", "INTERVAL", "COVERED UNTIL", "LEFT", "DEFAULT ROWS", "REGISTRY"]
            page.columns([header] + managed.map(Self.row)) { $0 == 0 ? .heading : Self.tone(managed[$0 - 1].plan) }
        }
        page.section(LeftAlonePage.page(of: inspection.tables.map(\.plan)))
        return page
    }

    private static func row(_ table: Inspection.Table<DefaultRows>) -> [String] {
        guard let policy = table.plan.policy, let coverage = table.plan.coverage else { return [] }
        let key = KeyText(policy)
        return [
            table.plan.table.description,
            key.interval,
            coverage.coveredUntil.map(key.display) ?? "not now",
            KeyText.days(coverage.daysRemaining),
            table.extra?.words ?? "-",
            StandingView(table.standing).words,
        ]
    }

    /// Less than the buffer is worth a look, nothing at all an alarm.
    private static func tone(_ plan: TablePlan) -> Page.Tone {
        guard let coverage = plan.coverage else { return .plain }
        if coverage.coveredUntil == nil { return .removed }
        return coverage.isComplete ? .plain : .changed
    }

    private static func version(_ number: Int) -> String { "\(number / 10_000).\(number % 10_000)" }

    struct View: Encodable {
        struct Table: Encodable {
            var table: NameView
            @Nullable var leftAlone: LeftAloneView?
            @Nullable var policy: PolicyView?
            @Nullable var coverage: CoverageView?
            var partitions: Int
            @Nullable var defaultRows: DefaultRowsView?
            var registry: StandingView
        }

        let schemaVersion = 1
        let command = "status"
        let exitStatus: Int32 = 0
        var database: String
        var now: String
        var serverVersion: String
        var isStandby: Bool
        @Nullable var policyFile: String?
        var registry: RegistryView
        var tables: [Table]
    }

    var view: View {
        View(
            database: inspection.server.database,
            now: inspection.server.now.description,
            serverVersion: Self.version(inspection.server.version),
            isStandby: inspection.server.isInRecovery,
            policyFile: inspection.policyFile,
            registry: RegistryView(inspection.registry),
            tables: inspection.tables.map { table in
                View.Table(
                    table: NameView(table.plan.table),
                    leftAlone: table.plan.leftAlone.map(LeftAloneView.init),
                    policy: table.plan.policy.map(PolicyView.init),
                    coverage: table.plan.coverage.map(CoverageView.init),
                    partitions: table.partitions.count,
                    defaultRows: table.extra.flatMap(DefaultRowsView.init),
                    registry: StandingView(table.standing)
                )
            }
        )
    }
}

/// The rows of a default partition, for programs.
struct DefaultRowsView: Encodable {
    /// nil where they were not counted to the end.
    @Nullable var exact: Int64?
    @Nullable var atLeast: Int64?
    @Nullable var estimate: Int64?

    init?(_ rows: DefaultRows) {
        switch rows {
        case .noDefaultPartition: return nil
        case .exactly(let count): (exact, atLeast, estimate) = (count, count, nil)
        case .more(let least, let estimated): (exact, atLeast, estimate) = (nil, least + 1, estimated)
        case .estimated(let count): (exact, atLeast, estimate) = (nil, nil, count)
        case .unknown: (exact, atLeast, estimate) = (nil, nil, nil)
        }
    }
}

extension DefaultRows {
    /// One cell of a table.
    var words: String {
        switch self {
        case .noDefaultPartition: "-"
        case .exactly(let count): "\(count)"
        case .more(_, let estimate?), .estimated(let estimate): "about \(estimate)"
        case .more(let least, nil): "more than \(least)"
        case .unknown(let why): "unknown (\(why))"
        }
    }
}
