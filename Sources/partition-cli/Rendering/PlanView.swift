// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Provisioning

/// `plan --output=json`; docs/json-output.md is the contract.
struct PlanView: Encodable {
    struct Table: Encodable {
        var table: NameView
        /// Why it is left alone.
        @Nullable var leftAlone: LeftAloneView?
        @Nullable var policy: PolicyView?
        @Nullable var coverage: CoverageView?
        var steps: [StepView]
        /// What takes as long as something is big.
        var work: [OnlineWorkView]
        var findings: [FindingView]
        /// What would keep a run from it now.
        var hindrances: [HindranceView]
        var registry: StandingView

        init(_ plan: TablePlan, _ standing: RegistryStanding, _ work: [OnlineWork], _ hindrances: [Hindrance]) {
            self.hindrances = hindrances.map(HindranceView.init)
            self.work = work.map(OnlineWorkView.init)
            registry = StandingView(standing)
            table = NameView(plan.table)
            policy = plan.policy.map(PolicyView.init)
            coverage = plan.coverage.map(CoverageView.init)
            steps = plan.steps.map(StepView.init)
            findings = plan.findings.map(FindingView.init)
            leftAlone =
                if case .leftAlone(let left) = plan.disposition { LeftAloneView(left) } else { nil }
        }
    }

    let schemaVersion = 1
    let command = "plan"
    var exitStatus: Int32
    var database: String
    var now: String
    var bufferDays: Int
    @Nullable var policyFile: String?
    @Nullable var quota: QuotaView?
    var forecast: [ForecastView]
    var blockers: [BlockerView]
    var registry: RegistryView
    var summary: Tally
    var tables: [Table]
}

struct LeftAloneView: Encodable {
    var reason: String
    var explanation: String
    @Nullable var remedy: String?

    init(_ left: LeftAlone) {
        reason = left.reason.word
        explanation = left.explanation
        remedy = left.remedy
    }
}

struct BlockerView: Encodable {
    var table: String
    var mode: String
    @Nullable var pid: Int?
    @Nullable var user: String?
    @Nullable var application: String?
    @Nullable var state: String?
    @Nullable var transactionAgeSeconds: Double?

    init(_ blocker: Blocker) {
        table = blocker.relation
        mode = blocker.mode
        pid = blocker.pid
        user = blocker.user
        application = blocker.application
        state = blocker.state
        transactionAgeSeconds = blocker.transactionAge.map { ($0 * 1000).rounded() / 1000 }
    }
}

extension LeftAlone.Reason {
    /// For programs.
    var word: String {
        switch self {
        case .kind: "kind"
        case .extensionMember: "extension-member"
        case .maintainedByPartman: "maintained-by-pg-partman"
        case .notOwned: "not-owned"
        case .unreadableBound: "unreadable-bound"
        case .notInferable: "not-inferable"
        case .ambiguousZone: "ambiguous-zone"
        case .dormant: "dormant"
        case .policyMismatch: "policy-mismatch"
        case .notFound: "not-found"
        }
    }
}

extension PlanResult {
    func view(_ status: ExitStatus) -> PlanView {
        PlanView(
            exitStatus: status.code,
            database: plan.database,
            now: plan.now.description,
            bufferDays: bufferDays,
            policyFile: policyFile,
            quota: quota.map(QuotaView.init),
            forecast: forecast.map(ForecastView.init),
            blockers: blockers.map(BlockerView.init),
            registry: RegistryView(registry),
            summary: Tally(plan.steps),
            tables: plan.tables.map { table in
                PlanView.Table(
                    table,
                    standings[table.table] ?? .unconfigured,
                    work[table.table] ?? [],
                    hindrances[table.table] ?? []
                )
            }
        )
    }
}
