// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning

/// What a run has done so far.
struct RunProgress: Sendable {
    private static let replanLimit = 5

    /// By turn, so that a later one of a table leaves alone what an earlier one found.
    private var results: [RunSchedule.Turn.ID: TableRun.Result] = [:]
    private(set) var finishedTurns: Set<RunSchedule.Turn.ID> = []
    /// Turns under whose plan the catalog changed, with what showed it.
    private(set) var stale: [RunSchedule.Turn.ID: TableRun.Staleness] = [:]
    /// Steps of which only the catalog knows whether they took effect.
    private var uncertain: [RunSchedule.Turn.ID: TableRun.Uncertain] = [:]
    /// How often the server ended our session for being idle in a transaction, by the turn that it was.
    private var idleEnds: [RunSchedule.Turn.ID: Int] = [:]
    private var replans = 0
    /// Why the run ended before its plan, where it isn't the tables' fault.
    var brokenOff: String?
    var hasPlan = false
    /// The last reading of the catalog, as long as nothing was done after it.
    var standing: Observation?

    /// Whether the catalog has to be read anew, and may be once more.
    var shouldReplan: Bool { !stale.isEmpty && replans < Self.replanLimit }

    var createdCount: Int { results.values.reduce(0) { $0 + $1.created.count } }

    /// Clearing away what a lost connection left is no progress: it would go on for ever.
    var stepsDone: Int {
        results.values.reduce(0) { sum, result in
            sum
                + result.steps.count { report in
                    if case .done = report.result { !report.step.clearsAway } else { false }
                }
        }
    }

    /// What came of a table: where the run was broken off, the steps that are left are deferred.
    ///
    /// - Parameter plan: what would still be to be done.
    func result(of plan: TablePlan) -> TableRun.Result {
        var result = result(of: plan.table)
        guard let brokenOff else { return result }
        let reported = Set(result.steps.map(\.step.target))
        result.steps += plan.steps.filter { !reported.contains($0.target) }.map {
            StepReport(step: $0, result: .deferred(brokenOff, blockers: []), duration: 0)
        }
        return result
    }

    mutating func absorb(_ result: TableRun.Result, of turn: RunSchedule.Turn.ID) {
        standing = nil
        if result.interruption == nil { finishedTurns.insert(turn) }
        if let staleness = result.staleness { stale[turn] = staleness }
        if let unknown = result.uncertain { uncertain[turn] = unknown }
        // What a later attempt settled is no failure of the table any more. It may belong to another turn than the first one did.
        let retried = Set(result.steps.map(\.step.target))
        for id in results.keys where id.table == turn.table {
            results[id]?.steps.removeAll { report in
                if case .done = report.result { return false }
                return retried.contains(report.step.target)
            }
        }
        guard var earlier = results[turn] else {
            results[turn] = result
            return
        }
        earlier.steps += result.steps
        earlier.findings = result.findings
        earlier.created += result.created
        earlier.quotaExceeded = result.quotaExceeded
        earlier.quota = result.quota ?? earlier.quota
        earlier.guardEvents += result.guardEvents
        earlier.wasCapped = result.wasCapped
        earlier.expected = result.expected ?? earlier.expected
        results[turn] = earlier
    }

    /// All turns of a table together.
    func result(of table: RelationName) -> TableRun.Result {
        var whole = TableRun.Result()
        for pass in RunSchedule.Pass.allCases {
            guard let part = results[RunSchedule.Turn.ID(table: table, pass: pass)] else { continue }
            whole.steps += part.steps
            whole.findings += part.findings
            whole.created += part.created
            whole.quotaExceeded = whole.quotaExceeded ?? part.quotaExceeded
            whole.quota = whole.quota ?? part.quota
            whole.guardEvents += part.guardEvents
            whole.wasCapped = whole.wasCapped || part.wasCapped
            whole.expected = part.expected ?? whole.expected
        }
        return whole
    }

    /// Takes note of what ended the work on a table.
    ///
    /// The server ends a session that does nothing in a transaction for a second: once, when this machine was stopped. A table at which
    /// it happens three times is too much for this program, and would take up the whole run: the others get their turn.
    mutating func note(_ interruption: any Error, of turn: RunSchedule.Turn) {
        guard interruption.sqlState == .idleInTransactionTimeout else { return }
        idleEnds[turn.id, default: 0] += 1
        guard idleEnds[turn.id, default: 0] >= 3, let step = uncertain[turn.id]?.step ?? turn.plan.steps.first else {
            return
        }
        let failure = Failure(
            message:
                "this program was silent in a transaction for more than a second, three times in a row: the server ended it each time",
            sqlState: SQLState.idleInTransactionTimeout.rawValue,
            remedy: "see what slows this machine down; if it is idle, please report the table's definition"
        )
        uncertain[turn.id] = nil
        results[turn.id, default: TableRun.Result()].steps
            .append(StepReport(step: step, result: .failed(failure), duration: 0))
        finishedTurns.insert(turn.id)
    }

    /// Enters what took effect although its end wasn't seen: the table is a partition now, or the plan doesn't ask for the step any more.
    ///
    /// - Returns: what was entered.
    mutating func settle(_ observation: Observation) -> [StepReport] {
        var settled: [StepReport] = []
        for (turn, unknown) in uncertain {
            let isDone =
                if unknown.step.creation != nil {
                    observation.snapshot.tables.contains { $0.partitions.contains { $0.oid == unknown.oid } }
                } else {
                    !observation.plan.steps.contains { $0.action == unknown.step.action }
                }
            guard isDone else { continue }
            let duration = (ContinuousClock.now - unknown.since) / .seconds(1)
            let report = StepReport(step: unknown.step, result: .done(attempts: 1), duration: duration)
            results[turn]?.steps.append(report)
            settled.append(report)
            if let oid = unknown.oid { results[turn]?.created.append(oid) }
        }
        uncertain = [:]
        return settled
    }

    /// Tables whose catalog entry changed have all their turns again, under a new plan.
    mutating func replan() {
        replans += 1
        let tables = Set(stale.keys.map(\.table))
        finishedTurns = finishedTurns.filter { !tables.contains($0.table) }
        stale = [:]
    }

    /// The catalog changed under every plan that was made: what stopped the last one is the failure.
    mutating func giveUpOnStale() {
        for (turn, staleness) in stale {
            results[turn]?.steps.append(
                StepReport(step: staleness.step, result: .failed(staleness.failure), duration: 0)
            )
        }
        stale = [:]
    }
}

extension Step {
    /// Of what an interrupted run left.
    fileprivate var clearsAway: Bool {
        switch action {
        case .dropLeftoverCheck, .dropUnattached: true
        case .createPartition, .repairIndex, .finalizeDetach: false
        }
    }
}
