// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Provisioning
import Telemetry

extension RunMetrics {
    /// The metrics of this run, going on from those of the last.
    ///
    /// Totals are added up. What this run could not see keeps the value it had: a series that vanishes ends the very
    /// alert that it was to raise. What this run saw isn't there any more is gone.
    ///
    /// - Parameters:
    ///   - earlier: what the last run wrote.
    ///   - limit: the tables that the run was limited to; empty for all.
    func metrics(
        after earlier: [MetricSample],
        _ ending: Ending,
        limit: Set<RelationName>
    ) -> MetricSet {
        let seen = ending.reading.map { reading in
            Dictionary(reading.tables.map { ($0.plan.table, $0) }, uniquingKeysWith: { first, _ in first })
        }
        var metrics = metrics
        metrics.carry(Self.aged(earlier, now: ending.now)) { family, labels in
            guard labels[RunMetric.database] == database else { return family == MetricSet.rejections }
            guard let schema = labels["schema"], let name = labels["table"] else {
                return !Self.isSettled(family, ending)
            }
            let table = RelationName(schema: schema, name: name)
            guard let seen, limit.isEmpty || limit.contains(table) else { return true }
            guard let standing = seen[table] else { return false }
            // A total outlives a night without a policy; a gauge of an unmanaged table says nothing.
            return family.kind == .counter || (standing.plan.policy != nil && standing.leavesOpen(family, ending))
        }
        return metrics
    }

    /// Whether a run that did its work has said of a guard all there is: what it doesn't say is switched off, or gone for good.
    private static func isSettled(_ family: MetricFamily, _ ending: Ending) -> Bool {
        switch RunMetric(rawValue: family.name) {
        case .circuitOpen, .replicationLag, .quotaUsed, .quotaUnknown: ending.result?.report.condition == .ordinary
        default: false
        }
    }

    /// Days go by also when no run can look.
    private static func aged(_ samples: [MetricSample], now: Double) -> [MetricSample] {
        let ends = Dictionary(
            samples.filter { $0.name == RunMetric.coveredUntil.rawValue }.map { ($0.labels, $0.value) },
            uniquingKeysWith: { first, _ in first }
        )
        return samples.map { sample in
            guard sample.name == RunMetric.daysRemaining.rawValue, let end = ends[sample.labels] else { return sample }
            var sample = sample
            sample.value = max(0, (end - now) / 86_400)
            return sample
        }
    }
}

extension TableStanding {
    /// Whether a run that looked at the table still could not know it.
    fileprivate func leavesOpen(_ family: MetricFamily, _ ending: RunMetrics.Ending) -> Bool {
        switch RunMetric(rawValue: family.name) {
        case .registryVersion, .registryDrift:
            if case .unreadable = registry { true } else { false }
        case .defaultRows:
            if case .unknown = counts.defaultRows { true } else { false }
        case .quotaExceeded:
            // Another run was at work, or this one ended before it was the table's turn.
            !(ending.result?.report.tables.contains { $0.table == plan.table } ?? false)
        default: false
        }
    }
}
