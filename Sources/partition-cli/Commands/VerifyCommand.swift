// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import LibPQ
import Partitioning
import Provisioning

/// `verify`: the checks alone, the deep ones too. Changes nothing.
struct VerifyCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check partitions, indexes, registry. Changes nothing.",
        usage: "partition-cli verify [<options>]",
        discussion: """
            Coverage, gaps, indexes and properties of partitions, and whether the
            registry holds what the catalog says.

            Example:
              partition-cli verify --db-url=$DB_URL --registry-url=$REGISTRY_URL

            Exit status: 0 where nothing was found, 1 where something was.
            """
    )

    @OptionGroup var planning: PlanningOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    func perform(_ console: Console) async throws -> ExitStatus {
        let input = try CommandInput(planning, database, registry, console)
        let inspection = Inspection(
            configuration: input.configuration,
            registryURL: input.registryURL,
            scope: input.scope,
            console: console
        )
        let result = try await inspection.run { session, observation, table, plan in
            let obstacles = try await DefaultObstacles(session: session, logger: console.logger)
                .look(at: table, for: plan.steps)
            return obstacles.map(\.finding) + (try await Self.properties(of: table, in: observation, session))
        }
        let findings = result.tables.flatMap { table in
            Self.judged(table.plan, extra: table.extra ?? [])
                + [
                    table.unattended?.finding(registry: result.registry.name)
                        ?? table.standing.finding(of: table.plan.table, registry: result.registry.name)
                ].compactMap(\.self)
        }
        let others = result.others.maps.compactMap { $0.finding(registry: result.registry.name) }
        let verdict = VerifyResult(inspection: result, findings: findings + others, named: input.scope.named)
        if result.registry.isUnusable, let reason = result.registry.reason {
            console.warn("the registry was not compared: \(reason)")
        }
        console.show(verdict.page, verdict.view, isRemarkable: verdict.status != .success)
        return verdict.status
    }

    /// The plan's findings as they are where nothing is going to be done about them, and those of a closer look.
    private static func judged(_ plan: TablePlan, extra: [Finding]) -> [Finding] {
        let occupied = extra.first { $0.code == .rowsInDefault }
        let findings = plan.findings.map { finding in
            var finding = finding
            // Nobody grows a table that is left alone.
            if plan.policy == nil, finding.severity == .warning { finding.severity = .error }
            if finding.code == .notCovered, let occupied { finding.remedy = occupied.remedy }
            return finding
        }
        return findings + extra
    }

    /// Differences of our partitions from their model; that they can't be read is a finding, not the end.
    static func properties(
        of table: PartitionedTable,
        in observation: Observation,
        _ session: DatabaseSession
    ) async throws -> [Finding] {
        guard let policy = observation.plan.tables.first(where: { $0.oid == table.oid })?.policy else { return [] }
        do {
            return try await Verifier(session: session)
                .findings(in: table, policy: policy, now: observation.snapshot.server.now)
        } catch {
            guard error.kind == .server else { throw error }
            var failure = CommandFailure(error)
            if error.sqlState == .lockNotAvailable,
                let blocker = try await Blocker.locking(table, on: session.connection).first
            {
                failure.message = "they are locked: \(blocker)"
                failure.remedy = "run again when that transaction has ended"
            }
            return [
                Finding(
                    .error,
                    error.sqlState == .insufficientPrivilege ? .privilege : .notVerified,
                    table: table.name,
                    "the properties of the partitions of \(table.name) can't be read: \(failure.message)",
                    remedy: failure.remedy
                )
            ]
        }
    }
}
