// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning

extension TableRun {
    func create(_ steps: [Step], _ result: inout Result) async throws {
        guard let first = steps.first else { return }
        let clock = ContinuousClock.now
        let expected: RelationProperties
        do {
            expected = try await retrying { try await expectedProperties() }
            result.expected = expected
            if let reason = try await quotaObstacle(expected, &result) {
                result.quotaExceeded = reason
                skip(steps, reason, &result)
                return
            }
        } catch {
            try await absorb(error, of: first, since: clock, &result)
            skip(Array(steps.dropFirst()), "the step before it failed", &result)
            return
        }
        guard let waited = try await pass(first, andRest: Array(steps.dropFirst()), &result) else { return }
        try await prolonged(by: waited).create(steps, expected: expected, &result)
    }

    private func create(_ steps: [Step], expected: RelationProperties, _ result: inout Result) async throws {
        var remaining = steps
        var debris = Debris()
        var run = self
        if let shield = shield() {
            var online = Duration.zero
            guard let ready = try await prepareDefault(shield, steps, &debris, &online, &result) else { return }
            remaining = ready
            run = prolonged(by: online)
        }
        var interruption: (any Error)?
        do {
            try await run.attachAll(remaining, expected: expected, &debris, &result)
        } catch {
            interruption = error
        }
        // On a lost connection the next plan finds what is left.
        if interruption?.isConnectionLoss != true { try await run.clearAway(debris, &result) }
        if let interruption { throw interruption }
    }

    /// Reading a big default partition beside its readers and writers, which nobody waits for, is no part of the time for locks; nor is a wait
    /// for standbys.
    func prolonged(by online: Duration) -> TableRun {
        var run = self
        run.deadline = min(runDeadline, deadline + online)
        return run
    }

    /// Makes the default partition ready for the attaches: finds the ranges whose rows it holds, and shields a big one.
    ///
    /// - Parameter online: how long it was read beside its readers and writers.
    /// - Returns: the steps that can be done; nil where none can, which is in the result.
    private func prepareDefault(
        _ shield: DefaultShield,
        _ steps: [Step],
        _ debris: inout Debris,
        _ online: inout Duration,
        _ result: inout Result
    ) async throws -> [Step]? {
        guard let first = steps.first else { return nil }
        let clock = ContinuousClock.now
        do {
            let size = try await shield.sizeInBytes()
            tell(.scanning(shield.defaultPartition.name, bytes: size, .forRows))
            let occupied = try await occupied(steps, shield: shield, &result)
            online = ContinuousClock.now - clock
            let remaining = steps.filter { step in step.creation.map { occupied?.contains($0) != true } ?? true }
            let ahead = remaining.filter { $0.creation?.receivesWritesNow == false }
            let creations = ahead.compactMap(\.creation)
            // Without a look at the rows no CHECK either: it might refuse rows that are being written.
            guard let occupied, !creations.isEmpty, size > OnlineWork.scanLimit else { return remaining }
            // Known before it stands: whatever happens from here on, it comes off.
            debris.check = DefaultShield.constraint(over: creations)
            let end = prolonged(by: online).deadline
            tell(.scanning(shield.defaultPartition.name, bytes: size, .forCheck))
            switch try await shield.raise(over: creations, sparing: occupied, until: end) {
            case .raised(let raised):
                online += raised.validation
                return remaining
            case nil: return remaining
            case .deferred(let blockers):
                debris.check = nil
                deferSteps(ahead, blockers, &result)
                return remaining.filter { !ahead.contains($0) }
            }
        } catch {
            if !error.isConnectionLoss { try await clearAway(debris, &result) }
            if let timeout = error as? OnlineTimeout {
                let recorded = Set(result.steps.map(\.step.target))
                for step in steps where !recorded.contains(step.target) {
                    record(step, timeout, since: clock, &result)
                }
            } else if error.sqlState == .checkViolation {
                // Rows came into a range after it was looked at: the next plan leaves that range out.
                result.staleness = Staleness(step: first, failure: Failure(error))
            } else {
                try await absorb(error, of: first, since: clock, &result)
                skip(Array(steps.dropFirst()), "the step before it failed", &result)
            }
            return nil
        }
    }

    private func attachAll(
        _ steps: [Step],
        expected: RelationProperties,
        _ debris: inout Debris,
        _ result: inout Result
    ) async throws {
        let builder = PartitionBuilder(connection: connection, expected: expected, parent: table.name)
        var run = self
        var ahead: [PartitionCreation: UInt32]? = [:]
        for (index, step) in steps.enumerated() {
            guard let creation = step.creation else { continue }
            let rest = Array(steps[(index + 1)...])
            if index > 0 {
                guard let waited = try await run.pass(step, andRest: rest, &result) else { return }
                run = run.prolonged(by: waited)
            }
            guard ContinuousClock.now < run.deadline else {
                deferSteps([step] + rest, [], &result)
                return
            }
            tell(.stepStarted(step, index: index, count: steps.count))
            let clock = ContinuousClock.now
            var built: UInt32?
            do {
                if ahead?[creation] == nil, ahead != nil {
                    ahead = try await buildAhead(steps[index...], builder, &debris)
                }
                let oid: UInt32
                if let made = ahead?[creation] {
                    oid = made
                } else if creation.adoptsExisting {
                    // What is adopted is in somebody's hands, and the builder itself waits a little for them.
                    oid = try await builder.build(creation, createdAt: now)
                } else {
                    oid = try await run.retrying { try await builder.build(creation, createdAt: now) }
                    debris.unattached[oid] = creation.name
                }
                built = oid
                await PausePoint.tableBuilt.reach()
                let outcome = try await run.attach(creation, oid: oid, step: step, expected: expected)
                record(step, outcome, since: clock, &result)
                guard case .done = outcome else {
                    deferSteps(rest, [], &result)
                    return
                }
                debris.unattached[oid] = nil
                result.created.append(oid)
                await PausePoint.attached.reach()
            } catch {
                try await absorb(error, of: step, oid: built, since: clock, &result)
                if result.staleness == nil { skip(rest, "the step before it failed", &result) }
                return
            }
        }
    }

