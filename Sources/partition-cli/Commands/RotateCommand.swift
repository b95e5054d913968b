// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import PartitionRegistryPostgres
import PartitionRouter
import Partitioning
import Provisioning

/// `rotate`: the whole run.
struct RotateCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Create the partitions that the next days need, repair indexes, verify, publish.",
        discussion: """
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
    @OptionGroup var guards: GuardOptions

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How long the run may take: 1 to 86400. What isn't done then is deferred. (default: 270)",
            valueName: "seconds"
        ),
        transform: Transform.number(1...86_400, of: "seconds")
    )
    var deadline = 270

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How long one table's locks may be tried for: 1 to 3600. (default: 60)",
            valueName: "seconds"
        ),
        transform: Transform.number(1...3600, of: "seconds")
    )
    var lockBudget = 60

    @Flag(help: "Publish even over a map that another database, or a later state of this one, has published.")
    var takeOver = false

    @OptionGroup var output: OutputOptions

    func perform(_ console: Console) async throws -> ExitStatus {
        let input = try CommandInput(planning, database, registry, console)
        let rotation = Rotation(
            configuration: input.configuration,
            registryURL: input.registryURL,
            scope: input.scope,
            guards: try guards.guards(bufferDays: input.scope.bufferDays, quota: quota.guardian),
            deadline: .seconds(deadline),
            lockBudget: .seconds(lockBudget),
            takesOver: takeOver
        )
        let result = try await rotation.run(console)
        let status = ExitStatus(
            result.report,
            named: input.scope.named,
            interrupted: await console.interruption.status
        )
        if let reason = result.registry.reason, !result.managedTables.isEmpty {
            console.remark("warning: the maps were published nowhere: \(reason)")
        }
        console.show(result.page(status), result.view(status), isRemarkable: status != .success)
        return status
    }
}
