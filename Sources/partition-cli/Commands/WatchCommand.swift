// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import LibPQ
import PartitionMap
import PartitionRouter

/// `watch`: follows a table's map as a router does, and prints each version.
struct WatchCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Follow a table's map and print each version.",
        usage: "partition-cli watch <table> [<options>]",
        discussion: """
            As a router sees it: what doesn't follow the last version, or can't be read, is \
            logged and not taken. A line for each version, until SIGINT or SIGTERM (exit \
            status 130 or 143). No database is needed, unless the registry is in it.

            Example:
              partition-cli watch events --registry-url=$REGISTRY_URL
            """
    )

    @Argument(
        help: "The partitioned table: events, app.events or 'app.\"Events\"'.",
        completion: DatabaseCompletion.tables,
        transform: Transform.table
    )
    var table: EntityName

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    func perform(_ console: Console) async throws -> ExitStatus {
        let choice = try await RegistryAccess.reading(policy, database, registry, console)
        guard let registry = choice.registry else { throw RegistryAccess.missing(choice) }
        console.remark("watching \(table) in \(choice.name)")
        let router = Router(entity: table, registry: registry, logger: console.logger)
        let wasRead = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await router.run()
                return true
            }
            group.addTask { await Self.print(router, console) }
            // Nobody reads any more, or the task was cancelled.
            let first = await group.next() ?? true
            group.cancelAll()
            return first
        }
        await choice.close()
        return await console.interruption.status ?? (wasRead ? .success : .failed)
    }

    /// - Returns: whether every line was taken.
    private static func print(_ router: Router, _ console: Console) async -> Bool {
        var last: PartitionMapDocument?
        for await _ in router.versions() {
            guard let served = router.served else { continue }
            let line = WatchLine(served.document, version: served.version, after: last)
            guard console.showLine(line.text, line) else { return false }
            last = served.document
        }
        return true
    }
}
