// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Provisioning
import Telemetry

/// What of a run somebody is to be woken for; and what not any more.
///
/// Nothing is remembered between runs, so every condition that a run can judge is told each time, as holding or as over: whoever keeps
/// alerts knows which of them are news.
struct RunAlerts: Sendable {
    /// How long a condition is believed without another run that says so: a daily run and an hour, in seconds.
    static let lifetime: Int64 = 25 * 3600

    var database: String
    /// Fewer days left than this are an emergency of the table.
    var emergencyDays: @Sendable (RelationName) -> Double
    /// nil for a run that has a report.
    var failure: CommandFailure?

    /// - Parameter ending: of the run.
    func alerts(_ ending: RunMetrics.Ending) -> [Alert] {
        let reports = ending.result.map(\.report)
        var alerts: [Alert] = []
        for standing in ending.reading?.tables ?? [] where standing.plan.policy != nil {
            alerts.append(coverage(standing.plan.coverage, of: standing.plan.table, ending))
            let report = reports?.tables.first { $0.oid == standing.plan.oid }
            alerts.append(verification(standing.plan.table, standing.findings + (report?.findings ?? []), ending))
        }
        // A run that was kept from its work doesn't know of the quota.
        if reports?.condition == .ordinary {
            for table in reports?.tables ?? [] where table.policy != nil {
                alerts.append(quota(table, ending))
                guard ending.reading == nil else { continue }
                alerts.append(coverage(table.coverage, of: table.table, ending))
                alerts.append(verification(table.table, table.findings, ending))
            }
        }
        // What a standby sees may be of a while ago, and of its primary's runs it knows nothing: it ends no alert.
        if reports?.condition == .standby { return alerts.filter(\.isFiring) }
        if let run = run(ending) { alerts.append(run) }
        return alerts
    }

    private func coverage(_ coverage: CoverageReport?, of table: RelationName, _ ending: RunMetrics.Ending) -> Alert {
        let days = coverage?.daysRemaining ?? .infinity
        return alert(
            "PartitionCoverageLow",
            table,
            summary: "\(table) is about to run out of partitions",
            description: days < emergencyDays(table)
                ? "\(KeyText.days(days)) left; rows after that have no partition. See why partition-cli rotate creates none."
                : nil,
            ending
        )
    }

    private func quota(_ table: TableReport, _ ending: RunMetrics.Ending) -> Alert {
        alert(
            "PartitionQuotaExceeded",
            table.table,
            summary: "no partitions are created for \(table.table): the space is used up",
            description: table.quotaExceeded,
            ending
        )
    }

    private func verification(_ table: RelationName, _ findings: [Finding], _ ending: RunMetrics.Ending) -> Alert {
        let found = findings.wrongs
        let sentences = found.prefix(5).map { finding in
            finding.message + (finding.remedy.map { ". To do: \($0)" } ?? "")
        }
        let more = found.count > 5 ? "\nand \(found.count - 5) more" : ""
        return alert(
            "PartitionVerificationFailed",
            table,
            summary: "\(table) isn't as it must be",
            description: found.isEmpty ? nil : sentences.joined(separator: "\n") + more,
            ending
        )
    }

    /// nil where the run says nothing about itself: another one was at work, or somebody ended it.
    private func run(_ ending: RunMetrics.Ending) -> Alert? {
        let description: String?
        switch ending.status {
        case .busy, .interrupted, .terminated: return nil
        case .success, .deferred, .quotaExceeded, .changesPlanned: description = nil
        case .failed, .usage, .configuration, .unreachable, .internalError, .unpublished, .privilegeMissing:
            description = failure.map { $0.message + ($0.remedy.map { ". To do: \($0)" } ?? "") } ?? failures(ending)
        }
        return alert(
            "PartitionRunFailed",
            nil,
            summary: "partition-cli rotate failed on the database \(database)",
            description: description,
            ending
        )
    }

    private func failures(_ ending: RunMetrics.Ending) -> String {
        let report = ending.result?.report
        let tables = (report?.tables ?? []).compactMap { table -> String? in
            guard case .failed(let failure) = table.outcome else { return nil }
            return "\(table.table): \(failure.message)"
        }
        let maps = (report?.publications ?? [:]).sorted { $0.key < $1.key }.compactMap { table, outcome -> String? in
            guard case .failed(let why, _) = outcome else { return nil }
            return "the map of \(table) was not published: \(why)"
        }
        let all = tables + maps
        let more = all.count > 5 ? ["and \(all.count - 5) more"] : []
        return all.isEmpty ? "exit status \(ending.status.code)" : (all.prefix(5) + more).joined(separator: "\n")
    }

    /// - Parameter description: nil where the condition doesn't hold.
    private func alert(
        _ name: String,
        _ table: RelationName?,
        summary: String,
        description: String?,
        _ ending: RunMetrics.Ending
    ) -> Alert {
        var labels = ["alertname": name, "job": Pushgateway.job, "severity": "critical", "database": database]
        if let table {
            labels["schema"] = table.schema
            labels["table"] = table.name
        }
        var annotations = ["summary": summary]
        annotations["description"] = description
        return Alert(
            labels: labels,
            annotations: annotations,
            at: Int64(ending.now),
            isFiring: description != nil,
            lifetime: Self.lifetime
        )
    }
}
