// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import LocalPostgres

/// `demo`: the whole on a throwaway PostgreSQL.
struct DemoCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Show the whole on a throwaway PostgreSQL.",
        usage: "partition-cli demo [<options>]",
        discussion: """
            Example:
              partition-cli demo

            The server lives in a temporary directory, which is removed at the end.

            Needs PostgreSQL's server programs: those in the directory
            PARTITION_CLI_PG_BIN, else in PATH, else where packages put them. Touches no
            other server.
            """
    )

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if output.format == .json { throw ValidationError("demo is for people: it has no JSON output.") }
    }

    func perform(_ console: Console) async throws -> ExitStatus {
        let named = console.environment["PARTITION_CLI_PG_BIN", default: ""]
        if !named.isEmpty, PostgresInstallation(binDirectory: named) == nil {
            throw CommandFailure(
                .failed,
                "PARTITION_CLI_PG_BIN names \(named), where there are no PostgreSQL server programs (initdb, postgres)",
                remedy: "set it to a directory such as /usr/lib/postgresql/15/bin, or unset it"
            )
        }
        guard let installation = PostgresInstallation.find(environment: console.environment).first else {
            throw CommandFailure(
                .failed,
                "no PostgreSQL server programs (initdb, postgres) were found on this machine",
                remedy: "install them (Debian: apt-get install postgresql), or name their directory in "
                    + "PARTITION_CLI_PG_BIN"
            )
        }
        console.progress?.say("starting a throwaway PostgreSQL \(installation.majorVersion)")
        let cluster = try await Cluster.start(installation)
        do {
            let status = try await Demonstration(cluster: cluster, console: console).run()
            await cluster.remove()
            return status
        } catch {
            await cluster.remove()
            throw error
        }
    }
}
