// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Provisioning

/// A plan for people: of each table what, why, under which locks, how long, and who is in the way.
struct PlanPage {
    let result: PlanResult

    private var plan: Plan { result.plan }

    var page: Page {
        var page = Page()
        let basis = result.policyFile.map { "policy \($0)" } ?? "buffer \(counted(result.bufferDays, "day"))"
        page.line("plan for the database \(plan.database), \(basis)", .heading)
        for table in plan.tables
        where !table.steps.isEmpty || !table.openFindings.isEmpty || result.isToPublish(table) {
            page.section(self.page(of: table))
        }
        page.section(LeftAlonePage.page(of: plan.tables))
        page.section(notes)
        page.line()
        page.line(summary, .heading)
        return page
    }

    private func page(of table: TablePlan) -> Page {
        var page = Page()
        page.append(heading(of: table))
        page.append(steps(of: table))
        page.append(Self.locks(of: table.steps))
        if !table.steps.isEmpty {
            for text in OnlineWorkText.lines(table, result.work[table.table] ?? []) {
                page.labelled("takes", text, indent: 5, .faint)
            }
            page.append(blockers(of: table))
        }
        if result.isToPublish(table), let standing = result.standings[table.table] {
            page.line(
                "~  publish to \(result.registry.name) (now: \(StandingView(standing).words))",
                indent: 2,
                .changed
            )
        }
        for hindrance in result.hindrances[table.table] ?? [] { page.append(HindrancePage.page(of: hindrance)) }
        for finding in table.openFindings { page.append(FindingPage.page(of: finding)) }
        return page
    }

    private func heading(of table: TablePlan) -> Page {
        var page = Page()
        guard let policy = table.policy, let coverage = table.coverage else {
            page.line(table.table.description, .heading)
            return page
        }
        let key = KeyText(policy)
        page.line([Page.Span(table.table.description, .heading), Page.Span("  \(key.interval)")])
        page.line("\(key.covered(coverage)), needed until \(key.display(coverage.requiredUntil))", indent: 2)
        return page
    }

    /// Steps with the same reason have it said once.
    private func steps(of table: TablePlan) -> Page {
        var page = Page()
        var rest = table.steps[...]
        while let first = rest.first {
            let series = Array(rest.prefix { $0.reasonThere == first.reasonThere })
            rest = rest.dropFirst(series.count)
            page.append(rows(of: series, table.policy))
            page.labelled("why", first.reasonThere, indent: 5, .faint)
        }
        return page
    }

    /// All but the middle ones of a long series, so that reason and locks stay on the screen.
    private func rows(of series: [Step], _ policy: GrowthPolicy?) -> Page {
        var page = Page()
        let isLong = series.count > 12
        let head = isLong ? Array(series.prefix(5)) : series
        page.columns(head.map { $0.filledWords(policy) }, indent: 2) { head[$0].tone }
        if isLong, let last = series.last {
            page.line("…  \(series.count - 6) more like these", indent: 2, .faint)
            page.columns([last.filledWords(policy)], indent: 2) { _ in last.tone }
        }
        return page
    }

    /// Each set of locks once, with the steps that take it where they differ.
    private static func locks(of steps: [Step]) -> Page {
        var page = Page()
        var sets: [String] = []
        for step in steps where !sets.contains(step.lockWords) { sets.append(step.lockWords) }
        for set in sets {
            let takers = steps.filter { $0.lockWords == set }
            let others = takers.count > 1 ? " and \(takers.count - 1) more" : ""
            let whose = sets.count > 1 ? " of \(takers[0].sign) \(takers[0].target)\(others)" : ""
            page.line([Page.Span("locks\(whose): \(set)", .faint)], indent: 5, hanging: 12)
        }
        return page
    }

    private func blockers(of table: TablePlan) -> Page {
        var page = Page()
        let locked = Set(table.steps.flatMap(\.locks).map(\.relation.description))
        let blockers = result.blockers.filter { locked.contains($0.relation) }
        if blockers.isEmpty { page.labelled("in the way now", "nobody", indent: 5, .faint) }
        for blocker in blockers.prefix(5) {
            page.labelled("in the way now", blocker.descriptionWithQuery, indent: 5, .changed)
        }
        if blockers.count > 5 { page.line("… and \(blockers.count - 5) more", indent: 5, .changed) }
        return page
    }

    private var notes: Page {
        var page = Page()
        if let reason = result.registry.reason { page.line("the maps would be published nowhere: \(reason)") }
        for quota in result.quotas { page.line(QuotaView(quota).text(isDefault: quota == result.quota)) }
        for space in result.forecast { page.line("forecast: \(space.words)", space.fits == false ? .removed : .plain) }
        if result.work.values.contains(where: { !$0.isEmpty }) { page.line(OnlineWorkText.basis) }
        let locked = Set(plan.steps.flatMap(\.locks).map(\.relation.description))
        for blocker in result.blockers.filter({ !locked.contains($0.relation) }).prefix(10) {
            page.labelled("in the way now", blocker.descriptionWithQuery, .changed)
        }
        return page
    }

    private var summary: String {
        let tally = Tally(plan.steps)
        let unchanged = plan.tables.filter { $0.policy != nil && $0.steps.isEmpty }.count
        let alone = plan.tables.filter { $0.policy == nil }.count
        if plan.tables.isEmpty { return "nothing to do: there are no partitioned tables" }
        var parts: [String] = []
        if tally.partitions > 0 { parts.append("\(tally.partitions) to create") }
        if tally.indexes > 0 { parts.append("\(counted(tally.indexes, "index", "indexes")) to repair") }
        if tally.leftovers > 0 { parts.append("\(counted(tally.leftovers, "leftover")) to clear") }
        let maps = plan.tables.filter(result.isToPublish).count
        if maps > 0 { parts.append("\(counted(maps, "map")) to publish") }
        if parts.isEmpty { parts.append("nothing to do") }
        let hindered = plan.tables.filter { result.hindrances[$0.table] != nil }.count
        if hindered > 0 { parts.append("\(counted(hindered, "table")) not now") }
        if unchanged > 0 { parts.append("\(counted(unchanged, "table")) unchanged") }
        if alone > 0 { parts.append("\(counted(alone, "table")) left alone") }
        return parts.joined(separator: ", ")
    }
}

extension Step {
    /// The reason without the name of the partition, which the step's own line has.
    fileprivate var reasonThere: String {
        guard case .repairIndex(let gap) = action else { return reason }
        return reason.replacing(" on \(gap.partition)", with: " there")
    }

    fileprivate var lockWords: String {
        var own: RelationName?
        if case .repairIndex(let gap) = action { own = gap.partition }
        return locks.map { "\($0.mode.rawValue) on \($0.relation == own ? "the partition" : "\($0.relation)")" }
            .joined(separator: ", ")
    }
}

extension PlanResult {
    var page: Page { PlanPage(result: self).page }
}
