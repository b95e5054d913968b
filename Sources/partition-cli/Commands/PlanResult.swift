// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Logging
import PartitionRouter
import Partitioning
import Provisioning

/// A plan with what people want to know beside it.
struct PlanResult: Sendable {
    var plan: Plan
    /// The same for a file.
    var saved: SavedPlan
    /// What psql would be given for each table; empty where nobody asked.
    var chapters: [RelationName: [Runbook.Chapter]]
    var bufferDays: Int
    /// nil where policies are inferred.
    var policyFile: String?
    var quota: QuotaView?
    /// What the partitions to come will hold, by tablespace.
    var forecast: [SpaceForecast]
    var blockers: [Blocker]
    var registry: RegistryChoice
    var standings: [RelationName: RegistryStanding]

    static func make(
        _ configuration: ConnectionConfiguration,
        scope: Scope,
        registryURL: RegistryURL?,
        quota: QuotaGuard?,
        wantsStatements: Bool = false,
        at now: Instant? = nil,
        logger: Logger
    ) async throws -> PlanResult {
        try await DatabaseSession.scoped(configuration, logger: logger) { session in
            try await NamedTables.check(scope.tables, in: session)
            let observation = try await Observation.make(session: session, settings: scope.settings, at: now)
            var chapters: [RelationName: [Runbook.Chapter]] = [:]
            if wantsStatements {
                let runbook = Runbook(session: session, logger: logger)
                for table in observation.plan.tables {
                    chapters[table.table] = try await runbook.chapters(for: table, in: observation)
                }
            }
            var view: QuotaView?
            var forecast: [SpaceForecast] = []
            if let quota {
                view = QuotaView(quota, try await quota.reading(of: nil, on: session.connection))
                forecast = try await SpaceForecast.of(observation, quota: quota, on: session.connection)
            }
            let choice = try RegistryChoice(
                registryURL,
                database: configuration,
                embedded: registryURL == nil ? try await EmbeddedRegistry.state(in: session) : nil,
                for: .publishing,
                logger: logger
            )
            let standings = await RegistryStanding.of(observation, in: choice.registry)
            await choice.close()
            return PlanResult(
                plan: try await withoutObstructed(observation, session, logger),
                saved: SavedPlan(
                    observation.plan,
                    of: observation.snapshot,
                    settings: scope.settings,
                    sql: chapters.mapValues { $0.flatMap(\.statements) }
                ),
                chapters: chapters,
                bufferDays: scope.bufferDays,
                policyFile: scope.policyFile,
                quota: view,
                forecast: forecast,
                blockers: try await Blocker.current(of: observation.plan.steps, on: session.connection),
                registry: choice,
                standings: standings
            )
        }
    }

    /// The plan after a look that a run would take before it begins: partitions whose rows are in the default one aren't made.
    private static func withoutObstructed(
        _ observation: Observation,
        _ session: DatabaseSession,
        _ logger: Logger
    ) async throws -> Plan {
        var plan = observation.plan
        let look = DefaultObstacles(session: session, logger: logger)
        for (index, own) in plan.tables.enumerated() {
            guard let table = observation.snapshot.tables.first(where: { $0.oid == own.oid }) else { continue }
            let obstacles = try await look.look(at: table, for: own.steps)
            plan.tables[index].findings += obstacles.map(\.finding)
            plan.tables[index].steps.removeAll { step in
                obstacles.contains { step.action == .createPartition($0.creation) }
            }
        }
        return plan
    }

    /// Tables that a run would leave as they are, though something is wrong with them, need a hand.
    func status(named: Set<RelationName>, detailed: Bool) -> ExitStatus {
        let needsHand = plan.tables.contains { table in
            if table.findings.contains(where: { $0.code == .rowsInDefault }) { return true }
            guard case .leftAlone = table.disposition else { return false }
            return named.contains(table.table) || table.findings.contains { $0.severity == .error }
        }
        if needsHand { return .failed }
        let isIdle = plan.isEmpty && !plan.tables.contains(where: isToPublish)
        return detailed && !isIdle ? .changesPlanned : .success
    }

    // MARK: - For people

    var page: Page {
        var page = Page()
        let basis = policyFile.map { "policy \($0)" } ?? "buffer \(counted(bufferDays, "day"))"
        page.line("plan for the database \(plan.database), \(basis)", .heading)
        for table in plan.tables
        where !table.steps.isEmpty || table.findings.contains(where: \.isOpen) || isToPublish(table) {
            page.section(self.page(of: table))
        }
        page.section(LeftAlonePage.page(of: plan.tables))
        if let reason = registry.reason { page.line("the maps would be published nowhere: \(reason)") }
        if let quota { page.line(quota.text) }
        for space in forecast { page.line("forecast: \(space.words)", space.fits == false ? .removed : .plain) }
        if !blockers.isEmpty {
            page.line("in the way at this moment:")
            for blocker in blockers.prefix(10) { page.line("\(blocker)", indent: 2, .changed) }
        }
        page.line()
        page.line(summary, .heading)
        return page
    }

    /// A changed table is published, and one whose stored map isn't what it should be.
    private func isToPublish(_ table: TablePlan) -> Bool {
        guard registry.registry != nil, table.policy != nil else { return false }
        if !table.steps.isEmpty { return true }
        if case .current = standings[table.table] { return false }
        return true
    }

    private func page(of table: TablePlan) -> Page {
        var page = Page()
        page.line(Self.heading(of: table), .heading)
        let rows = table.steps.map { $0.words(table.policy) + [$0.reason] }
        page.columns(rows, indent: 2) { table.steps[$0].tone }
        page.append(Self.locks(of: table.steps))
        if isToPublish(table), let standing = standings[table.table] {
            page.line("~  publish to \(registry.name) (now: \(StandingView(standing).words))", indent: 2, .changed)
        }
        for finding in table.findings where finding.isOpen { page.append(FindingPage.page(of: finding)) }
        return page
    }

    /// Each set of locks once, with the steps that take it where they differ.
    private static func locks(of steps: [Step]) -> Page {
        var page = Page()
        var sets: [[LockUse]] = []
        for step in steps where !sets.contains(step.locks) { sets.append(step.locks) }
        for set in sets {
            let takers = steps.filter { $0.locks == set }
            let others = takers.count > 1 ? " and \(takers.count - 1) more" : ""
            let whose = sets.count > 1 ? " of \(takers[0].sign) \(takers[0].target)\(others)" : ""
            let words = set.map { "\($0.mode.rawValue) on \($0.relation)" }.joined(separator: ", ")
            page.line("locks\(whose): \(words)", indent: 5, .faint)
        }
        return page
    }

    private static func heading(of table: TablePlan) -> String {
        guard let policy = table.policy, let coverage = table.coverage else { return table.table.description }
        let key = KeyText(policy)
        let until = key.covered(coverage)
        return "\(table.table): every \(key.interval), \(until), needed until \(key.display(coverage.requiredUntil))"
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
        let maps = plan.tables.filter(isToPublish).count
        if maps > 0 { parts.append("\(counted(maps, "map")) to publish") }
        if parts.isEmpty { parts.append("nothing to do") }
        if unchanged > 0 { parts.append("\(counted(unchanged, "table")) unchanged") }
        if alone > 0 { parts.append("\(counted(alone, "table")) left alone") }
        return parts.joined(separator: ", ")
    }
}

extension Finding {
    /// Whether it stays when the plan is carried out: what a step mends is told by the step.
    var isOpen: Bool {
        switch code {
        case .leftAlone, .notCovered, .missingIndex, .leftoverCheck: false
        case .privilege, .unreadableBound: false
        default: true
        }
    }
}
