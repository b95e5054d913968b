// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Logging
import Partitioning

/// Carries out one table's plan. What fails here stays here: other tables go on.
struct TableRun {
    let session: DatabaseSession
    let table: PartitionedTable
    let plan: TablePlan
    let ladder: LockLadder
    let deadline: ContinuousClock.Instant
    let quota: QuotaGuard?
    let now: Instant
    let logger: Logger
    let tell: @Sendable (RunEvent) -> Void

    /// What the steps came to.
    struct Result {
        var steps: [StepReport] = []
        var findings: [Finding] = []
        var created: [UInt32] = []
        var quotaExceeded: String?
        /// The catalog isn't what the plan was made for: plan again.
        var isStale = false
        /// Every partition of the table is as `PartitionBuilder` made it like this.
        var expected: RelationProperties?
    }

    private var connection: Connection { session.connection }

    /// - Throws: only what ends the whole run's connection, or a cancellation; anything else is in the result.
    func run() async throws -> Result {
        var result = Result()
        let creations = plan.steps.filter { if case .createPartition = $0.action { true } else { false } }
        for step in plan.steps where !creations.contains(step) {
            if case .dropLeftoverCheck = step.action { try await perform(step, &result) }
            if case .finalizeDetach = step.action { try await perform(step, &result) }
        }
        if !creations.isEmpty { try await create(creations, &result) }
        for step in plan.steps {
            if case .repairIndex = step.action { try await perform(step, &result) }
        }
        return result
    }

    // MARK: - Creation

    private func create(_ steps: [Step], _ result: inout Result) async throws {
        do {
            let expected = try await expectedProperties()
            result.expected = expected
            if let reason = try await quotaObstacle(expected) {
                result.quotaExceeded = reason
                skip(steps, reason, &result)
                return
            }
            try await create(steps, expected: expected, &result)
        } catch  where !error.isConnectionLoss && !error.isCancellation {
            skip(steps, "not begun", failure: Failure(error), &result)
        }
    }

    private func create(_ steps: [Step], expected: RelationProperties, _ result: inout Result) async throws {
        var remaining = steps
        var shield: DefaultShield?
        var raised: DefaultShield.Raised?
        if let partition = table.defaultPartition, let key = table.key.first {
            let candidate = DefaultShield(
                connection: connection,
                defaultPartition: partition,
                key: key,
                ladder: ladder,
                logger: logger
            )
            shield = candidate
            remaining = try await withoutOccupied(steps, shield: candidate, &result)
            let ahead = remaining.compactMap(\.creation).filter { !$0.receivesWritesNow }
            if !ahead.isEmpty, try await candidate.sizeInBytes() > DefaultShield.scanLimit {
                switch try await candidate.raise(over: ahead, until: deadline) {
                case .raised(let value): raised = value
                case .deferred(let blockers):
                    let live = remaining.filter { $0.creation?.receivesWritesNow == true }
                    deferSteps(remaining.filter { !live.contains($0) }, blockers, &result)
                    remaining = live
                case nil: break
                }
            }
        }
        // The CHECK comes off whatever happened to the attaches, a cancellation included: it refuses rows.
        do {
            try await attachAll(remaining, expected: expected, &result)
        } catch {
            if let shield, let raised, !error.isConnectionLoss { try? await dropDespiteCancellation(raised, shield) }
            throw error
        }
        if let shield, let raised { try await drop(raised, shield, &result) }
    }

    private func attachAll(_ steps: [Step], expected: RelationProperties, _ result: inout Result) async throws {
        let builder = PartitionBuilder(connection: connection, expected: expected, parent: table.name)
        for (index, step) in steps.enumerated() {
            guard let creation = step.creation else { continue }
            let rest = Array(steps[(index + 1)...])
            guard ContinuousClock.now < deadline else {
                deferSteps([step] + rest, [], &result)
                return
            }
            tell(.stepStarted(step, index: index, count: steps.count))
            let clock = ContinuousClock.now
            do {
                let oid = try await builder.build(creation, createdAt: now)
                await PausePoint.tableBuilt.reach()
                let outcome = try await attach(creation, oid: oid, step: step)
                record(step, outcome, since: clock, &result)
                guard case .done = outcome else {
                    try await discard(creation, oid: oid)
                    deferSteps(rest, [], &result)
                    return
                }
                result.created.append(oid)
                await PausePoint.attached.reach()
            } catch  where !error.isConnectionLoss && !error.isCancellation {
                if error.sqlState == .catalogChanged || error.sqlState == .invalidObjectDefinition
                    || error.sqlState == .duplicateTable
                {
                    result.isStale = true
                    return
                }
                record(step, failure: failure(error, creation), since: clock, &result)
                skip(rest, "the step before it failed", &result)
                return
            }
        }
    }

    private func attach(_ creation: PartitionCreation, oid: UInt32, step: Step) async throws -> LockLadder.Outcome {
        try await ladder.perform(
            LockedChange(
                locks: step.locks,
                body: PartitionSQL.attach(creation, to: table.name),
                identities: [table.oid: table.name, oid: creation.name],
                purpose: "attach \(creation.name)"
            ),
            on: connection,
            until: deadline,
            logger: logger
        )
    }

