// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Testing

@Suite("Any catalog that can be grown, of 2000 made up ones,")
struct ConvergenceTests {
    /// A catalog, its plan, and the plan for what that leaves.
    struct History: Sendable {
        let seed: UInt64
        let catalog: RandomCatalog
        let first: TablePlan
        let second: TablePlan

        init?(seed: UInt64) {
            guard let catalog = RandomCatalog(seed: seed),
                let first = catalog.plan(for: catalog.table), first.policy != nil,
                let second = catalog.plan(for: catalog.after(catalog.table, first))
            else { return nil }
            self.seed = seed
            self.catalog = catalog
            self.first = first
            self.second = second
        }

        var hasPendingDetach: Bool { catalog.table.partitions.contains { $0.isDetachPending } }
    }

    static let histories: [History] = (UInt64(0)..<2000).compactMap(History.init)

    @Test("is worth it: most can be grown, and much is made")
    func worth() {
        #expect(Self.histories.count > 1800, "\(Self.histories.count)")
        let made = Self.histories.reduce(0) { $0 + $1.first.creations.count }
        #expect(made > 10_000, "\(made)")
        #expect(Self.histories.contains { $0.hasPendingDetach })
    }

    @Test("is converged by its plan: the next one makes nothing, and nothing is uncovered or overlaps")
    func converges() throws {
        for history in Self.histories {
            let seed = history.seed
            var table = history.catalog.after(history.catalog.table, history.first)
            var last = history.second
            // The range of a detach that was completed is free for a partition only then.
            if history.first.steps.contains(where: { if case .finalizeDetach = $0.action { true } else { false } }) {
                table = history.catalog.after(table, last)
                last = try #require(history.catalog.plan(for: table))
            }
            #expect(last.steps.isEmpty, "seed \(seed): \(history.first.made), then \(last.made)")
            #expect(last.findings(.overlap).isEmpty, "seed \(seed)")
            // Others' detaches are others' to complete.
            guard !table.partitions.contains(where: { $0.isDetachPending }) else { continue }
            #expect(last.isConverged, "seed \(seed): \(last.findings)")
            let coverage = try #require(last.coverage)
            #expect(coverage.missing.isEmpty, "seed \(seed)")
            #expect((coverage.coveredUntil ?? Int64.min) >= coverage.requiredUntil, "seed \(seed): \(coverage)")
        }
    }

    @Test("gets partitions that overlap nothing, are no larger than a cell, and have names of their own")
    func creations() throws {
        for history in Self.histories {
            let seed = history.seed
            let plan = history.first
            let policy = try #require(plan.policy)
            let existing = PolicyInference.ranges(of: history.catalog.table).map(\.range)
            #expect(Coverage(existing + plan.creations.map(\.range)).overlaps.isEmpty, "seed \(seed)")
            for creation in plan.creations {
                let range = creation.range
                let cell = policy.grid.range(policy.grid.index(containing: range.lower))
                #expect(cell.map { $0.lower <= range.lower && range.upper <= $0.upper } == true, "seed \(seed)")
                #expect(!range.isEmpty, "seed \(seed)")
                #expect(IdentifierName.fits(creation.name.name), "seed \(seed): \(creation.name)")
            }
            let names = plan.creations.map(\.name)
            #expect(Set(names).count == names.count, "seed \(seed)")
            #expect(Set(names).isDisjoint(with: history.catalog.table.partitions.map(\.name)), "seed \(seed)")
        }
    }

    @Test("keeps its grid: what a plan makes doesn't change what the next one reads off the bounds")
    func stableGrid() throws {
        for history in Self.histories where !history.hasPendingDetach {
            let (first, second) = try (#require(history.first.policy?.grid), #require(history.second.policy?.grid))
            #expect(first.period == second.period, "seed \(history.seed): \(history.first.made)")
            // Anchors may differ by whole periods.
            #expect(first.timeline == second.timeline, "seed \(history.seed)")
            let end = try #require(history.first.coverage).requiredUntil
            #expect(
                first.boundary(first.index(containing: end) + 1) == second.boundary(second.index(containing: end) + 1),
                "seed \(history.seed): \(history.first.made)"
            )
        }
    }

    @Test("keeps the gaps of its past as they are: reported, neither filled nor forgotten")
    func pastGaps() {
        for history in Self.histories where !history.hasPendingDetach {
            #expect(
                history.second.coverage?.gapsInThePast == history.first.coverage?.gapsInThePast,
                "seed \(history.seed): \(history.first.made)"
            )
            #expect(history.second.findings(.gap) == history.first.findings(.gap), "seed \(history.seed)")
        }
    }

    @Test("converges a few steps at a time as well, and covers now first of all")
    func cappedRuns() throws {
        for history in Self.histories.prefix(300) where !history.hasPendingDetach {
            let seed = history.seed
            var table = history.catalog.table
            var rounds = 0
            while let next = history.catalog.plan(for: table, stepsPerTable: 7), !next.steps.isEmpty, rounds < 100 {
                if rounds > 0 { #expect(next.coverage?.coveredUntil != nil, "seed \(seed): \(next.made)") }
                #expect(next.steps.count <= 7, "seed \(seed)")
                table = history.catalog.after(table, next)
                rounds += 1
            }
            #expect(rounds == (history.first.steps.count + 6) / 7, "seed \(seed)")
            let all = Set(PolicyInference.ranges(of: table).map(\.range))
            let atOnce = PolicyInference.ranges(of: history.catalog.after(history.catalog.table, history.first)).map(
                \.range
            )
            #expect(all == Set(atOnce), "seed \(seed)")
        }
    }
}

extension RandomCatalog {
    fileprivate func after(_ table: PartitionedTable, _ plan: TablePlan) -> PartitionedTable {
        table.applying(plan, at: snapshot.server.now).changing { table in
            guard !hasPattern else { return }
            for index in table.partitions.indices { table.partitions[index].name.name = Self.odd(index) }
        }
    }

    /// The plan after the table became what is given.
    fileprivate func plan(for table: PartitionedTable, stepsPerTable: Int? = nil) -> TablePlan? {
        var settings = settings
        settings.stepsPerTable = stepsPerTable ?? settings.stepsPerTable
        return Planner(snapshot: snapshot.changing { $0.tables = [table] }, settings: settings).plan().tables.first
    }
}
