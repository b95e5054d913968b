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
            One screen: each table as a line of time, days left, rows in the default
            partition, the registry's version and the last run.

            Example:
              partition-cli status --output=json --db-url=$DB_URL

            Exit status: 0 whatever the state is; verify judges it.
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
        let result = try await inspection.run { session, _, table, _ in
            try await DefaultRows.count(in: table, session)
        }
        let last = await LastRun.of(result.server.database, in: result.registry)
        let status = StatusResult(inspection: result, lastRun: last)
        console.show(status.page, status.view)
        return .success
    }
}
