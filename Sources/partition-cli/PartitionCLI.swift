// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser

/// The program's name, help and commands.
struct PartitionCLI: ParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "partition-cli",
        abstract: "Create partitions of PostgreSQL tables before rows need them.",
        discussion: """
            Example:
              partition-cli rotate --buffer-days=60 --db-url=$DB_URL \\
                --registry-url=$REGISTRY_URL --quota-threshold=80

            Secrets are better kept in the variables DB_URL and REGISTRY_URL than in
            arguments; arguments are hidden from ps as soon as the program runs.

            Exit status, the most severe first:
              70  internal error
              69  the database can't be reached
              77  a privilege is missing, or the password is wrong
              1   a table isn't as it must be, or verify or doctor found
                  something
              73  the quota is exceeded: nothing was created
              74  the database is done, the registry isn't published
              75  deferred: a lock or the deadline; try again
              76  another run is at work on this database
              0   every managed table is covered
              2   plan --detailed-exitcode: there is something to do
              64  usage;  78  the policy file;  130, 143  interrupted
            """,
        version: version,
        subcommands: [
            RotateCommand.self, PlanCommand.self, ApplyCommand.self, VerifyCommand.self, StatusCommand.self,
            DoctorCommand.self, ResolveCommand.self, WatchCommand.self, RegistryCommand.self, InitCommand.self,
            DemoCommand.self,
        ]
    )
}

/// One of the program's commands.
protocol Command: ParsableCommand, Sendable {
    /// As it is typed.
    static var name: String { get }

    var output: OutputOptions { get }

    /// Does what the command is for and shows the result.
    ///
    /// - Throws: whatever ended it early; ``CommandFailure/init(_:)`` says it in a sentence.
    func perform(_ console: Console) async throws -> ExitStatus
}

extension Command {
    static var name: String { configuration.commandName ?? "" }
}
