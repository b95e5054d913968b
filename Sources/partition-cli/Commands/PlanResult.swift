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
    /// Whom the database knew the session by.
    var role: String
    var bufferDays: Int
    /// nil where policies are inferred.
    var policyFile: String?
    var quota: QuotaView?
    /// What the partitions to come will hold, by tablespace.
    var forecast: [SpaceForecast]
    var blockers: [Blocker]
    var registry: RegistryChoice
    var standings: [RelationName: RegistryStanding]
    /// What takes as long as tables are big.
    var work: [RelationName: [OnlineWork]]

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
            try await DeclaredZones.check(scope, in: session)
            let observation = try await Observation.make(session: session, settings: scope.settings, at: now)
            let chapters =
                wantsStatements
                ? try await Runbook(session: session, logger: logger).chapters(of: observation) : [:]
            var view: QuotaView?
            var forecast: [SpaceForecast] = []
            if let quota {
                view = QuotaView(try await quota.measure(of: nil, on: session.connection))
                forecast = try await SpaceForecast.of(observation, quota: quota, on: session.connection)
            }
            let choice = try RegistryChoice(
                registryURL,
                database: configuration,
                embedded: registryURL == nil ? try await EmbeddedRegistry.state(in: session) : nil,
                for: .publishing,
                logger: logger
            )
            let standings = await RegistryStanding.of(observation, in: choice.registry, session: session)
            await choice.close()
            return PlanResult(
                plan: try await withoutObstructed(observation, session, logger),
                saved: SavedPlan(
                    observation.plan,
                    of: observation.snapshot,
                    settings: scope.settings,
                    sql: chapters.mapValues(\.statements)
                ),
                chapters: chapters,
                role: observation.snapshot.server.role,
                bufferDays: scope.bufferDays,
                policyFile: scope.policyFile,
                quota: view,
                forecast: forecast,
                blockers: try await Blocker.current(of: observation.plan.steps, on: session.connection),
                registry: choice,
                standings: standings,
                work: try await Self.work(of: observation, session)
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

    private static func work(
        of observation: Observation,
        _ session: DatabaseSession
    ) async throws -> [RelationName: [OnlineWork]] {
        let tables = Dictionary(
            observation.snapshot.tables.map { ($0.oid, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        let planned = observation.plan.tables.compactMap { plan in tables[plan.oid].map { (plan, $0) } }
        let sizes = try await RelationSizes.read(
            of: planned.flatMap { OnlineWork.relations(of: $0.0, in: $0.1) },
            on: session.connection
        )
        return Dictionary(
            planned.map { ($0.0.table, OnlineWork.of($0.0, in: $0.1, sizes: sizes)) },
            uniquingKeysWith: { first, _ in first }
        )
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

    /// A changed table is published, and one whose stored map isn't what it should be.
    func isToPublish(_ table: TablePlan) -> Bool {
        guard registry.registry != nil, table.policy != nil else { return false }
        if !table.steps.isEmpty { return true }
        if case .current = standings[table.table] { return false }
        return true
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
