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

            Exit status: 0, 1 where a map was refused, 74 where one was not published, 75 on a \
            standby, 76 while a run is at work.
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
        let access = RegistryAccess(
            url: try registry.url(console.environment, policy: policy.registry),
            logger: console.logger
        )
        let choice = try await access.open(for: .publishing, configuration)
        guard let publishing = choice.forPublishing else { throw RegistryAccess.missing(choice) }
        let carrier = MapCarrier(registry: publishing, takesOver: takeOver)
        let carried: Carried
        do {
            if unchecked {
                carried = await Self.carry(maps, carrier) { _ in nil }
            } else {
                let declared = policy.file?.declared(bufferDays: nil, timeZone: timeZone)
                let provisioner = Provisioner(
                    configuration: try configuration(),
                    settings: PlanSettings(timeZone: timeZone, declared: declared),
                    budget: RunBudget(emergencyDays: 0),
                    guards: RunGuards(lag: LagLimits()),
                    logger: console.logger
                )
                carried = try await provisioner.whileClaimed { claimed in
                    let check = MapCheck(database: claimed, settings: provisioner.settings)
                    return await Self.carry(maps, carrier) { await check.obstacle(to: $0) }
                }
            }
        } catch {
            await choice.close()
            throw error
        }
        await choice.close()
        let result = RegistryPublication(
            command: Self.name,
            registry: choice,
            outcomes: carried.outcomes,
            refused: carried.refused
        )
        console.show(result.page, result.view, isRemarkable: result.status != .success)
        return result.status
    }

    /// What came of the maps of a file.
    private struct Carried: Sendable {
        var outcomes: [RelationName: Publisher.Outcome] = [:]
        /// Of those, the maps that the database speaks against.
        var refused: Set<RelationName> = []
    }

    private static func carry(
        _ maps: [PublishedMap],
        _ carrier: MapCarrier,
        _ check: (PublishedMap) async -> MapCheck.Obstacle?
    ) async -> Carried {
        var carried = Carried()
        for map in maps {
            let table = RelationName(map.document.table)
            switch await carrier.publish(map, unless: check) {
            case .outcome(let outcome): carried.outcomes[table] = outcome
            case .obstacle(let obstacle):
                carried.outcomes[table] = obstacle.outcome
                if obstacle.isRefusal { carried.refused.insert(table) }
            }
        }
        return carried
    }
}
