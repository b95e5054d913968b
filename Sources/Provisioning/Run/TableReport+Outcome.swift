// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import Partitioning

extension RunReport {
    /// Adds what a guard did about a table after its steps.
    mutating func note(_ event: GuardEvent, of table: RelationName) {
        guard let index = tables.firstIndex(where: { $0.table == table }) else { return }
        tables[index].note(event)
    }
}

extension TableReport {
    /// A table that was only looked at, since nothing can be done on a standby.
    package init(onStandby plan: TablePlan) {
        var plan = plan
        for index in plan.findings.indices where plan.findings[index].code == .notCovered {
            plan.findings[index].remedy = "partition-cli rotate on the primary creates it"
        }
        self.init(after: plan, TableRun.Result(), drift: [])
    }

    /// How a table stands, from the plan that would still be made for it and what its steps came to.
    init(after plan: TablePlan, _ result: TableRun.Result, drift: [Finding]) {
        self.init(
            table: plan.table,
            oid: plan.oid,
            outcome: Self.outcome(plan, result, drift),
            policy: plan.policy,
            steps: result.steps,
            coverage: plan.coverage,
            findings: Self.merged(
                result.guardEvents.compactMap { Finding($0, of: plan.table) } + result.findings + drift,
                plan.findings
            )
        )
        guardEvents = result.guardEvents
        quota = result.quota
        quotaExceeded = result.quotaExceeded
    }

    mutating func note(_ event: GuardEvent) {
        guardEvents.append(event)
        if let finding = Finding(event, of: table) { findings.insert(finding, at: 0) }
    }

    private static func outcome(_ plan: TablePlan, _ result: TableRun.Result, _ drift: [Finding]) -> Outcome {
        for case .failed(let failure) in result.steps.map(\.result) { return .failed(failure) }
        if let quotaExceeded = result.quotaExceeded { return .quotaExceeded(quotaExceeded) }
        for case .deferred(let reason, _) in result.steps.map(\.result) { return .deferred(reason) }
        // Rows of now have their partition, and what later ones lack the next runs make: nothing has failed.
        let isUnderWay = result.wasCapped && !plan.steps.isEmpty && plan.coverage?.coveredUntil != nil
        let standing = plan.findings.filter { !(isUnderWay && [.notCovered, .missingIndex].contains($0.code)) }
        if let error = (drift + result.findings + standing).first(where: { $0.severity == .error }) {
            return .failed(Failure(message: error.message, remedy: error.remedy))
        }
        if case .leftAlone = plan.disposition { return .leftAlone }
        if isUnderWay {
            let cap = plan.findings.first { $0.code == .stepCap }
            return .deferred(
                cap?.message
                    ?? "this run took as many steps as one may; what is left (\(plan.steps.count)) the next run does"
            )
        }
        return .converged
    }

    /// Findings of the run first; each thing once.
    private static func merged(_ first: [Finding], _ second: [Finding]) -> [Finding] {
        var seen: Set<Finding> = []
        return (first + second).filter { seen.insert($0).inserted }
    }
}
