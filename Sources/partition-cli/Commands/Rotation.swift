// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Logging
import PartitionRegistryPostgres
import PartitionRouter
import Partitioning
import Provisioning

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// One run of `rotate` or `apply`, put together from what the caller said.
struct Rotation: Sendable {
    /// As it is typed.
    var command = RotateCommand.name
    var configuration: ConnectionConfiguration
    var registryURL: RegistryURL?
    var scope: Scope
    /// The plan beside which nothing may be done; nil to do whatever is needed.
    var approved: SavedPlan?
    var guards: RunGuards
    var deadline: Duration
    var lockBudget: Duration
    var takesOver: Bool
    /// Is told what happens, as it happens.
    var observe: @Sendable (RunEvent) -> Void = { _ in }

    /// What has to be known before the run.
    private struct Preparation: Sendable {
        var embedded: EmbeddedRegistry?
        var quota: QuotaMeasure?
    }

    /// Runs, shows what came of it, and tells it whoever is to be told.
    func perform(
        _ console: Console,
        _ telemetry: TelemetryOptions,
        _ output: OutputOptions
    ) async throws -> ExitStatus {
        let telling = try telemetry.destinations(console.environment).map { destinations in
            RunTelling(
                destinations,
                Inspection(configuration: configuration, registryURL: registryURL, scope: scope, console: console),
                guards
            )
        }
        let events = output.tellsEvents ? RunEventLog(database: configuration.database, logger: console.logger) : nil
        var rotation = self
        if telling != nil { rotation.deadline = RunTelling.deadline(within: deadline) }
        rotation.observe = { event in
            events?.note(event)
            telling?.note(event)
        }
        events?.begin()
        let result: RotationResult
        do {
            result = try await rotation.run(console)
        } catch {
            let failure = CommandFailure(error)
            let status = await console.interruption.status ?? failure.status
            events?.fail(failure, status)
            await telling?.tell(nil, status, failure: failure)
            throw error
        }
        let status = ExitStatus(
            result.report,
            named: scope.named,
            interrupted: await console.interruption.status
        )
        events?.end(result, status)
        if let reason = result.registry.reason, !result.managedTables.isEmpty {
            let text = "the maps were published nowhere: \(reason)"
            if result.registry.isUnusable { console.warn(text) } else { console.remark("warning: \(text)") }
        }
        // A table that is left alone and runs out soon is no failure of the run, and yet no night like any other.
        let isWarning = result.report.tables.contains { table in
            table.outcome == .leftAlone && table.findings.contains { $0.severity > .note }
        }
        let isWithdrawal = result.otherMaps.contains { if case .withdrawn = $0.outcome { true } else { false } }
        console.show(
            result.page(status),
            result.view(status),
            isRemarkable: status != .success || isWarning || isWithdrawal
        )
        await telling?.tell(result, status)
        return status
    }

    /// - Throws: what ended it. It ends within the deadline and the time for verifying and publishing, also where nobody answers any more.
    func run(_ console: Console) async throws -> RotationResult {
        let clock = ContinuousClock.now
        let configuration = patient(until: clock + deadline + budget(remaining: deadline).conclusion)
        console.progress?.say("connecting to \(configuration.redactedDescription)")
        let preparation = try await prepare(configuration, console, until: clock + deadline)
        let choice = try RegistryChoice(
            registryURL,
            database: configuration,
            embedded: preparation.embedded,
            for: .publishing,
            logger: console.logger
        )
        let provisioner = Provisioner(
            configuration: configuration,
            settings: scope.settings,
            budget: budget(remaining: deadline - (ContinuousClock.now - clock)),
            guards: guards,
            publisher: choice.forPublishing.map {
                Publisher(registry: $0, takesOver: takesOver, logger: console.logger)
            },
            approved: approved,
            logger: console.logger,
            tell: { event in
                console.progress?.note(event)
                observe(event)
            }
        )
        do {
            let report = try await IndexBuildWatch.following(configuration, console) { try await provisioner.rotate() }
            let result = RotationResult(
                report: report,
                bufferDays: scope.bufferDays,
                policyFile: scope.policyFile,
                command: command,
                registry: choice,
                quota: preparation.quota
            )
            await record(result, console)
            await choice.close()
            return result
        } catch {
            await choice.close()
            throw error
        }
    }

    private func budget(remaining: Duration) -> RunBudget {
        RunBudget(
            run: remaining,
            table: min(lockBudget, remaining),
            emergencyDays: guards.defaults.emergencyDays ?? scope.emergencyDays
        )
    }

    /// The database, whose connections give up in time for the last of them to be told by that moment.
    private func patient(until end: ContinuousClock.Instant) -> ConnectionConfiguration {
        var configuration = configuration
        configuration.waitsUntil = end - configuration.cancelGrace
        return configuration
    }

    private func prepare(
        _ configuration: ConnectionConfiguration,
        _ console: Console,
        until end: ContinuousClock.Instant
    ) async throws -> Preparation {
        try await DatabaseSession.scoped(configuration, logger: console.logger, until: end) { session in
            // A table of the plan that is gone makes the plan stale; nobody named it now. So does a time zone.
            if approved == nil {
                try await NamedTables.check(scope.tables, in: session)
                try await DeclaredZones.check(scope, in: session)
            }
            var preparation = Preparation()
            if registryURL == nil { preparation.embedded = try await EmbeddedRegistry.state(in: session) }
            if let quota = guards.defaults.quota {
                preparation.quota = try await quota.measure(of: nil, on: session.connection)
            }
            return preparation
        }
    }

    /// For writing down what a run did: it is over by then.
    private static let recordLimit = Duration.seconds(5)

    /// Telemetry, in the registry's table of runs: nothing reads it to decide, so its failure is none of the run's.
    private func record(_ result: RotationResult, _ console: Console) async {
        guard let registry = result.registry.postgres, result.report.condition == .ordinary else { return }
        let status = ExitStatus(result.report, named: scope.named)
        guard let report = try? JSONEncoder().encode(result.view(status)) else { return }
        let start = result.report.startedAt.microseconds
        let record = RunRecord(
            startedAt: start,
            finishedAt: start + Int64(result.report.duration * 1_000_000),
            command: command,
            exitStatus: Int(status.code),
            report: String(decoding: report, as: UTF8.self)
        )
        do {
            try await withTimeLimit(Self.recordLimit) { try await registry.record(record) }
        } catch {
            let reason = error is TimeLimitExceeded ? "no time" : CommandFailure(error).message
            console.logger.info("the run was not written down", metadata: ["reason": "\(reason)"])
        }
    }
}
