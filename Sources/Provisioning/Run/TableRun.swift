// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Logging
import Partitioning

/// Carries out one table's plan, or a part of it. What fails here stays here: other tables go on.
struct TableRun {
    let session: DatabaseSession
    let table: PartitionedTable
    let plan: TablePlan
    let ladder: LockLadder
    /// Of the locks that applications wait for, all steps together.
    var deadline: ContinuousClock.Instant
    /// Of what is done beside readers and writers, which takes as long as tables are big and others' transactions are open.
    let onlineDeadline: ContinuousClock.Instant
    /// Of everything.
    let runDeadline: ContinuousClock.Instant
    let quota: QuotaGuard?
    let gate: TableGate
    let now: Instant
    let logger: Logger
    let tell: @Sendable (RunEvent) -> Void

    /// What the steps came to.
    struct Result {
        var steps: [StepReport] = []
        var findings: [Finding] = []
        var created: [UInt32] = []
        var quotaExceeded: String?
        /// Of the tablespace that new partitions are made in; nil without a quota, and where none were to be made.
        var quota: QuotaMeasure?
        var guardEvents: [GuardEvent] = []
        /// The plan held as many steps as one run may take, and more were needed.
        var wasCapped = false
        /// Why the catalog isn't what the plan was made for, with the step that found out: plan again.
        var staleness: Staleness?
        /// The connection or the task ended within this step, so that only the catalog knows whether it took effect.
        var uncertain: Uncertain?
        /// What ended the table's run before its last step: the loss of the connection, or a cancellation.
        var interruption: (any Error)?
        /// Every partition of the table is as `PartitionBuilder` made it like this.
        var expected: RelationProperties?
    }

    struct Staleness {
        var step: Step
        var failure: Failure
    }

    struct Uncertain {
        var step: Step
        /// Of the partition, where the step was to attach one.
        var oid: UInt32?
        var since: ContinuousClock.Instant
    }

    var connection: Connection { session.connection }

    /// Does the steps; never throws away what it knows of them.
    func run() async -> Result {
        var result = Result()
        // Once the partition has its other name, a later plan doesn't see this any more.
        result.findings = plan.findings.filter { $0.code == .nameOccupied }
        result.wasCapped = plan.findings.contains { $0.code == .stepCap }
        do {
            try await run(&result)
        } catch {
            result.interruption = error
        }
        return result
    }

    /// - Throws: only what ends the whole run's connection, or a cancellation; anything else is in the result.
    private func run(_ result: inout Result) async throws {
        let creations = plan.steps.filter { $0.creation != nil }
        for step in plan.steps where step.comesFirst { try await perform(step, &result) }
        if !creations.isEmpty { try await create(creations, &result) }
        for step in plan.steps where step.creation == nil && !step.comesFirst { try await perform(step, &result) }
    }

    /// Takes the error of a step for what it means.
    ///
    /// - Throws: the error again, where it ends more than the step.
    func absorb(
        _ error: any Error,
        of step: Step,
        oid: UInt32? = nil,
        since start: ContinuousClock.Instant,
        _ result: inout Result
    ) async throws {
        if error.isConnectionLoss || error.isCancellation {
            result.uncertain = Uncertain(step: step, oid: oid, since: start)
            throw error
        }
        if let timeout = error as? OnlineTimeout {
            record(step, timeout, since: start, &result)
            return
        }
        let failure = step.creation.map { self.failure(error, $0) } ?? Failure(error)
        if error.sqlState.map(Self.meansPlanAgain.contains) ?? false {
            result.staleness = Staleness(step: step, failure: failure)
        } else {
            record(step, failure: failure, blockers: await blockers(behind: error), since: start, &result)
        }
    }

    /// Who has locked what a statement outside the ladder had to wait for: the definition of the table and of its partitions.
    private func blockers(behind error: any Error) async -> [Blocker] {
        guard error.sqlState == .lockNotAvailable else { return [] }
        // For people only. A connection that is lost meanwhile is met by the next statement.
        return (try? await Blocker.locking(table, on: connection)) ?? []
    }

    /// Somebody changed, renamed, dropped, attached or made what the plan is about: the names and bounds in it aren't true any more.
    private static let meansPlanAgain: Set<SQLState> = [
        .catalogChanged, .invalidObjectDefinition, .duplicateTable, .duplicateObject, .undefinedTable, .undefinedObject,
        .undefinedColumn, .wrongObjectType, .datatypeMismatch, .invalidSchemaName,
    ]

    // MARK: - Steps that make no partition

    private func perform(_ step: Step, _ result: inout Result) async throws {
        // What refuses rows of applications goes at any time.
        guard !step.comesFirst else { return try await performAtOnce(step, &result) }
        guard let waited = try await pass(step, &result) else { return }
        try await prolonged(by: waited).performAtOnce(step, &result)
    }

    private func performAtOnce(_ step: Step, _ result: inout Result) async throws {
        // Begun now it would be broken off at once, and a build leaves an invalid index behind.
        guard ContinuousClock.now < (step.runsInTransaction ? runDeadline : onlineDeadline) else {
            deferSteps([step], [], &result)
            return
        }
        tell(.stepStarted(step, index: 0, count: 1))
        let clock = ContinuousClock.now
        do {
            let outcome: LockLadder.Outcome? =
                switch step.action {
                case .dropLeftoverCheck(let constraint, _): try await dropLeftover(constraint)
                case .finalizeDetach(let partition): try await finalize(partition, step)
                case .repairIndex(let gap):
                    try await IndexRepair(
                        connection: connection,
                        ladder: ladder,
                        onlineDeadline: onlineDeadline,
                        runDeadline: runDeadline,
                        logger: logger
                    ).repair(gap, until: deadline)
                case .dropUnattached(let name, let oid): try await remove(name, oid: oid, until: deadline)
                case .createPartition: nil
                }
            record(step, outcome ?? .done(attempts: 0), since: clock, &result)
        } catch {
            try await absorb(error, of: step, since: clock, &result)
        }
    }

    private func dropLeftover(_ constraint: String) async throws -> LockLadder.Outcome? {
        try await shield()?.drop(constraint, until: deadline)
    }

    private func finalize(_ partition: RelationName, _ step: Step) async throws -> LockLadder.Outcome {
        var change = LockedChange(
            locks: step.locks,
            alone: [table.oid],
            body: "ALTER TABLE \(table.name) DETACH PARTITION \(partition) FINALIZE",
            identities: [table.oid: table.name],
            purpose: "finalize the detach of \(partition)"
        )
        change.outlivesSnapshots = true
        return try await ladder.perform(
            change,
            on: connection,
            until: deadline,
            logger: logger
        )
    }

    /// nil without a default partition.
    func shield() -> DefaultShield? {
        guard let partition = table.defaultPartition, let key = table.key.first else { return nil }
        return DefaultShield(
            connection: connection,
            defaultPartition: partition,
            key: key,
            ladder: ladder,
            onlineDeadline: onlineDeadline,
            logger: logger
        )
    }
}

extension Step {
    /// What an interrupted run left refuses rows: it goes before anything else.
    var comesFirst: Bool {
        switch action {
        case .dropLeftoverCheck, .finalizeDetach: true
        case .createPartition, .repairIndex, .dropUnattached: false
        }
    }
}

extension SQLState {
    /// `datatype_mismatch`: what ATTACH says of a table that lacks a column which the parent was given meanwhile.
    fileprivate static let datatypeMismatch = SQLState(rawValue: "42804")
}