    /// How many tables are built together where nobody can keep them from being attached.
    private static let batch = 16

    /// Builds the tables of the next steps together, where there are several that nothing stands in the way of: a lock to be waited for could
    /// leave all of them behind.
    ///
    /// - Returns: the oids of those built, nothing where the next is to be built alone; nil after a failure, from which on one by one shows whose
    ///   it is.
    private func buildAhead(
        _ steps: ArraySlice<Step>,
        _ builder: PartitionBuilder,
        _ debris: inout Debris
    ) async throws -> [PartitionCreation: UInt32]? {
        let creations = steps.prefix(Self.batch)
            .prefix { !$0.locks.contains(where: \.mode.stallsApplications) }
            .compactMap(\.creation)
            .prefix { !$0.adoptsExisting }
        guard creations.count > 1 else { return [:] }
        let oids: [UInt32]
        do {
            oids = try await builder.build(new: Array(creations), createdAt: now)
        } catch {
            if error.isConnectionLoss || error.isCancellation { throw error }
            return nil
        }
        for (creation, oid) in zip(creations, oids) { debris.unattached[oid] = creation.name }
        return Dictionary(zip(creations, oids), uniquingKeysWith: { first, _ in first })
    }

    private func attach(
        _ creation: PartitionCreation,
        oid: UInt32,
        step: Step,
        expected: RelationProperties
    ) async throws -> LockLadder.Outcome {
        // From here on the table is a partition, and never again what an interrupted run left.
        let marker = PartitionMarker(parent: table.name.description, createdAt: now)
        let comment = PartitionSQL.comment(
            on: creation.name,
            MarkerComment(text: expected.comment, marker: marker).comment
        )
        var identities = Dictionary(
            step.locks.map { ($0.oid, $0.relation) },
            uniquingKeysWith: { first, _ in first }
        )
        identities[table.oid] = table.name
        identities[oid] = creation.name
        return try await ladder.perform(
            LockedChange(
                locks: step.locks,
                alone: [table.oid],
                body: PartitionSQL.attach(creation, to: table.name) + ";\n" + comment,
                identities: identities,
                plannedDefault: LockedChange.PlannedDefault(of: table),
                purpose: "attach \(creation.name)"
            ),
            on: connection,
            until: deadline,
            logger: logger
        )
    }

    /// The partitions that rows of the default partition stand in the way of, each recorded as failed; nil where this role may not look.
    private func occupied(
        _ steps: [Step],
        shield: DefaultShield,
        _ result: inout Result
    ) async throws -> [PartitionCreation]? {
        let occupied: [PartitionCreation]
        do {
            occupied = try await shield.occupied(steps.compactMap(\.creation))
        } catch {
            guard error.sqlState == .insufficientPrivilege else { throw error }
            result.findings.append(try await blindness(shield))
            return nil
        }
        for step in steps {
            guard let creation = step.creation, occupied.contains(creation) else { continue }
            let finding = DefaultObstacles.finding(creation, in: shield.defaultPartition, of: table)
            result.findings.append(finding)
            let failure = Failure(
                message: finding.message,
                sqlState: SQLState.checkViolation.rawValue,
                remedy: finding.remedy
            )
            record(step, failure: failure, since: .now, &result)
        }
        return occupied
    }

    private func blindness(_ shield: DefaultShield) async throws(PostgresError) -> Finding {
        let role =
            try await connection.query("SELECT quote_ident(current_user) AS role").first?.string("role") ?? "the role"
        let partition = shield.defaultPartition.name
        return Finding(
            .note,
            .privilege,
            table: table.name,
            object: partition.description,
            "\(role) may not see all rows of the default partition \(partition): whether rows stand in the way shows only when "
                + "a partition is attached, and a big default partition is scanned under its lock each time",
            remedy:
                "GRANT SELECT ON \(partition) TO \(role), or ALTER ROLE \(role) BYPASSRLS where its row security is forced"
        )
    }

    private func expectedProperties() async throws -> RelationProperties {
        let expected = try await PropertyReader(connection: connection)
            .expectedOfPartition(of: table, today: plan.policy?.coordinate(of: now))
        guard let expected else {
            throw PostgresError(.server, "\(table.name) is gone", sqlState: .catalogChanged)
        }
        return expected
    }

    private func quotaObstacle(_ expected: RelationProperties, _ result: inout Result) async throws -> String? {
        guard let quota else { return nil }
        let measure = try await quota.measure(of: expected.tablespace, on: connection)
        result.quota = measure
        return quota.obstacle(measure.reading, in: expected.tablespace)
    }
}
