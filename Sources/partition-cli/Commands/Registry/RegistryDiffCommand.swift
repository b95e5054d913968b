// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import LibPQ
import PartitionMap
import Partitioning
import Provisioning

/// `registry diff`: what is published against what the catalog says. Changes nothing.
struct RegistryDiffCommand: Command {
    static let name = "registry diff"
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Compare published maps with the catalog.",
        usage: "partition-cli registry diff [<options>]",
        discussion: """
            Partition by partition, and who published. Changes nothing.

            Example:
              partition-cli registry diff --db-url=$DB_URL --registry-url=$REGISTRY_URL

            Exit status: 0 where every map is as it must be, 1 where one isn't.
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
            try await Self.catalog(table, plan, observation.snapshot.server, session)
        }
        let diff = try await RegistryDiff.of(result, named: input.scope.named)
        console.show(diff.page, diff.view, isRemarkable: diff.status != .success)
        return diff.status
    }

    /// What would be published now, and from where.
    private static func catalog(
        _ table: PartitionedTable,
        _ plan: TablePlan,
        _ server: ServerFacts,
        _ session: DatabaseSession
    ) async throws -> RegistryDiff.Catalog? {
        // What can't be said in a document is in the table's standing.
        guard let policy = plan.policy,
            let document = try? MapDocument.document(of: table, policy: policy, now: server.now)
        else { return nil }
        let stand = try await PublishingStand(of: server, on: session.connection)
        return RegistryDiff.Catalog(document: document, origin: stand?.origin)
    }
}
