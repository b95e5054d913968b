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
    var hasPlan = false
    /// The last reading of the catalog, as long as nothing was done after it.
    var standing: Observation?

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
        earlier.expected = result.expected ?? earlier.expected
        results[table] = earlier
    }

    /// Enters what took effect although its end wasn't seen: the table is a partition now, or the plan doesn't ask for the step any more.
    ///
    /// - Returns: what was entered.
    mutating func settle(_ observation: Observation) -> [StepReport] {
        var settled: [StepReport] = []
        for (table, unknown) in uncertain {
            let isDone =
                if unknown.step.creation != nil {
                    observation.snapshot.tables.contains { $0.partitions.contains { $0.oid == unknown.oid } }
                } else {
                    !observation.plan.steps.contains { $0.action == unknown.step.action }
                }
            guard isDone else { continue }
            let duration = (ContinuousClock.now - unknown.since) / .seconds(1)
            let report = StepReport(step: unknown.step, result: .done(attempts: 1), duration: duration)
            results[table]?.steps.append(report)
            settled.append(report)
            if let oid = unknown.oid { results[table]?.created.append(oid) }
        }
        uncertain = [:]
        return settled
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
