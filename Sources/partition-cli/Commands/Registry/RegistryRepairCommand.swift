// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import LibPQ
import PartitionRouter
import Partitioning
import Provisioning

/// `registry repair`: publishes what the catalog says, and changes nothing in the database.
struct RegistryRepairCommand: Command {
    static let name = "registry repair"
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Publish the maps that the catalog makes now.",
        usage: "partition-cli registry repair [<options>]",
        discussion: """
            Maps that are as they must be are left as they are. No table is changed.

            Example:
              partition-cli registry repair --db-url=$DB_URL \\
                --registry-url=$REGISTRY_URL

            A clone or a restored copy is refused: with --take-over it becomes the one that \
            publishes. A map is published when the connected standbys have replayed what it \
            says. Exit status: 0, 74 where a map was not published, 75 on a standby, 76 while a \
            run is at work.
            """
    )

    @OptionGroup var planning: PlanningOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var registry: RegistryOptions

    @Flag(help: "Publish even over a map that another database, or a later state of this one, has published.")
    var takeOver = false

    @OptionGroup var output: OutputOptions

    func perform(_ console: Console) async throws -> ExitStatus {
        let input = try CommandInput(planning, database, registry, console)
        if !input.scope.tables.isEmpty {
            try await DatabaseSession.scoped(input.configuration, logger: console.logger) { session in
                try await NamedTables.check(input.scope.tables, in: session)
            }
        }
        let choice = try await RegistryAccess(url: input.registryURL, logger: console.logger)
            .open(for: .publishing) { input.configuration }
        guard let publishing = choice.forPublishing else { throw RegistryAccess.missing(choice) }
        let provisioner = Provisioner(
            configuration: input.configuration,
            settings: input.scope.settings,
            budget: RunBudget(emergencyDays: input.scope.emergencyDays),
            guards: RunGuards(lag: LagLimits()),
            logger: console.logger
        )
        let publisher = Publisher(registry: publishing, takesOver: takeOver, logger: console.logger)
        let repair: MapRepair
        do {
            repair = try await provisioner.repairMaps(with: publisher)
        } catch {
            await choice.close()
            throw error
        }
        await choice.close()
        for finding in repair.findings { console.warn(finding.message) }
        let result = RegistryPublication(
            command: Self.name,
            registry: choice,
            outcomes: repair.outcomes,
            leftAlone: repair.plans.filter { $0.policy == nil },
            named: input.scope.named
        )
        console.show(result.page, result.view, isRemarkable: result.status != .success)
        return result.status
    }
}
