// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser

/// Which policy file.
struct PolicyOptions: ParsableArguments, Sendable {
    @Option(
        name: .customLong("config"),
        help: ArgumentHelp(
            """
            The policy file: only tables that it lists are looked after. (default: $PARTITION_CLI_CONFIG, else \
            ./partitions.yaml where it exists, else policies are read off the tables; "none" for that in any case)
            """,
            valueName: "file"
        ),
        completion: .file(extensions: ["yaml", "yml"])
    )
    var file: String?
}
