// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Provisioning

/// A run in numbers.
struct RunSummary: Encodable {
    var created = 0
    var indexesRepaired = 0
    var leftoversCleared = 0
    var tablesUnchanged = 0
    var tablesChanged = 0
    var tablesLeftAlone = 0
    var tablesDeferred = 0
    var tablesOverQuota = 0
    var tablesUnfinished = 0
    var tablesFailed = 0
    var published = 0
    var withdrawn = 0
    var unpublished = 0

    init(_ report: RunReport) {
        let done = Tally(
            report.tables.flatMap(\.steps).filter { if case .done = $0.result { true } else { false } }.map(\.step)
        )
        created = done.partitions
        indexesRepaired = done.indexes
        leftoversCleared = done.leftovers
        for table in report.tables {
            switch table.outcome {
            case .converged: if table.steps.isEmpty { tablesUnchanged += 1 } else { tablesChanged += 1 }
            case .leftAlone: tablesLeftAlone += 1
            case .deferred: tablesDeferred += 1
            case .quotaExceeded: tablesOverQuota += 1
            case .failed: if report.isUnfinished(table) { tablesUnfinished += 1 } else { tablesFailed += 1 }
            }
        }
        for outcome in (report.publications ?? [:]).values {
            switch outcome {
            case .published: published += 1
            case .withdrawn: withdrawn += 1
            case .failed: unpublished += 1
            case .unchanged: break
            }
        }
    }

    /// For people; empty where nothing happened.
    var parts: [String] {
        let news = [
            created > 0 ? "\(created) created" : nil,
            indexesRepaired > 0 ? "\(counted(indexesRepaired, "index", "indexes")) repaired" : nil,
            leftoversCleared > 0 ? "\(counted(leftoversCleared, "leftover")) cleared" : nil,
            tablesFailed > 0 ? "\(counted(tablesFailed, "table")) failed" : nil,
            tablesUnfinished > 0 ? "\(counted(tablesUnfinished, "table")) not finished" : nil,
            tablesOverQuota > 0 ? "\(counted(tablesOverQuota, "table")) over quota" : nil,
            tablesDeferred > 0 ? "\(counted(tablesDeferred, "table")) deferred" : nil,
            published > 0 ? "\(counted(published, "map")) published" : nil,
            withdrawn > 0 ? "\(counted(withdrawn, "map")) withdrawn" : nil,
            unpublished > 0 ? "\(counted(unpublished, "map")) not published" : nil,
        ].compactMap(\.self)
        guard !news.isEmpty else { return [] }
        let rest = [
            tablesUnchanged > 0 ? "\(counted(tablesUnchanged, "table")) unchanged" : nil,
            tablesLeftAlone > 0 ? "\(counted(tablesLeftAlone, "table")) left alone" : nil,
        ].compactMap(\.self)
        return news + rest
    }
}
