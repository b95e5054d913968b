// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import LibPQ
import PartitionMap
import PartitionRouter
import Partitioning
import Provisioning

/// `registry import`: publishes maps that `registry export` printed.
struct RegistryImportCommand: Command {
    static let name = "registry import"
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Publish maps that registry export printed.",
        usage: "partition-cli registry import <file> [<options>]",
        discussion: """
            A map is published only if the database says the same now: an old one would send \
            rows to partitions that are gone.

            Example:
              partition-cli registry import maps.jsonl --db-url=$DB_URL \\
                --registry-url=$REGISTRY_URL

            Exit status: 0, 1 where a map was refused, 74 where one was not published.
            """
    )

    @Argument(help: "The file, a map a line.", completion: .file())
    var file: String

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var registry: RegistryOptions

    @Option(
        name: .customLong("timezone"),
        help: ArgumentHelp("As for rotate; used where the catalog is asked.", valueName: "zone"),
        completion: DatabaseCompletion.zones,
        transform: Transform.nonEmpty
    )
    var timeZone: String?

    @Flag(help: "Don't ask the database, which may be down: whoever says this knows that the maps are true.")
    var unchecked = false

    @Flag(help: "Publish even over a map that another database, or a later state of this one, has published.")
    var takeOver = false

    @OptionGroup var output: OutputOptions

    func perform(_ console: Console) async throws -> ExitStatus {
        let policy = try PolicyConnections(policy, database, registry, console.environment)
        let maps = try MapFile(path: file).maps()
        let configuration = { try database.configuration(console.environment, policy: policy.database) }
        var refusals: [RelationName: Publisher.Outcome] = [:]
        if !unchecked {
            let settings = PlanSettings(
                timeZone: timeZone,
                tables: Set(maps.map { RelationName($0.document.table) }),
                declared: policy.file?.declared(bufferDays: nil, timeZone: timeZone)
            )
            refusals = try await DatabaseSession.scoped(try configuration(), logger: console.logger) { session in
                Self.refusals(of: maps, by: try await Observation.make(session: session, settings: settings))
            }
        }
        let access = RegistryAccess(
            url: try registry.url(console.environment, policy: policy.registry),
            logger: console.logger
        )
        let choice = try await access.open(for: .publishing, configuration)
        guard let publishing = choice.forPublishing else { throw RegistryAccess.missing(choice) }
        let carrier = MapCarrier(registry: publishing, takesOver: takeOver)
        var outcomes = refusals
        for map in maps where refusals[RelationName(map.document.table)] == nil {
            outcomes[RelationName(map.document.table)] = await carrier.publish(map)
        }
        await choice.close()
        let result = RegistryPublication(
            command: Self.name,
            registry: choice,
            outcomes: outcomes,
            refused: Set(refusals.keys)
        )
        console.show(result.page, result.view, isRemarkable: result.status != .success)
        return result.status
    }

    /// The maps of which the database doesn't say the same now.
    private static func refusals(
        of maps: [PublishedMap],
        by observation: Observation
    ) -> [RelationName: Publisher.Outcome] {
        var refusals: [RelationName: Publisher.Outcome] = [:]
        for map in maps {
            let name = RelationName(map.document.table)
            guard let plan = observation.plan.tables.first(where: { $0.table == name }), let policy = plan.policy,
                let table = observation.snapshot.tables.first(where: { $0.oid == plan.oid }),
                let current = try? MapDocument.document(of: table, policy: policy)
            else {
                refusals[name] = .failed(
                    "the database has no table of that name whose map could be made",
                    remedy: "partition-cli plan says why"
                )
                continue
            }
            guard current != map.document else { continue }
            let difference = MapDifference(from: map.document, to: current)
            let first = difference.changes.first.map {
                "\($0.partition) is \($0.word == "added" ? "missing" : $0.word)"
            }
            refusals[name] = .failed(
                "the map in the file isn't what the database says now: \(first ?? "its members differ")",
                remedy: "partition-cli registry repair publishes the map that the database makes now"
            )
        }
        return refusals
    }
}