    /// A table that could not be attached now is taken away again: it is empty, and the next run would only wonder at it.
    private func discard(_ creation: PartitionCreation, oid: UInt32) async throws {
        guard !creation.adoptsExisting else { return }
        _ = try await connection.query("DROP TABLE \(creation.name)")
    }

    private func withoutOccupied(
        _ steps: [Step],
        shield: DefaultShield,
        _ result: inout Result
    ) async throws -> [Step] {
        let occupied: [PartitionCreation]
        do {
            occupied = try await shield.occupied(steps.compactMap(\.creation))
        } catch {
            guard error.sqlState == .insufficientPrivilege else { throw error }
            // ATTACH looks for itself; without the right to look ahead there is no CHECK either.
            return steps
        }
        for step in steps {
            guard let creation = step.creation, occupied.contains(creation) else { continue }
            let failure = Failure(
                message: "the default partition \(shield.defaultPartition.name) holds rows from \(creation.lowerBound) "
                    + "to \(creation.upperBound), so the partition for them can't be attached",
                sqlState: SQLState.checkViolation.rawValue,
                remedy: "move these rows out of the default partition first; draining is not built yet"
            )
            result.findings.append(
                Finding(
                    .error,
                    .rowsInDefault,
                    table: table.name,
                    object: shield.defaultPartition.name.description,
                    failure.message,
                    remedy: failure.remedy
                )
            )
            record(step, failure: failure, since: .now, &result)
        }
        return steps.filter { step in step.creation.map { !occupied.contains($0) } ?? true }
    }

    private func drop(
        _ raised: DefaultShield.Raised,
        _ shield: DefaultShield,
        _ result: inout Result
    ) async throws {
        let outcome = try await shield.drop(raised.constraint, until: max(deadline, .now + .seconds(10)))
        if case .deferred(_, let blockers) = outcome {
            let who = blockers.first.map { " (\($0))" } ?? ""
            result.findings.append(
                Finding(
                    .error,
                    .leftoverCheck,
                    table: table.name,
                    object: raised.constraint,
                    "the CHECK \(raised.constraint) could not be dropped from \(shield.defaultPartition.name)\(who): "
                        + "it refuses rows of the new ranges, which now have partitions of their own",
                    remedy: "the next run drops it first of all"
                )
            )
        }
        await PausePoint.checkDropped.reach()
    }

    private func dropDespiteCancellation(_ raised: DefaultShield.Raised, _ shield: DefaultShield) async throws {
        let drop = Task { try await shield.drop(raised.constraint, until: .now + .seconds(5)) }
        _ = try await drop.value
    }

    private func expectedProperties() async throws -> RelationProperties {
        let sibling = table.newestSibling
        let properties = try await PropertyReader(connection: connection)
            .properties(of: [table.oid] + (sibling.map { [$0.oid] } ?? []))
        guard let parent = properties[table.oid] else {
            throw Failure(message: "\(table.name) is gone", remedy: "run again")
        }
        return parent.expectedOfPartition(like: sibling.flatMap { properties[$0.oid] })
    }

    private func quotaObstacle(_ expected: RelationProperties) async throws -> String? {
        guard let quota else { return nil }
        let reading = try await quota.reading(of: expected.tablespace, on: connection)
        guard quota.isExceeded(reading), case .known(let ratio, _) = reading else { return nil }
        let percent = Int((ratio * 100).rounded(.down))
        let limit = Int((quota.threshold * 100).rounded())
        return
            "PARTITION_QUOTA_EXCEEDED: \(percent) % of the space of \(expected.tablespace ?? "the database's tablespace") "
            + "is used, the threshold is \(limit) %"
    }

    // MARK: - Other steps

    private func perform(_ step: Step, _ result: inout Result) async throws {
        tell(.stepStarted(step, index: 0, count: 1))
        let clock = ContinuousClock.now
        do {
            let outcome: LockLadder.Outcome? =
                switch step.action {
                case .dropLeftoverCheck(let constraint, _): try await dropLeftover(constraint)
                case .finalizeDetach(let partition): try await finalize(partition, step)
                case .repairIndex(let gap):
                    try await IndexRepair(connection: connection, ladder: ladder, logger: logger)
                        .repair(gap, until: deadline)
                case .createPartition: nil
                }
            record(step, outcome ?? .done(attempts: 0), since: clock, &result)
        } catch  where !error.isConnectionLoss && !error.isCancellation {
            record(step, failure: Failure(error), since: clock, &result)
        }
    }

    private func dropLeftover(_ constraint: String) async throws -> LockLadder.Outcome? {
        guard let partition = table.defaultPartition, let key = table.key.first else { return nil }
        return try await DefaultShield(
            connection: connection,
            defaultPartition: partition,
            key: key,
            ladder: ladder,
            logger: logger
        ).drop(constraint, until: deadline)
    }

    private func finalize(_ partition: RelationName, _ step: Step) async throws -> LockLadder.Outcome {
        try await ladder.perform(
            LockedChange(
                locks: step.locks,
                body: "ALTER TABLE \(table.name) DETACH PARTITION \(partition) FINALIZE",
                identities: [table.oid: table.name],
                purpose: "finalize the detach of \(partition)"
            ),
            on: connection,
            until: deadline,
            logger: logger
        )
    }
}
