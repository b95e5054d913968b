// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Provisioning

/// What `verify` found.
struct VerifyResult {
    var inspection: Inspection.Result<[Finding]>
    var findings: [Finding]
    var named: Set<RelationName>

    /// A table that was named and can't be managed is a finding, whatever the reason.
    var status: ExitStatus {
        let namedAlone = inspection.tables.contains { $0.plan.policy == nil && named.contains($0.plan.table) }
        return .mostSevere([
            ExitStatus(findings), namedAlone ? .failed : .success, isIdle ? .privilegeMissing : .success,
        ])
    }

    /// A role that may look after nothing at all is a mistake, and must not look as if all were well.
    private var isIdle: Bool {
        !inspection.tables.contains { $0.plan.policy != nil }
            && inspection.tables.contains { $0.plan.leftAlone?.reason == .notOwned }
    }

    var page: Page {
        var page = Page()
        for table in inspection.tables {
            let own = findings.filter { $0.table == table.plan.table && $0.severity > .note }
            guard !own.isEmpty else { continue }
            var part = Page()
            part.line("\(table.plan.table)", .heading)
            for finding in own { part.append(FindingPage.page(of: finding)) }
            page.section(part)
        }
        let known = Set(inspection.tables.map(\.plan.table))
        for finding in findings where finding.severity > .note && !known.contains(finding.table) {
            var part = Page()
            part.line("\(finding.table)", .heading)
            part.append(FindingPage.page(of: finding))
            page.section(part)
        }
        let quiet = inspection.tables.map(\.plan).filter { !$0.findings.contains { $0.severity > .note } }
        page.section(LeftAlonePage.page(of: quiet))
        if let reason = inspection.registry.reason, !inspection.registry.isUnusable {
            page.line("the registry was not compared: \(reason)")
        }
        if !page.isEmpty { page.line() }
        page.line(summary, .heading)
        return page
    }

    private var summary: String {
        let errors = findings.filter { $0.severity == .error }.count
        let warnings = findings.filter { $0.severity == .warning }.count
        let managed = counted(inspection.tables.filter { $0.plan.policy != nil }.count, "table")
        if errors + warnings == 0 {
            return isIdle
                ? "nothing was checked: this role has the rights of no table's owner"
                : "nothing found: \(managed) checked"
        }
        let parts = [
            errors > 0 ? counted(errors, "error") : nil, warnings > 0 ? counted(warnings, "warning") : nil,
        ].compactMap(\.self)
        // Those that are left alone, too: findings are also of them.
        return "\(parts.joined(separator: " and ")) found in \(counted(inspection.tables.count, "table"))"
    }

    struct View: Encodable {
        struct Table: Encodable {
            var table: NameView
            @Nullable var leftAlone: LeftAloneView?
            @Nullable var coverage: CoverageView?
            var registry: StandingView
        }

        struct Summary: Encodable {
            var tables: Int
            var errors: Int
            var warnings: Int
            var notes: Int
        }

        let schemaVersion = 1
        let command = "verify"
        var exitStatus: Int32
        var database: String
        @Nullable var policyFile: String?
        var registry: RegistryView
        var summary: Summary
        var tables: [Table]
        var findings: [FindingView]
    }

    var view: View {
        View(
            exitStatus: status.code,
            database: inspection.server.database,
            policyFile: inspection.policyFile,
            registry: RegistryView(inspection.registry),
            summary: View.Summary(
                tables: inspection.tables.count,
                errors: findings.filter { $0.severity == .error }.count,
                warnings: findings.filter { $0.severity == .warning }.count,
                notes: findings.filter { $0.severity == .note }.count
            ),
            tables: inspection.tables.map { table in
                View.Table(
                    table: NameView(table.plan.table),
                    leftAlone: table.plan.leftAlone.map(LeftAloneView.init),
                    coverage: table.plan.coverage.map(CoverageView.init),
                    registry: StandingView(table.standing)
                )
            },
            findings: findings.map(FindingView.init)
        )
    }
}

extension TablePlan {
    var leftAlone: LeftAlone? {
        if case .leftAlone(let left) = disposition { left } else { nil }
    }
}
