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
        /// What is published of a table that has no policy; nil for nothing of this database.
        var unattended: UnattendedMap?
        /// nil for a table that isn't there.
        var extra: Extra?
    }

    struct Result<Extra: Sendable>: Sendable {
        var server: ServerFacts
        /// nil where policies are inferred.
        var policyFile: String?
        var registry: RegistryChoice
        var tables: [Table<Extra>]
        /// Published maps of this database whose table isn't among them; none where tables were named.
        var others: UnattendedMaps
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
                var outage: RegistryError?
                let tables = try await self.tables(of: observation, session, choice, &outage, extra)
                var others = UnattendedMaps()
                if let registry = choice.registry, scope.tables.isEmpty {
                    others = await .of(observation, in: registry, session: session, outage: &outage)
                }
                await choice.close()
                if let remark = others.remark { console.warn(remark) }
                return Result(
                    server: observation.snapshot.server,
                    policyFile: scope.policyFile,
                    registry: choice,
                    tables: tables,
                    others: others
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
        _ outage: inout RegistryError?,
        _ extra: (DatabaseSession, Observation, PartitionedTable, TablePlan) async throws -> Extra
    ) async throws -> [Table<Extra>] {
        var tables: [Table<Extra>] = []
        for (index, plan) in observation.plan.tables.enumerated() {
            console.progress?.say("\(plan.table) (\(index + 1) of \(observation.plan.tables.count))")
            var unattended: UnattendedMap?
            if plan.policy == nil, let registry = choice.registry {
                unattended = await .of(plan.table, as: observation, in: registry, session: session, outage: &outage)
            }
            guard let table = observation.snapshot.tables.first(where: { $0.oid == plan.oid }) else {
                tables.append(
                    Table(
                        plan: plan,
                        partitions: [],
                        ranges: [],
                        now: observation.snapshot.server.now,
                        standing: unattended?.standing ?? .unmanaged,
                        unattended: unattended,
                        extra: nil
                    )
                )
                continue
            }
            var standing = unattended?.standing
            if standing == nil {
                standing = await .of(plan, as: observation, in: choice.registry, session: session, outage: &outage)
            }
            tables.append(
                Table(
                    plan: plan,
                    partitions: table.partitions,
                    ranges: PolicyInference.ranges(of: table).filter { !$0.partition.isDetachPending }.map(\.range),
                    now: observation.snapshot.server.now,
                    standing: standing ?? .unmanaged,
                    unattended: unattended,
                    extra: try await extra(session, observation, table, plan)
                )
            )
        }
        return tables
    }
}
