// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import PartitionRouter
import Partitioning
import Provisioning

/// Looks at tables and at what the registry holds of them; changes nothing.
struct Inspection: Sendable {
    var configuration: ConnectionConfiguration
    var registryURL: RegistryURL?
    var scope: Scope
    var console: Console

    struct Table<Extra: Sendable>: Sendable {
        var plan: TablePlan
        var partitions: [Partition]
        /// What attached partitions hold of the key, as far as their bounds can be read.
        var ranges: [KeyRange]
        /// The server's clock when the catalog was read.
        var now: Instant
        var standing: RegistryStanding
        /// nil for a table that isn't there.
        var extra: Extra?
    }

    struct Result<Extra: Sendable>: Sendable {
        var server: ServerFacts
        /// nil where policies are inferred.
        var policyFile: String?
        var registry: RegistryChoice
        var tables: [Table<Extra>]
    }

    /// - Parameter extra: what else is to be known of a table.
    func run<Extra: Sendable>(
        _ extra: (DatabaseSession, Observation, PartitionedTable, TablePlan) async throws -> Extra
    ) async throws -> Result<Extra> {
        console.progress?.say("reading the catalog")
        return try await DatabaseSession.scoped(configuration, logger: console.logger) { session in
            try await NamedTables.check(scope.tables, in: session)
            try await DeclaredZones.check(scope, in: session)
            let observation = try await Observation.make(session: session, settings: scope.settings)
            let choice = try RegistryChoice(
                registryURL,
                database: configuration,
                embedded: registryURL == nil ? try await EmbeddedRegistry.state(in: session) : nil,
                for: .reading,
                logger: console.logger
            )
            do {
                let tables = try await self.tables(of: observation, session, choice, extra)
                await choice.close()
                return Result(
                    server: observation.snapshot.server,
                    policyFile: scope.policyFile,
                    registry: choice,
                    tables: tables
                )
            } catch {
                await choice.close()
                throw error
            }
        }
    }

    private func tables<Extra: Sendable>(
        of observation: Observation,
        _ session: DatabaseSession,
        _ choice: RegistryChoice,
        _ extra: (DatabaseSession, Observation, PartitionedTable, TablePlan) async throws -> Extra
    ) async throws -> [Table<Extra>] {
        var tables: [Table<Extra>] = []
        var outage: RegistryError?
        for (index, plan) in observation.plan.tables.enumerated() {
            guard let table = observation.snapshot.tables.first(where: { $0.oid == plan.oid }) else {
                tables.append(
                    Table(
                        plan: plan,
                        partitions: [],
                        ranges: [],
                        now: observation.snapshot.server.now,
                        standing: .unmanaged,
                        extra: nil
                    )
                )
                continue
            }
            console.progress?.say("\(plan.table) (\(index + 1) of \(observation.plan.tables.count))")
            tables.append(
                Table(
                    plan: plan,
                    partitions: table.partitions,
                    ranges: PolicyInference.ranges(of: table).filter { !$0.partition.isDetachPending }.map(\.range),
                    now: observation.snapshot.server.now,
                    standing: await .of(
                        table,
                        policy: plan.policy,
                        in: choice.registry,
                        as: observation.snapshot.server,
                        session: session,
                        outage: &outage
                    ),
                    extra: try await extra(session, observation, table, plan)
                )
            )
        }
        return tables
    }
}
