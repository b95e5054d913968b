// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import LibPQ
import Provisioning

/// `plan`: what `rotate` would do now. Changes nothing.
struct PlanCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what rotate would do now, with reasons and locks. Changes nothing.",
        discussion: """
            Example:
              partition-cli plan --buffer-days=90 --table=public.events --db-url=$DB_URL

            Exit status: 0; with --detailed-exitcode 2 where there is something to do; 1 where a table needs a hand.
            """
    )

    @OptionGroup var planning: PlanningOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var registry: RegistryOptions
    @OptionGroup var quota: QuotaOptions

    @Flag(help: "Exit with 2 where there is something to do.")
    var detailedExitcode = false

    @OptionGroup var output: OutputOptions

    func perform(_ console: Console) async throws -> ExitStatus {
        let input = try CommandInput(planning, database, registry, console)
        console.progress?.say("reading the catalog")
        let result = try await PlanResult.make(
            input.configuration,
            scope: input.scope,
            registryURL: input.registryURL,
            quota: quota.guardian,
            logger: console.logger
        )
        let status = result.status(named: input.scope.named, detailed: detailedExitcode)
        console.show(result.page, result.view(status))
        return status
    }
}
