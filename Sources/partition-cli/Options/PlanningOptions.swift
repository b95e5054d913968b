// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import PartitionMap

/// Which tables, how far ahead, in which zone.
struct PlanningOptions: ParsableArguments, Sendable {
    @Option(
        name: .customLong("table"),
        help: ArgumentHelp(
            "Only this table, written as in SQL; may be given several times. (default: every partitioned table)",
            valueName: "table"
        ),
        transform: Transform.table
    )
    var tables: [EntityName] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How far ahead partitions must exist: 1 to 3650. (default: 60)", valueName: "days"),
        transform: Transform.number(1...3650, of: "days")
    )
    var bufferDays = 60

    @Option(
        name: .customLong("timezone"),
        help: ArgumentHelp(
            "The zone whose midnights are bounds, where the bounds themselves don't say; a name of pg_timezone_names.",
            valueName: "zone"
        ),
        transform: Transform.nonEmpty
    )
    var timeZone: String?

    var scope: Scope { Scope(tables: tables, bufferDays: bufferDays, timeZone: timeZone) }
}
