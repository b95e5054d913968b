// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Provisioning

/// What is to be known of many tables besides how long they are covered: only what isn't as it should be, with the tables' names.
struct StatusNotes {
    typealias Table = Inspection.Table<DefaultRows>

    let tables: [Table]
    /// Every name is written.
    let isWhole: Bool

    /// Of more names than these nobody reads all.
    private static let limit = 5

    var page: Page {
        var page = Page()
        note("gap inside the buffer", tables.compactMap { gaps(of: $0, \.gapsAhead) }, .removed, &page)
        note("gap in the past", tables.compactMap { gaps(of: $0, \.gapsInThePast) }, .changed, &page)
        note("rows in the default partition", tables.compactMap(rows), .plain, &page)
        note("no map is published", tables.filter { $0.standing == .unpublished }.map(name), .changed, &page)
        note("the published map differs", tables.compactMap(difference), .changed, &page)
        for (why, names) in unreadable { note("the registry can't be read (\(why))", names, .removed, &page) }
        return page
    }

    private func name(_ table: Table) -> String { table.plan.table.description }

    private func gaps(of table: Table, _ ranges: (CoverageReport) -> [KeyRange]) -> String? {
        guard let policy = table.plan.policy, let coverage = table.plan.coverage else { return nil }
        let ranges = ranges(coverage)
        guard let first = ranges.first else { return nil }
        let more = ranges.count > 1 ? " and \(ranges.count - 1) more" : ""
        return "\(name(table)) (\(KeyText(policy).display(first))\(more))"
    }

    private func rows(of table: Table) -> String? {
        guard let rows = table.extra, rows.isRemarkable else { return nil }
        return "\(name(table)) (\(rows.words))"
    }

    private func difference(of table: Table) -> String? {
        guard case .drifted(_, let what) = table.standing else { return nil }
        return "\(name(table)) (\(what))"
    }

    /// The tables of each reason together, in the order of the tables.
    private var unreadable: [(why: String, names: [String])] {
        var groups: [(why: String, names: [String])] = []
        for table in tables {
            guard case .unreadable(let why, _) = table.standing else { continue }
            if let place = groups.firstIndex(where: { $0.why == why }) {
                groups[place].names.append(name(table))
            } else {
                groups.append((why, [name(table)]))
            }
        }
        return groups
    }

    private func note(_ label: String, _ items: [String], _ tone: Page.Tone, _ page: inout Page) {
        guard !items.isEmpty else { return }
        let count = isWhole || items.count <= Self.limit + 1 ? items.count : Self.limit
        let more = items.count > count ? " and \(items.count - count) more" : ""
        let names =
            items.count == tables.count && !isWhole ? "all of them" : items[..<count].joined(separator: ", ") + more
        page.line([Page.Span("\(label): ", tone), Page.Span(names)], hanging: 2)
    }
}

extension CoverageReport {
    /// What is missing before something that is there; what is missing at the end is only not there yet.
    fileprivate var gapsAhead: [KeyRange] { missing.filter { $0.upper < requiredUntil } }
}

extension DefaultRows {
    fileprivate var isRemarkable: Bool {
        switch self {
        case .noDefaultPartition, .exactly(0): false
        default: true
        }
    }
}
