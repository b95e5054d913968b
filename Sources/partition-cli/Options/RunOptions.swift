// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser

/// How long a run may take, and whose map it may replace.
struct RunOptions: ParsableArguments, Sendable {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How long the run may take: 1 to 86400. What isn't done then is deferred. (default: 270)",
            valueName: "seconds"
        ),
        transform: Transform.number(1...86_400, of: "seconds")
    )
    var deadline = 270

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How long one table's locks may be tried for: 1 to 3600. (default: 60)",
            valueName: "seconds"
        ),
        transform: Transform.number(1...3600, of: "seconds")
    )
    var lockBudget = 60

    @Flag(help: "Publish even over a map that another database, or a later state of this one, has published.")
    var takeOver = false
}
