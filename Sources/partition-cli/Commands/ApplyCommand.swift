// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import Partitioning
import Provisioning

/// `apply`: carries out a plan that somebody has looked through, if it is still what would be done.
struct ApplyCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Carry out a saved plan, if it is still the same.",
        usage: "partition-cli apply <file> [<options>]",
        discussion: """
            Example:
              partition-cli plan --out=plan.json --db-url=$DB_URL
              partition-cli apply plan.json --db-url=$DB_URL --registry-url=$REGISTRY_URL

            The plan is made anew, under the run's lock on the database, and compared with the file: tables, partitions, \
            bounds, order and locks. Where anything has moved nothing is done, and what moved is said. Statements in \
            the file are for people: they are never executed. Buffer, tables and policies are those the plan was made with.

            Exit status: as for rotate; 1 where the plan is stale or the file was changed.
            """
    )

    @Argument(help: "The file that plan --out wrote.", completion: .file(extensions: ["json"]))
    var file: String

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var registry: RegistryOptions
    @OptionGroup var quota: QuotaOptions
    @OptionGroup var guards: GuardOptions
    @OptionGroup var telemetry: TelemetryOptions
    @OptionGroup var run: RunOptions
    @OptionGroup var output: OutputOptions

    func validate() throws { try guards.check(within: run) }

    func perform(_ console: Console) async throws -> ExitStatus {
        let plan = try PlanFile.read(file)
        let connections = try PolicyConnections(policy, database, registry, console.environment)
        let scope = try Scope(approved: plan, connections.file)
        let rotation = Rotation(
            command: Self.name,
            configuration: try database.configuration(console.environment, policy: connections.database),
            registryURL: try registry.url(console.environment, policy: connections.registry),
            scope: try guards.emergency(in: scope, connections.file),
            approved: plan,
            guards: try guards.guards(scope, connections.file, quota, console.environment),
            deadline: .seconds(run.deadline),
            lockBudget: .seconds(run.lockBudget),
            takesOver: run.takeOver
        )
        return try await rotation.perform(console, telemetry, output)
    }
}
