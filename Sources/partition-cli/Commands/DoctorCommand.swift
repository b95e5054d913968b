// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import Provisioning

/// `doctor`: hazards around the partitions. Changes nothing.
struct DoctorCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Find hazards around the tables. Changes nothing.",
        usage: "partition-cli doctor [<options>]",
        discussion: """
            Who blocks whom, rights, versions, the server's log, the registry.

            Example:
              partition-cli doctor --db-url=$DB_URL --registry-url=$REGISTRY_URL

            Each hazard comes with what was read, why it matters and what to do. What \
            the role may not see is said with the GRANT; pg_monitor is enough for most.

            Severities: note, worth knowing; warning, going to be in the way; error, does \
            harm now or puts rows at stake.

            Exit status: 0 where nothing above a note was found, 1 where something was.
            """
    )

    @OptionGroup var planning: PlanningOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var registry: RegistryOptions

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "From when on a transaction is long: 1 to 86400. (default: 60)",
            valueName: "seconds"
        ),
        transform: Transform.number(1...86_400, of: "seconds")
    )
    var longTransaction = 60

    @OptionGroup var output: OutputOptions

    func perform(_ console: Console) async throws -> ExitStatus {
        let input = try CommandInput(planning, database, registry, console)
        let consultation = Consultation(
            configuration: input.configuration,
            registryURL: input.registryURL,
            scope: input.scope,
            limits: Examination.Limits(longTransaction: Double(longTransaction)),
            console: console
        )
        let result = DoctorResult(consultation: try await consultation.run(), policyFile: input.scope.policyFile)
        console.show(result.page, result.view, isRemarkable: result.status != .success)
        return result.status
    }
}
