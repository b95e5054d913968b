// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import PartitionMap
import Partitioning
import PolicyFile

/// Which tables, how far ahead, in which zone.
struct PlanningOptions: ParsableArguments, Sendable {
    @OptionGroup var policy: PolicyOptions

    @Option(
        name: .customLong("table"),
        help: ArgumentHelp(
            "Only this table, written as in SQL; may be given several times. (default: every partitioned table)",
            valueName: "table"
        ),
        completion: DatabaseCompletion.tables,
        transform: Transform.table
    )
    var tables: [EntityName] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How far ahead partitions must exist, where a table's own policy doesn't say: 1 to 3650. (default: 60)",
            valueName: "days"
        ),
        transform: Transform.number(1...3650, of: "days")
    )
    var bufferDays: Int?

    @Option(
        name: .customLong("timezone"),
        help: ArgumentHelp(
            "The zone whose midnights are bounds, where the bounds themselves don't say; a name of pg_timezone_names.",
            valueName: "zone"
        ),
        completion: DatabaseCompletion.zones,
        transform: Transform.nonEmpty
    )
    var timeZone: String?

    /// - Throws: ``CommandFailure`` of status `usage` for a table that the policy file doesn't list, `configuration` for an emergency
    ///   of the file that is no shorter than the buffer which the options make.
    func scope(_ policy: ParsedPolicy?) throws(CommandFailure) -> Scope {
        let defaults = policy?.document.defaults
        let impossible = policy?.impossibleEmergencies(option: bufferDays.map(Buffer.init(days:))) ?? []
        guard impossible.isEmpty else { throw CommandFailure(policy: impossible, more: 0) }
        let scope = Scope(
            tables: tables,
            bufferDays: bufferDays ?? defaults?.buffer?.buffer.wholeDays ?? PlanSettings.standardBufferDays,
            timeZone: timeZone,
            declared: policy?.declared(bufferDays: bufferDays, timeZone: timeZone),
            policyFile: policy?.file,
            emergency: policy?.document.defaults.emergency?.days
        )
        guard let declared = scope.declared else { return scope }
        for table in tables.map(RelationName.init) where !declared.contains(where: { $0.table == table }) {
            let nearest = NearestWord.to(table.description, among: declared.map(\.table.description))
            throw CommandFailure(
                .usage,
                "--table: \(table) isn't in the policy file \(scope.policyFile ?? "")",
                remedy: (nearest.map { "\($0) may be meant; " } ?? "")
                    + "with a policy file only tables that it lists are looked after; add it there, or say --config=none"
            )
        }
        return scope
    }
}
