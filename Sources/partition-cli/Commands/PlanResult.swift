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
    var server: ServerFacts
    var bufferDays: Int
    /// nil where policies are inferred.
    var policyFile: String?
    /// Of the database's default tablespace; nil without a quota for all tables.
    var quota: QuotaMeasure?
    /// What would keep a run from the plan now.
    var obstacles: Hindrances
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
        guards: RunGuards,
        wantsStatements: Bool = false,
        at now: Instant? = nil,
        logger: Logger
    ) async throws -> PlanResult {
        try await DatabaseSession.scoped(configuration, logger: logger) { session in
            try await NamedTables.check(scope.tables, in: session)
            try await DeclaredZones.check(scope, in: session)
            let observation = try await Observation.make(session: session, settings: scope.settings, at: now)
            var possible = observation
            possible.plan = try await withoutObstructed(observation, session, logger)
            let runbook = Runbook(session: session, logger: logger)
            let all = wantsStatements ? try await runbook.chapters(of: observation) : [:]
            var chapters = all
            if wantsStatements, possible.plan.steps != observation.plan.steps {
                chapters = try await runbook.chapters(of: possible)
            }
            var quota: QuotaMeasure?
            var forecast: [SpaceForecast] = []
            if let guardian = guards.defaults.quota {
                quota = try await guardian.measure(of: nil, on: session.connection)
                forecast = try await SpaceForecast.of(observation, quota: guardian, on: session.connection)
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
                plan: possible.plan,
                // As a run plans it, which finds the rows in its way by itself.
                saved: SavedPlan(
                    observation.plan,
                    of: observation.snapshot,
                    settings: scope.settings,
                    sql: all.mapValues(\.statements)
                ),
                chapters: chapters,
                server: observation.snapshot.server,
                bufferDays: scope.bufferDays,
                policyFile: scope.policyFile,
                quota: quota,
                obstacles: try await Hindrances.of(
                    possible,
                    guards: guards,
                    emergencyDays: guards.defaults.emergencyDays ?? scope.emergencyDays,
                    session
                ),
                forecast: forecast,
                blockers: try await Blocker.current(of: observation.plan.steps, on: session.connection),
                registry: choice,
                standings: standings,
                work: try await Self.work(of: observation, session)
            )
        }
    }

    var hindrances: [RelationName: [Hindrance]] { obstacles.tables }

    /// One of each tablespace and threshold that was asked about, the default one first.
    var quotas: [QuotaMeasure] {
        [quota].compactMap(\.self)
            + obstacles.quotas.filter { $0.tablespace != quota?.tablespace || $0.threshold != quota?.threshold }
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

    /// What a run that is not kept from its steps by hours or space would come to; with `detailed` whether there is something to do.
    func status(named: Set<RelationName>, detailed: Bool) -> ExitStatus {
        let status = ExitStatus(plan, named: named, hindrances: hindrances)
        guard status == .success else { return status }
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

extension TablePlan {
    /// What stays when the plan is carried out: what a step mends is told by the step, and why a table is left alone beside its name.
    var openFindings: [Finding] {
        findings.filter { finding in
            switch finding.code {
            case .leftAlone, .privilege, .unreadableBound, .notCovered: false
            default: !mends(finding)
            }
        }
    }
}
