// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning

/// What a run has done so far.
struct RunProgress: Sendable {
    var results: [RelationName: TableRun.Result] = [:]
    var finishedTables: Set<RelationName> = []
    /// Tables whose catalog entry changed under their plan, with what showed it.
    var stale: [RelationName: TableRun.Staleness] = [:]
    /// Steps of which only the catalog knows whether they took effect.
    var uncertain: [RelationName: TableRun.Uncertain] = [:]
    var replans = 0
    /// Why the run ended before its plan, where it isn't the tables' fault.
    var brokenOff: String?
    var hasPlan = false
    /// The last reading of the catalog, as long as nothing was done after it.
    var standing: Observation?

    var stepsDone: Int {
        results.values.reduce(0) { sum, result in
            sum + result.steps.count { if case .done = $0.result { true } else { false } }
        }
    }

    /// What came of a table: where the run was broken off, the steps that are left are deferred.
    ///
    /// - Parameter plan: what would still be to be done.
    func result(of plan: TablePlan) -> TableRun.Result {
        var result = results[plan.table] ?? TableRun.Result()
        guard let brokenOff, !finishedTables.contains(plan.table) else { return result }
        result.steps += plan.steps.map {
            StepReport(step: $0, result: .deferred(brokenOff, blockers: []), duration: 0)
        }
        return result
    }

    mutating func absorb(_ result: TableRun.Result, of table: RelationName) {
        standing = nil
        if result.interruption == nil { finishedTables.insert(table) }
        if let staleness = result.staleness { stale[table] = staleness }
        if let unknown = result.uncertain { uncertain[table] = unknown }
        guard var earlier = results[table] else {
            results[table] = result
            return
        }
        // What a later attempt settled is no failure of the table any more.
        let retried = Set(result.steps.map(\.step.target))
        earlier.steps.removeAll { report in
            if case .done = report.result { return false }
            return retried.contains(report.step.target)
        }
        earlier.steps += result.steps
        earlier.findings = result.findings
        earlier.created += result.created
        earlier.quotaExceeded = result.quotaExceeded
        earlier.guardEvents += result.guardEvents
        earlier.expected = result.expected ?? earlier.expected
        results[table] = earlier
    }

    /// Enters what took effect although its end wasn't seen: the table is a partition now, or the plan doesn't ask for the step any more.
    mutating func settle(_ observation: Observation) {
        for (table, unknown) in uncertain {
            let isDone =
                if unknown.step.creation != nil {
                    observation.snapshot.tables.contains { $0.partitions.contains { $0.oid == unknown.oid } }
                } else {
                    !observation.plan.steps.contains { $0.action == unknown.step.action }
                }
            guard isDone else { continue }
            let duration = (ContinuousClock.now - unknown.since) / .seconds(1)
            results[table]?.steps.append(
                StepReport(step: unknown.step, result: .done(attempts: 1), duration: duration)
            )
            if let oid = unknown.oid { results[table]?.created.append(oid) }
        }
        uncertain = [:]
    }

    /// The catalog changed under every plan that was made: what stopped the last one is the failure.
    mutating func giveUpOnStale() {
        for (table, staleness) in stale {
            results[table]?.steps.append(
                StepReport(step: staleness.step, result: .failed(staleness.failure), duration: 0)
            )
        }
        stale = [:]
    }
}
