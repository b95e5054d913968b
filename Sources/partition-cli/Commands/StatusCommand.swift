// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import LibPQ
import Partitioning
import Provisioning

/// `status`: one screen. Changes nothing.
struct StatusCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show how long tables are covered. Changes nothing.",
        usage: "partition-cli status [<options>]",
        discussion: """
            One screen: each table as a line of time, all on one scale, the most urgent \
            first; days left, gaps, rows in the default partition, how the registry stands \
            and the last run. Of many tables those that are covered are folded.

            Example:
              partition-cli status --output=json --db-url=$DB_URL

            Exit status: 0 whatever the state is; verify judges it.
            """
    )

    @Flag(name: .customLong("all"), help: "Show every table, also where there are many.")
    var isWhole = false

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
        let result = try await inspection.run { session, _, table, _ in
            try await DefaultRows.count(in: table, session)
        }
        let last = await LastRun.of(result.server.database, in: result.registry)
        let status = StatusResult(inspection: result, lastRun: last)
        console.show(status.page(isWhole: isWhole), status.view)
        return .success
    }
}
