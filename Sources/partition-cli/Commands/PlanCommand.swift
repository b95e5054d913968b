// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import LibPQ
import Partitioning
import PolicyFile
import Provisioning

/// `plan`: what `rotate` would do now. Changes nothing.
struct PlanCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what rotate would do now. Changes nothing.",
        usage: "partition-cli plan [<options>]",
        discussion: """
            With the reason of each step, its locks, who holds them now, and how long
            what takes long will take.

            Example:
              partition-cli plan --table=public.events --db-url=$DB_URL
              partition-cli plan --out=plan.json --db-url=$DB_URL
              partition-cli plan --sql --db-url=$DB_URL > runbook.sql

            Exit status: 0; with --detailed-exitcode 2 where there is something to do;
            1 where a table needs a hand, 77 where a right is missing.
            """
    )

    @OptionGroup var planning: PlanningOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var registry: RegistryOptions
    @OptionGroup var quota: QuotaOptions

    @Flag(help: "Exit with 2 where there is something to do.")
    var detailedExitcode = false

    @Option(
        name: .customLong("out"),
        help: ArgumentHelp("Write the plan there, too, for apply.", valueName: "file"),
        completion: .file(extensions: ["json"]),
        transform: Transform.nonEmpty
    )
    var file: String?

    @Flag(help: "Replace a file that is there.")
    var force = false

    @Flag(help: "Print the statements for psql instead, as a runbook.")
    var sql = false

    @Option(
        help: ArgumentHelp(
            "Another moment than the server's clock shows, to see what a run would do then: 2026-12-24T02:00:00Z.",
            valueName: "time"
        ),
        transform: Transform.instant
    )
    var now: Instant?

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if file != nil, now != nil { throw ValidationError("--out saves a plan for now: leave --now out.") }
        if file == "-" {
            throw ValidationError(
                "--out=- would mix the plan for apply with what is shown: name a file, or use --output=json."
            )
        }
        if sql, output.format == .json {
            throw ValidationError(
                "--sql prints SQL: leave --output=json out. The file of --out has the statements, too."
            )
        }
    }

    func perform(_ console: Console) async throws -> ExitStatus {
        let input = try CommandInput(planning, database, registry, console)
        console.progress?.say("reading the catalog")
        let target = file.map { WrittenFile(path: $0, replacesExisting: force) }
        try target?.check()
        let result = try await PlanResult.make(
            input.configuration,
            scope: input.scope,
            registryURL: input.registryURL,
            // Hours and thresholds of the policy file count here too; options of a run that aren't given here don't.
            guards: try GuardOptions.parse([]).guards(input.scope, input.policy, quota, console.environment),
            wantsStatements: sql || target != nil,
            at: now,
            logger: console.logger
        )
        let status = result.status(named: input.scope.named, detailed: detailedExitcode)
        if let target { try PlanFile.write(result.saved, to: target) }
        if sql {
            console.progress?.clear()
            Standard.output.write(RunbookText(result).text)
            if status == .failed || status == .privilegeMissing {
                console.remark("a table needs a hand: the script's first comments say which, and what to do")
            }
        } else {
            console.show(result.page, result.view(status))
            if let file { console.remark("the plan is in \(file); partition-cli apply \(file) carries it out") }
        }
        return status
    }
}
