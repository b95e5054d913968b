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

              partition-cli rotate --db-url=$DB_URL --quota-threshold=80 \\
                --quota-prometheus-url=http://prometheus:9090 \\
                --quota-query='1 - node_filesystem_avail_bytes{mountpoint="/pg"} \\
                  / node_filesystem_size_bytes{mountpoint="/pg"}'

            Run it daily. A second run finds nothing to do, changes nothing, publishes \
            nothing and exits 0. What an interrupted run left is finished or removed by \
            the next one.
            """
    )

    @OptionGroup var planning: PlanningOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var registry: RegistryOptions
    @OptionGroup var quota: QuotaOptions
    @OptionGroup var guards: GuardOptions
    @OptionGroup var telemetry: TelemetryOptions

    @OptionGroup var run: RunOptions

    @Option(
        help: ArgumentHelp(
            """
            Stay, and run once for each burst of events: "postgres" for NOTIFY partition_rotate, or \
            redis://host/STREAM. docs/triggers.md says more.
            """,
            valueName: "source"
        )
    )
    var onEvent: String?

    @OptionGroup var output: OutputOptions

    func validate() throws { try guards.check(within: run) }

    func perform(_ console: Console) async throws -> ExitStatus {
        let input = try CommandInput(planning, database, registry, console)
        guard let onEvent else { return try await rotate(input, console) }
        let source = try source(onEvent, input, console)
        let watch = EventWatch(source: source, logger: console.logger) {
            do {
                return try await rotate(input, console)
            } catch {
                let failure = CommandFailure(error)
                console.show(failure, command: Self.name)
                return failure.status
            }
        }
        return await watch.watch()
    }

    private func source(_ text: String, _ input: CommandInput, _ console: Console) throws -> any EventSource {
        if text == "postgres" { return PostgresEvents(input.configuration, logger: console.logger) }
        return try RedisEvents(text, environment: console.environment, logger: console.logger)
    }

    /// Once.
    private func rotate(_ input: CommandInput, _ console: Console) async throws -> ExitStatus {
        let rotation = Rotation(
            configuration: input.configuration,
            registryURL: input.registryURL,
            scope: try guards.emergency(in: input.scope, input.policy),
            guards: try guards.guards(input.scope, input.policy, quota, console.environment),
            deadline: .seconds(run.deadline),
            lockBudget: .seconds(run.lockBudget),
            takesOver: run.takeOver
        )
        return try await rotation.perform(console, telemetry, output)
    }
}
