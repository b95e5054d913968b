// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import Partitioning

extension Hazard {
    /// What the plan found of the tables, as hazards. That a plan is capped is no hazard.
    package static func hazards(of plan: Plan, role: String) -> [Hazard] {
        let hazards = plan.tables.flatMap { table in
            table.findings.filter { $0.code != .stepCap }.map { hazard(of: $0, in: table) }
        }
        return hazards + (nothingToLookAfter(plan, role: role).map { [$0] } ?? [])
    }

    private static func hazard(of finding: Finding, in table: TablePlan) -> Hazard {
        var hazard = Hazard(
            finding.severity,
            .finding(finding.code),
            table: finding.table,
            object: finding.object,
            finding.message,
            remedy: finding.remedy
        )
        switch finding.code {
        case .notCovered:
            guard let coverage = table.coverage else {
                // Nobody else mends it: rows are refused already.
                hazard.severity = .error
                break
            }
            hazard.evidence = [covered(coverage)]
            // Missing at the far end of the buffer it is only late.
            if let days = coverage.daysRemaining, days >= alarm { hazard.severity = .warning }
        case .privilege: hazard.code = .privilege
        default: break
        }
        return hazard
    }

    /// Days of partitions left below which writers are soon going to be refused; the pattern's alert.
    private static let alarm: Double = 14

    private static func covered(_ coverage: CoverageReport) -> String {
        guard let until = coverage.coveredUntilText else { return "now has no partition" }
        guard let days = coverage.daysRemaining else { return "covered for ever" }
        return
            "covered until \(until): \(Int64(days.rounded(.down))) days left, and until \(coverage.requiredUntilText) required"
    }

    /// A role that may look after no table, though there are some that are others', is a mistake.
    private static func nothingToLookAfter(_ plan: Plan, role: String) -> Hazard? {
        let foreign = plan.tables.filter { table in
            if case .leftAlone(let left) = table.disposition { left.reason == .notOwned } else { false }
        }
        guard !foreign.isEmpty, plan.tables.allSatisfy({ $0.policy == nil }) else { return nil }
        return Hazard(
            .error,
            .privilege,
            object: role,
            "the role \(role) may look after no partitioned table of this database",
            evidence: foreign.prefix(10).map { "\($0.table) belongs to another role" },
            remedy: "connect as their owner, or GRANT the owner's role TO \(quoted(role))"
        )
    }
}
