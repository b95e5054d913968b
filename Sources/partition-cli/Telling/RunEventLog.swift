// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Logging
import Partitioning
import Provisioning

/// What happens in a run, one log line each: a constant message, facts beside it. docs/events.md is the contract.
struct RunEventLog: Sendable {
    private let logger: Logger
    private let start = ContinuousClock.now

    /// - Parameter database: as the caller calls it; nil where nobody but the server knows.
    init(database: String?, logger: Logger) {
        var logger = logger
        logger[metadataKey: "database"] = database.map { "\($0)" }
        self.logger = logger
    }

    func begin() { tell(.info, "RUN_STARTED", "the run began") }

    // MARK: - While it goes on

    func note(_ event: RunEvent) {
        switch event {
        case .stepFinished(let report): step(report)
        case .reconnecting(let attempt, let reason):
            tell(.warning, "CONNECTION_LOST", "the connection was lost", ["attempt": "\(attempt)", "reason": reason])
        case .guardWaived(let guardian, let table, let reason):
            tell(
                .warning,
                "GUARD_WAIVED",
                "a guard was waived",
                ["table": "\(table)", "guard": guardian.rawValue, "reason": reason]
            )
        case .waitingForReplication(let table, let laggards):
            tell(
                .warning,
                "REPLICATION_LAGS",
                "the run waits for standbys",
                ["table": "\(table)", "laggards": laggards.words]
            )
        case .observed, .planned, .scanning, .stepStarted, .locksTried, .verifying, .publishing: break
        }
    }

    private func step(_ report: StepReport) {
        let view = StepView(report.step)
        let table = "\(report.step.table)"
        var facts = ["table": table, "step": view.action, "target": view.target]
        switch report.result {
        case .done:
            if case .createPartition(let creation) = report.step.action {
                facts = [
                    "table": table, "partition": view.target, "from": creation.lowerBound, "to": creation.upperBound,
                ]
                facts["seconds"] = Self.seconds(report.duration)
                tell(.info, "PARTITION_CREATED", "a partition was created", facts)
            } else {
                facts["seconds"] = Self.seconds(report.duration)
                tell(.info, "STEP_DONE", "a step was done", facts)
            }
        case .deferred(let reason, let blockers):
            facts["reason"] = reason
            facts["blocker"] = blockers.first.map { "\($0)" }
            tell(.warning, "STEP_DEFERRED", "a step was deferred", facts)
        case .failed(let failure):
            tell(.error, "STEP_FAILED", "a step failed", facts.merging(Self.facts(of: failure)) { first, _ in first })
        // What it was skipped for is told of the table.
        case .skipped: break
        }
    }

    // MARK: - At its end

    func end(_ result: RotationResult, _ status: ExitStatus) {
        for table in result.report.tables { outcome(of: table, isUnfinished: result.report.isUnfinished(table)) }
        for (table, outcome) in (result.report.publications ?? [:]).sorted(by: { $0.key < $1.key }) {
            publication(outcome, of: table, in: result.registry.name)
        }
        tell(
            .info,
            "RUN_ENDED",
            "the run ended",
            [
                "exitstatus": "\(status.code)", "condition": result.view(status).condition,
                "seconds": Self.seconds(result.report.duration), "created": "\(RunSummary(result.report).created)",
            ]
        )
    }

    func fail(_ failure: CommandFailure, _ status: ExitStatus) {
        var facts = ["exitstatus": "\(status.code)", "reason": failure.message]
        facts["sqlstate"] = failure.sqlState
        facts["remedy"] = failure.remedy
        facts["seconds"] = Self.seconds((ContinuousClock.now - start) / .seconds(1))
        tell(.error, "RUN_FAILED", "the run failed", facts)
    }

    private func outcome(of table: TableReport, isUnfinished: Bool) {
        let name = "\(table.table)"
        // Whatever failed besides: an index of a full disk for example.
        if let reason = table.quotaExceeded {
            tell(
                .error,
                "PARTITION_QUOTA_EXCEEDED",
                "no partitions were created: the quota is exceeded",
                ["table": name, "reason": reason]
            )
        }
        switch table.outcome {
        case .converged, .leftAlone, .quotaExceeded: break
        case .deferred(let reason):
            tell(.warning, "TABLE_DEFERRED", "a table was deferred", ["table": name, "reason": reason])
        case .failed(let failure):
            guard !isUnfinished else { break }
            let facts = Self.facts(of: failure).merging(["table": name]) { first, _ in first }
            tell(.error, "TABLE_FAILED", "a table isn't as it must be", facts)
        }
    }

    private func publication(_ outcome: Publisher.Outcome, of table: RelationName, in registry: String) {
        var facts = ["table": "\(table)", "registry": registry]
        switch outcome {
        case .unchanged: break
        case .published(let version):
            facts["version"] = "\(version)"
            tell(.info, "MAP_PUBLISHED", "a map was published", facts)
        case .withdrawn(let version):
            facts["version"] = "\(version)"
            tell(.warning, "MAP_WITHDRAWN", "a map was withdrawn: it names no partition any more", facts)
        case .failed(let reason, let remedy):
            facts["reason"] = reason
            facts["remedy"] = remedy
            tell(.error, "MAP_NOT_PUBLISHED", "a map was not published", facts)
        }
    }

    // MARK: - Lines

    private static func facts(of failure: Failure) -> [String: String] {
        var facts = ["reason": failure.message]
        facts["sqlstate"] = failure.sqlState
        facts["remedy"] = failure.remedy
        return facts
    }

    private static func seconds(_ seconds: Double) -> String { "\((seconds * 1000).rounded() / 1000)" }

    private func tell(
        _ level: Logger.Level,
        _ event: String,
        _ message: Logger.Message,
        _ facts: [String: String] = [:]
    ) {
        var metadata: Logger.Metadata = ["event": "\(event)"]
        for (key, value) in facts { metadata[key] = "\(value)" }
        logger.log(level: level, message, metadata: metadata)
    }
}
