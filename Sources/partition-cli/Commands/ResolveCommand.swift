// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import LibPQ
import PartitionMap
import PartitionRouter
import Partitioning
import Provisioning

/// `resolve`: which partition a key belongs to.
struct ResolveCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "resolve",
        abstract: "Print which partition a key belongs to.",
        usage: "partition-cli resolve <table> <key> ... [<options>]",
        discussion: """
            From the registry, or from the catalog where there is none.

            Example:
              partition-cli resolve events 2026-12-24 --registry-url=$REGISTRY_URL
              partition-cli resolve events 2026-12-24T18:00:00+01:00 \\
                --registry-url=none --db-url=$DB_URL

            With a registry outside the database no database is needed. Exit status: 0, or 1 where no partition takes the key.
            """
    )

    @Argument(
        help: "The partitioned table: events, app.events or 'app.\"Events\"'.",
        completion: DatabaseCompletion.tables,
        transform: Transform.table
    )
    var table: EntityName

    @Argument(help: "The key: a date, a date-time (with an offset where the key has a time zone).")
    var key: [String]

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var registry: RegistryOptions

    @Option(
        name: .customLong("timezone"),
        help: ArgumentHelp(
            "As for rotate; used where the catalog is asked.",
            valueName: "zone"
        ),
        completion: DatabaseCompletion.zones,
        transform: Transform.nonEmpty
    )
    var timeZone: String?

    @OptionGroup var output: OutputOptions

    func perform(_ console: Console) async throws -> ExitStatus {
        let policy = try PolicyConnections(policy, database, registry, console.environment)
        let source = MapSource(
            table: table,
            registryURL: try registry.url(console.environment, policy: policy.registry),
            settings: PlanSettings(
                timeZone: timeZone,
                tables: [RelationName(table)],
                declared: policy.file?.declared(bufferDays: nil, timeZone: timeZone)
            ),
            logger: console.logger
        )
        let found = try await source.read {
            try database.configuration(console.environment, policy: policy.database)
        }
        let resolution: PartitionLookup.Resolution
        do {
            resolution = try PartitionLookup(found.document).resolve(key.map(KeyValue.text))
        } catch {
            throw CommandFailure(
                error.code == .malformed ? .usage : .failed,
                "\(key.joined(separator: " ")) can't be looked up in \(table): \(error.message)",
                remedy: error.code == .malformed
                    ? "write dates as 2026-12-24 and instants as 2026-12-24T18:00:00+01:00" : "ask the table itself"
            )
        }
        let result = try ResolveResult(found, key: key, resolution)
        if result.isDefault {
            console.remark("note: no partition of its own takes this key; it goes to the default partition")
        }
        console.show(result.page, result.view)
        return .success
    }
}
