// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Provisioning

/// `rotate` and `apply` with `--output=json`; docs/json-output.md is the contract.
struct RotationView: Encodable {
    struct Table: Encodable {
        var table: NameView
        var outcome: String
        @Nullable var message: String?
        @Nullable var sqlState: String?
        @Nullable var remedy: String?
        @Nullable var policy: PolicyView?
        @Nullable var coverage: CoverageView?
        var steps: [TakenStep]
        var findings: [FindingView]
        @Nullable var publication: Publication?
        var guards: [GuardEventView]
        @Nullable var quota: QuotaView?
    }

    struct TakenStep: Encodable {
        var step: StepView
        var result: String
        @Nullable var message: String?
        @Nullable var sqlState: String?
        @Nullable var remedy: String?
        @Nullable var attempts: Int?
        var blockers: [BlockerView]
        var durationSeconds: Double
    }

    struct Publication: Encodable {
        var outcome: String
        @Nullable var version: Int64?
        @Nullable var message: String?
        @Nullable var remedy: String?
    }

    let schemaVersion = 1
    var command: String
    var exitStatus: Int32
    var database: String
    var condition: String
    /// Who has the database, where the condition is `busy`.
    @Nullable var holder: String?
    var startedAt: String
    var durationSeconds: Double
    var bufferDays: Int
    @Nullable var policyFile: String?
    @Nullable var quota: QuotaView?
    /// What the lag breaker saw and did; null where it is switched off.
    @Nullable var replication: ReplicationView?
    var registry: RegistryView
    var summary: RunSummary
    var tables: [Table]
    /// Of tables that are not among these: dropped, renamed, or not in the policy file.
    var otherMaps: [OtherMap]

    struct OtherMap: Encodable {
        var table: NameView
        var publication: Publication
    }
}

extension RotationResult {
    func view(_ status: ExitStatus) -> RotationView {
        let (condition, holder): (String, String?) =
            switch report.condition {
            case .ordinary: ("ordinary", nil)
            case .busy(let holder): ("busy", holder)
            case .standby: ("standby", nil)
            case .interrupted: ("interrupted", nil)
            }
        return RotationView(
            command: command,
            exitStatus: status.code,
            database: report.database,
            condition: condition,
            holder: holder,
            startedAt: report.startedAt.description,
            durationSeconds: (report.duration * 1000).rounded() / 1000,
            bufferDays: bufferDays,
            policyFile: policyFile,
            quota: quota.map(QuotaView.init),
            replication: ReplicationView(report.replication),
            registry: RegistryView(registry),
            summary: RunSummary(report),
            tables: report.tables.map {
                RotationView.Table(
                    $0,
                    report.publications?[$0.table],
                    isUnfinished: report.isUnfinished($0)
                )
            },
            otherMaps: mapsOfNoTable.map { table, outcome in
                RotationView.OtherMap(table: NameView(table), publication: RotationView.Publication(outcome))
            }
        )
    }
}

extension RotationView.Table {
    init(_ report: TableReport, _ outcome: Publisher.Outcome?, isUnfinished: Bool) {
        self.init(
            table: NameView(report.table),
            outcome: "",
            message: nil,
            sqlState: nil,
            remedy: nil,
            policy: report.policy.map(PolicyView.init),
            coverage: report.coverage.map(CoverageView.init),
            steps: report.steps.map(RotationView.TakenStep.init),
            findings: report.findings.map(FindingView.init),
            publication: outcome.map(RotationView.Publication.init),
            guards: report.guardEvents.map(GuardEventView.init),
            quota: report.quota.map(QuotaView.init)
        )
        switch report.outcome {
        case .converged: self.outcome = "converged"
        case .leftAlone: self.outcome = "left-alone"
        case .deferred(let why): (self.outcome, message) = ("deferred", why)
        case .quotaExceeded(let why): (self.outcome, message) = ("quota-exceeded", why)
        case .failed(let failure):
            self.outcome = isUnfinished ? "unfinished" : "failed"
            (message, sqlState, remedy) = (failure.message, failure.sqlState, failure.remedy)
        }
    }
}

extension RotationView.TakenStep {
    init(_ report: StepReport) {
        self.init(
            step: StepView(report.step),
            result: "",
            message: nil,
            sqlState: nil,
            remedy: nil,
            attempts: nil,
            blockers: [],
            durationSeconds: (report.duration * 1000).rounded() / 1000
        )
        switch report.result {
        case .done(let attempts): (result, self.attempts) = ("done", attempts)
        case .deferred(let why, let blockers):
            (result, message, self.blockers) = ("deferred", why, blockers.map(BlockerView.init))
        case .failed(let failure):
            result = "failed"
            (message, sqlState, remedy) = (failure.message, failure.sqlState, failure.remedy)
        case .skipped(let why): (result, message) = ("skipped", why)
        }
    }
}

extension RotationView.Publication {
    init(_ outcome: Publisher.Outcome) {
        switch outcome {
        case .unchanged(let version):
            self.init(outcome: "unchanged", version: version, message: nil, remedy: nil)
        case .published(let version):
            self.init(outcome: "published", version: version, message: nil, remedy: nil)
        case .withdrawn(let version):
            self.init(outcome: "withdrawn", version: version, message: nil, remedy: nil)
        case .failed(let why, let remedy):
            self.init(outcome: "failed", version: nil, message: why, remedy: remedy)
        }
    }
}
