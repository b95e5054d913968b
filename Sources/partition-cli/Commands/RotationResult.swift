// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Provisioning

/// What a run came to.
struct RotationResult: Sendable {
    var report: RunReport
    var bufferDays: Int
    /// nil where policies are inferred.
    var policyFile: String?
    /// As it is typed.
    var command: String
    var registry: RegistryChoice
    /// Of the database's default tablespace; nil without a quota for all tables.
    var quota: QuotaMeasure?

    /// One of each tablespace that was asked about, the default one first.
    var quotas: [QuotaMeasure] {
        var seen: Set<String> = []
        let all = [quota].compactMap(\.self) + report.tables.compactMap(\.quota)
        return all.filter { seen.insert($0.tablespace).inserted }
    }

    var managedTables: [TableReport] { report.tables.filter { $0.policy != nil } }

    /// What came of maps whose table isn't looked after, or not there any more.
    var otherMaps: [(table: RelationName, outcome: Publisher.Outcome)] {
        let managed = Set(managedTables.map(\.table))
        return (report.publications ?? [:]).filter { !managed.contains($0.key) }.sorted { $0.key < $1.key }
            .map { ($0.key, $0.value) }
    }

    /// Those of ``otherMaps`` whose table isn't among the report's either.
    var mapsOfNoTable: [(table: RelationName, outcome: Publisher.Outcome)] {
        let known = Set(report.tables.map(\.table))
        return otherMaps.filter { !known.contains($0.table) }
    }

    func page(_ status: ExitStatus) -> Page { RotationPage(result: self).page(status) }
}

extension RunReport {
    /// Whether a signal came before the table's turn, or in the middle: then what is missing is no failure.
    func isUnfinished(_ table: TableReport) -> Bool {
        guard condition == .interrupted, case .failed = table.outcome else { return false }
        return !table.steps.contains { if case .failed = $0.result { true } else { false } }
    }
}
