// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser

/// `registry`: the commands that look after what is published.
struct RegistryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "registry",
        abstract: "Compare, mend and carry published maps.",
        usage: "partition-cli registry <command> [<options>]",
        discussion: """
            Example:
              partition-cli registry diff --db-url=$DB_URL --registry-url=$REGISTRY_URL
            """,
        subcommands: [
            RegistryDiffCommand.self, RegistryRepairCommand.self, RegistryExportCommand.self,
            RegistryImportCommand.self,
        ]
    )
}
