// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import LibPQ
import PartitionMap
import PartitionRouter

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `registry export`: prints what is published.
struct RegistryExportCommand: Command {
    static let name = "registry export"
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Print published maps, a line each.",
        usage: "partition-cli registry export [<table> ...] [<options>]",
        discussion: """
            Document and header, byte for byte as they are stored: registry import reads \
            them. No database is needed, unless the registry is in it. Exit status 1 where \
            a map can't be read; all others are printed.

            Example:
              partition-cli registry export --registry-url=$REGISTRY_URL > maps.jsonl
              partition-cli registry export events --registry-url=$REGISTRY_URL
            """
    )

    @Argument(
        help: "Only these tables. (default: every published map)",
        completion: DatabaseCompletion.tables,
        transform: Transform.table
    )
    var tables: [EntityName] = []

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var registry: RegistryOptions
    @OptionGroup var output: OutputOptions

    func perform(_ console: Console) async throws -> ExitStatus {
        let choice = try await RegistryAccess.reading(policy, database, registry, console)
        let found: (maps: [PublishedMap], unreadable: [Unreadable])
        do {
            found = try await exported(choice)
        } catch {
            await choice.close()
            throw error
        }
        await choice.close()
        // Not a page: the lines are for programs, and no width wraps them.
        if console.format == .text {
            for map in found.maps { Standard.output.write(String(decoding: map.exchangeLine, as: UTF8.self) + "\n") }
        } else {
            let view = try View(found.maps, found.unreadable, choice)
            console.show(Page(), view)
        }
        for map in found.unreadable {
            console.warn(
                "the map of \(map.table) was not exported: \(map.message); partition-cli registry repair publishes it anew, "
                    + "or remove it from the registry by hand if there is no such table any more"
            )
        }
        return found.unreadable.isEmpty ? .success : .failed
    }

    /// A map that somebody damaged.
    private struct Unreadable: Encodable {
        var table: String
        var message: String
    }

    private func exported(_ choice: RegistryChoice) async throws -> (maps: [PublishedMap], unreadable: [Unreadable]) {
        guard let registry = choice.registry else { throw RegistryAccess.missing(choice) }
        var maps: [PublishedMap] = []
        var unreadable: [Unreadable] = []
        for table in tables.isEmpty ? try await registry.entities() : tables {
            let map: PublishedMap?
            do {
                map = try await registry.load(table)
            } catch {
                guard error.code == .corrupt else { throw error }
                unreadable.append(Unreadable(table: table.description, message: error.message))
                continue
            }
            if let map {
                maps.append(map)
            } else if !tables.isEmpty {
                throw CommandFailure(
                    .failed,
                    "no map of \(table) is published in the registry \(choice.name)",
                    remedy: "check the table's name; without one every map is exported"
                )
            }
        }
        return (maps, unreadable)
    }

    private struct View: Encodable {
        struct Map: Encodable {
            var table: ResolveResult.NameOnly
            var header: [String: String]
            /// As the registry has it.
            var document: JSONText
        }

        let schemaVersion = 1
        let command = RegistryExportCommand.name
        let exitStatus: Int32
        var registry: RegistryView
        var maps: [Map]
        var unreadable: [Unreadable]

        init(_ maps: [PublishedMap], _ unreadable: [Unreadable], _ choice: RegistryChoice) throws {
            exitStatus = (unreadable.isEmpty ? ExitStatus.success : .failed).rawValue
            registry = RegistryView(choice)
            self.unreadable = unreadable
            self.maps = try maps.map { map in
                let table = map.document.table
                return Map(
                    table: ResolveResult.NameOnly(
                        schema: table.schema,
                        name: table.table,
                        qualified: NamedTables.qualified(table)
                    ),
                    header: Dictionary(uniqueKeysWithValues: map.header.fields.map { ($0.name, $0.text) }),
                    document: try JSONDecoder().decode(JSONText.self, from: Data(map.document.canonicalBytes))
                )
            }
        }
    }
}
