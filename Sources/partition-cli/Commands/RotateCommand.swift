// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import LibPQ
import PartitionRegistryPostgres
import PartitionRouter
import Partitioning
import Provisioning

/// `rotate`: the whole run.
struct RotateCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Create the partitions that the next days need.",
        usage: "partition-cli rotate [<options>]",
        discussion: """
            Repairs indexes too, verifies the result in the catalog and publishes the
            partition map.

            Example:
              partition-cli rotate --buffer-days=60 --db-url=$DB_URL \\
                --registry-url=$REGISTRY_URL --quota-threshold=80

            Run it daily. A second run finds nothing to do, changes nothing, publishes \
            nothing and exits 0. What an interrupted run left is finished or removed by \
            the next one.
            """
    )

    @OptionGroup var planning: PlanningOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var registry: RegistryOptions
    @OptionGroup var quota: QuotaOptions
    @OptionGroup var telemetry: TelemetryOptions

    @OptionGroup var run: RunOptions

    @OptionGroup var output: OutputOptions

    func perform(_ console: Console) async throws -> ExitStatus {
        let input = try CommandInput(planning, database, registry, console)
        let rotation = Rotation(
            configuration: input.configuration,
            registryURL: input.registryURL,
            scope: input.scope,
            quota: quota.guardian,
            deadline: .seconds(run.deadline),
            lockBudget: .seconds(run.lockBudget),
            takesOver: run.takeOver
        )
        return try await rotation.perform(console, telemetry, output)
    }
}
