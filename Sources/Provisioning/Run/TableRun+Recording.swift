// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning

extension TableRun {
    func record(
        _ step: Step,
        _ outcome: LockLadder.Outcome,
        since start: ContinuousClock.Instant,
        _ result: inout Result
    ) {
        switch outcome {
        case .done(let attempts):
            append(step, .done(attempts: attempts), since: start, &result)
        case .deferred(let attempts, let blockers):
            append(
                step,
                .deferred(reason(attempts: attempts, blockers), blockers: blockers),
                since: start,
                &result
            )
        }
    }

    func record(
        _ step: Step,
        failure: Failure,
        blockers: [Blocker] = [],
        since start: ContinuousClock.Instant,
        _ result: inout Result
    ) {
        if let state = failure.sqlState.map(SQLState.init(rawValue:)), Self.meansTryLater.contains(state) {
            let reason = blockers.isEmpty ? failure.message : reason(attempts: 0, blockers)
            append(step, .deferred(reason, blockers: blockers), since: start, &result)
        } else {
            append(step, .failed(failure), since: start, &result)
        }
    }

    func record(
        _ step: Step,
        _ timeout: OnlineTimeout,
        since start: ContinuousClock.Instant,
        _ result: inout Result
    ) {
        append(step, .deferred("\(timeout)", blockers: timeout.blockers), since: start, &result)
    }

    /// Not begun, because of what happened before.
    func skip(_ steps: [Step], _ reason: String, _ result: inout Result) {
        for step in steps { append(step, .skipped(reason), since: .now, &result) }
    }

    func deferSteps(_ steps: [Step], _ blockers: [Blocker], _ result: inout Result) {
        for step in steps {
            append(step, .deferred(reason(attempts: 0, blockers), blockers: blockers), since: .now, &result)
        }
    }

    func deferSteps(_ steps: [Step], because reason: String, _ result: inout Result) {
        for step in steps { append(step, .deferred(reason, blockers: []), since: .now, &result) }
    }

    /// Adds what to do to an error of a creation.
    func failure(_ error: any Error, _ creation: PartitionCreation) -> Failure {
        var failure = Failure(error)
        if error.sqlState == .insufficientPrivilege, let grant = table.grantToCreate { failure.remedy = grant }
        if error.sqlState == .checkViolation, failure.remedy == nil {
            failure.remedy =
                "rows of this range are in the default partition: they have to be moved before \(creation.name) can be attached"
        }
        return failure
    }

    /// Locks and timeouts of a moment, which say nothing about the next run.
    private static let meansTryLater: Set<SQLState> = [
        .lockNotAvailable, .deadlockDetected, .serializationFailure, .queryCanceled,
    ]

    private func reason(attempts: Int, _ blockers: [Blocker]) -> String {
        let tried = attempts == 0 ? "" : " after \(attempts) \(attempts == 1 ? "attempt" : "attempts")"
        guard let first = blockers.first else {
            return (ContinuousClock.now < runDeadline ? "the time for this table" : "the run's time")
                + " was used up\(tried)" + (attempts == 0 ? "" : ", with nobody in the way at the end")
        }
        let others = blockers.count == 1 ? "" : " and \(blockers.count - 1) more"
        return "the lock was not to be had\(tried): \(first)\(others)"
    }

    private func append(
        _ step: Step,
        _ stepResult: StepReport.Result,
        since start: ContinuousClock.Instant,
        _ result: inout Result
    ) {
        let elapsed = (ContinuousClock.now - start) / .seconds(1)
        let report = StepReport(step: step, result: stepResult, duration: elapsed)
        result.steps.append(report)
        tell(.stepFinished(report))
    }
}

extension Step {
    var creation: PartitionCreation? {
        if case .createPartition(let creation) = action { creation } else { nil }
    }
}
