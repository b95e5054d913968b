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
        abstract: "Show each table's interval, how long it is covered, and the registry. Changes nothing.",
        discussion: """
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
        let status = StatusResult(inspection: result)
        console.show(status.page, status.view)
        return .success
    }
}
