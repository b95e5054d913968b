// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import LibPQ
package import Logging
package import Partitioning

/// One run: observe, plan, guard, apply, verify, publish.
///
/// Nothing is remembered between runs. Whatever interrupts one is repaired by the next, which begins by looking.
package struct Provisioner: Sendable {
    package var configuration: ConnectionConfiguration
    package var settings: PlanSettings
    package var budget: RunBudget
    package var guards: RunGuards
    package var publisher: Publisher?
    /// The plan that somebody has looked through: nothing else is done. nil to do whatever is needed.
    package var approved: SavedPlan?
    package var logger: Logger
    package var tell: @Sendable (RunEvent) -> Void

    /// - Parameter quota: for every table whose guards have none.
    package init(
        configuration: ConnectionConfiguration,
        settings: PlanSettings,
        budget: RunBudget,
        quota: QuotaGuard? = nil,
        guards: RunGuards = RunGuards(),
        publisher: Publisher? = nil,
        approved: SavedPlan? = nil,
        logger: Logger,
        tell: @escaping @Sendable (RunEvent) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.settings = settings
        self.budget = budget
        self.guards = guards
        self.guards.defaults.quota = guards.defaults.quota ?? quota
        self.publisher = publisher
        self.approved = approved
        self.logger = logger
        self.tell = tell
    }

    /// Does all there is to do, within the budget.
    ///
    /// A cancellation of the task ends the statement that is under way; what was committed is then verified and published before this returns.
    ///
    /// - Throws: `PostgresError` where the database can't be reached or read at all, `UnknownTimeZone`, ``StalePlan``, `Failure` where its
    ///   transactions are read-only by a setting.
    package func rotate() async throws -> RunReport {
        let clock = ContinuousClock.now
        let deadline = clock + budget.run
        let session = try await DatabaseSession.open(configuration, logger: logger, until: deadline)
        let server = try await CatalogReader(session: session).serverFacts(session.connection)
        var report = RunReport(database: server.database, startedAt: server.now)
        if !server.isInRecovery, let source = session.readOnlySource {
            await session.connection.close()
            throw ReadOnlyDefault.failure(source, database: server.database, role: server.role)
        }
        if server.isInRecovery {
            report.condition = .standby
            report.tables = try await observed(session).plan.tables.map(TableReport.init(onStandby:))
        } else if case .heldBy(let holder) = try await DatabaseClaim(connection: session.connection).take() {
            report.condition = .busy(holder: holder)
        } else {
            let gate = RunGate(guards, budget: budget, now: server.now)
            report = try await work(session, deadline: deadline, gate, report)
        }
        await session.connection.close()
        report.duration = (ContinuousClock.now - clock) / .seconds(1)
        return report
    }

    private func observed(_ session: DatabaseSession) async throws -> Observation {
        let observation = try await Observation.make(session: session, settings: settings)
        tell(.observed(tables: observation.snapshot.tables.count))
        return observation
    }

    // MARK: - The work

    private func work(
        _ session: DatabaseSession,
        deadline: ContinuousClock.Instant,
        _ gate: RunGate,
        _ report: RunReport
    ) async throws -> RunReport {
        var report = report
        var gate = gate
        var progress = RunProgress()
        var session = session
        var end: Failure?
        do {
            try await applyUntilDone(&session, deadline: deadline, &gate, &progress)
        } catch {
            // What was done is verified and published whatever ended it; with nothing done there is nothing to conclude.
            guard error.isCancellation || progress.hasPlan else { throw error }
            if error.isCancellation {
                report.condition = .interrupted
            } else {
                end = Failure(error)
                if Recovery(after: error) == .reconnect { progress.brokenOff = Failure(error).message }
            }
        }
        // What was committed is verified and told to the routers even after a cancellation: partitions nobody knows of are no use.
        let (last, done, unfinished, guards) = (session, progress, report, gate)
        let conclusion = try await finished(withGrace: budget.grace) {
            try await concluded(last, done, guards, unfinished, deadline: deadline)
        }
        // Where there is no conclusion either, what is thrown says why.
        if let end { logger.error("the run ended before its plan", metadata: ["reason": "\(end.message)"]) }
        return conclusion
    }

    /// Applies plans until nothing is left that could be done now. The catalog is read anew after a lost connection, and
    /// where it turned out to have changed under a plan.
    private func applyUntilDone(
        _ session: inout DatabaseSession,
        deadline: ContinuousClock.Instant,
        _ gate: inout RunGate,
        _ progress: inout RunProgress
    ) async throws {
        var circuit = Circuit()
        while true {
            do {
                try await gate.prepare(session)
                let observation = try await observed(session)
                try await approve(observation, session, isFirst: !progress.hasPlan)
                if !progress.hasPlan { tell(.planned(observation.plan)) }
                progress.hasPlan = true
                for report in progress.settle(observation) { tell(.stepFinished(report)) }
                progress.standing = observation
                await PausePoint.observed.reach()
                try await apply(observation, session, deadline: deadline, gate, &progress)
                guard progress.shouldReplan else {
                    progress.giveUpOnStale()
                    return
                }
                progress.replan()
            } catch  where Recovery(after: error) == .reconnect && ContinuousClock.now < deadline {
                circuit.lost(after: progress.stepsDone)
                guard !circuit.isOpen || !progress.hasPlan else {
                    progress.brokenOff =
                        "the connection was lost \(circuit.losses) times in a row with nothing done in between, "
                        + "the last time with: \(Failure(error).message)"
                    return
                }
                session = try await reopened(after: error, losses: circuit.losses, until: deadline, claims: true)
            }
        }
    }

    /// - Throws: ``StalePlan`` where the plan isn't the approved one, or what is left of it.
    private func approve(_ observation: Observation, _ session: DatabaseSession, isFirst: Bool) async throws {
        guard let approved else { return }
        if isFirst {
            var differences = approved.differences(from: observation.plan, in: observation.snapshot)
            if differences.isEmpty {
                // What is made says when: as the plan does.
                var observation = observation
                observation.snapshot.server.now = approved.madeAt
                let chapters = try await Runbook(session: session, logger: logger).chapters(of: observation)
                differences = approved.differences(from: chapters.mapValues(\.statements))
            }
            guard differences.isEmpty else { throw StalePlan(differences: differences) }
        } else if !approved.permits(observation.plan) {
            throw StalePlan(differences: ["what is left to do is not part of the plan any more"])
        }
    }

    private func apply(
        _ observation: Observation,
        _ session: DatabaseSession,
        deadline: ContinuousClock.Instant,
        _ gate: RunGate,
        _ progress: inout RunProgress
    ) async throws {
        let tables = Dictionary(
            observation.snapshot.tables.map { ($0.oid, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        let longScans = try await DefaultShield.longScans(in: observation, on: session.connection)
        let schedule = RunSchedule(observation.plan, longScans: longScans, finished: progress.finishedTurns)
        for (index, turn) in schedule.turns.enumerated() {
            // A table under whose plan the catalog changed gets its partitions before anybody's slow work.
            if turn.pass != .growth && progress.shouldReplan { return }
            let plan = turn.plan
            guard let table = tables[plan.oid] else { continue }
            let tableGate = gate.gate(of: plan)
            if tableGate.isEmergency {
                let reason = Self.emergency(plan.coverage, below: tableGate.emergencyDays)
                tell(.guardWaived(.shortLocks, on: plan.table, reason: reason))
            }
            var ladder = LockLadder.suiting(
                daysRemaining: plan.coverage?.daysRemaining,
                emergencyBelow: tableGate.emergencyDays
            )
            ladder.tell = { [tell] in tell(.locksTried($0, on: plan.table)) }
            let run = TableRun(
                session: session,
                table: table,
                plan: plan,
                ladder: ladder,
                deadline: min(deadline, .now + budget.table),
                onlineDeadline: schedule.onlineEnd(of: index, now: .now, until: deadline),
                runDeadline: deadline,
                quota: guards[plan.table].quota,
                gate: tableGate,
                now: observation.snapshot.server.now,
                logger: logger,
                tell: tell
            )
            let result = await session.connection.onOwnThread { await run.run() }
            progress.absorb(result, of: turn.id)
            if let interruption = result.interruption {
                progress.note(interruption, of: turn)
                throw interruption
            }
        }
    }

    private static func emergency(_ coverage: CoverageReport?, below limit: Double) -> String {
        let days = Int((coverage?.daysRemaining ?? 0).rounded(.down))
        return
            "\(days) days are left, fewer than \(Int(limit)): applications may have to wait for up to 2 s"
    }

    /// - Parameter claims: whether the database has to be ours alone again.
    private func reopened(
        after error: any Error,
        losses: Int,
        until deadline: ContinuousClock.Instant,
        claims: Bool
    ) async throws -> DatabaseSession {
        var losses = losses
        var lastError = error
        while true {
            tell(.reconnecting(attempt: losses, reason: Failure(lastError).message))
            let left = deadline - ContinuousClock.now
            guard let pause = Backoff.reconnecting.pause(after: losses, left: left, random: .random(in: 0..<1)) else {
                throw lastError
            }
            try await Task.sleep(for: pause)
            do {
                if let session = try await session(claims: claims) {
                    logger.warning(
                        "the connection was lost and made anew",
                        metadata: [
                            "reason": "\(Failure(error).message)",
                            "sqlstate": "\(error.sqlState?.rawValue ?? "none")",
                        ]
                    )
                    return session
                }
            } catch {
                guard Recovery(after: error) == .reconnect else { throw error }
                lastError = error
            }
            losses += 1
        }
    }

    /// nil while somebody has the claim: our own former backend, which may still be ending, or another run that came in. Also on a
    /// standby, which would give the claim: what was the primary may be one now.
    private func session(claims: Bool) async throws -> DatabaseSession? {
        let session = try await DatabaseSession.open(configuration, logger: logger)
        let server = try await CatalogReader(session: session).serverFacts(session.connection)
        if !server.isInRecovery {
            if !claims { return session }
            if case .taken = try await DatabaseClaim(connection: session.connection).take() { return session }
        }
        await session.connection.close()
        return nil
    }

    // MARK: - The conclusion

    /// Looks, verifies and publishes, over a new connection where the old one is lost: none of it is done twice if it is done again.
    private func concluded(
        _ session: DatabaseSession,
        _ progress: RunProgress,
        _ gate: RunGate,
        _ report: RunReport,
        deadline: ContinuousClock.Instant
    ) async throws -> RunReport {
        var session = session
        // What one attempt settled is settled for the next.
        var progress = progress
        var losses = 0
        var end = max(deadline, .now) + budget.conclusion
        // After that no connection answers any more, nor is one made.
        if let last = configuration.waitsUntil { end = min(end, last) }
        while true {
            do {
                let concluded = try await conclusion(session, &progress, gate, deadline: deadline, report, until: end)
                await DatabaseClaim(connection: session.connection).release()
                return concluded
            } catch  where error.isConnectionLoss && ContinuousClock.now < end {
                losses += 1
                session = try await reopened(after: error, losses: losses, until: end, claims: false)
            }
        }
    }

    /// One table that can't be verified is that table's failure: the others are still reported and published.
    private func verified(
        _ table: PartitionedTable,
        _ partitions: [UInt32],
        _ expected: RelationProperties,
        _ verifier: Verifier
    ) async throws -> [Finding] {
        do {
            return try await verifier.findings(in: table, partitions: partitions, expected: expected)
        } catch {
            guard !error.isConnectionLoss else { throw error }
            let failure = Failure(error)
            return [
                Finding(
                    .error,
                    .notVerified,
                    table: table.name,
                    "the new partitions of \(table.name) could not be verified: \(failure.message)",
                    remedy: failure.remedy ?? "partition-cli verify looks again"
                )
            ]
        }
    }

    private func conclusion(
        _ session: DatabaseSession,
        _ progress: inout RunProgress,
        _ gate: RunGate,
        deadline: ContinuousClock.Instant,
        _ report: RunReport,
        until end: ContinuousClock.Instant
    ) async throws -> RunReport {
        var report = report
        let after = if let standing = progress.standing { standing } else { try await observed(session) }
        for report in progress.settle(after) { tell(.stepFinished(report)) }
        tell(.verifying(partitions: progress.createdCount))
        let verifier = Verifier(session: session)
        for plan in after.plan.tables {
            let result = progress.result(of: plan)
            var drift: [Finding] = []
            if let expected = result.expected, let table = after.snapshot.tables.first(where: { $0.oid == plan.oid }) {
                drift = try await verified(table, result.created, expected, verifier)
            }
            report.tables.append(TableReport(after: plan, result, drift: drift))
        }
        await PausePoint.verified.reach()
        try await gate.replication?.look(session.connection)
        if let publisher {
            let managed = Set(after.plan.tables.filter { $0.policy != nil }.map(\.table))
            tell(.publishing(tables: managed.count))
            let replay = gate.replayGate(until: deadline, isInterrupted: report.condition == .interrupted)
            let publications = await publisher.publish(
                managed,
                as: after,
                session: session,
                settings: settings,
                until: end,
                replay: replay
            )
            let outcomes = publications.outcomes
            for (table, waiver) in publications.waivers { report.note(waiver, of: table) }
            // The registry is not to blame for what the catalog could not be read for.
            if outcomes.values.contains(where: \.isFailure), await !session.connection.isOpen {
                throw PostgresError(.connectionLost, "the connection was lost while the maps were being published")
            }
            report.publications = outcomes
            await PausePoint.published.reach()
        }
        report.replication = await gate.replication?.report
        return report
    }
}
