// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The partition of a key.
struct ResolveResult {
    let isDefault: Bool
    let view: View

    /// - Throws: ``CommandFailure`` for a key that no partition takes, with the interval that is covered.
    init(_ found: MapSource.Found, key: [String], _ resolution: PartitionLookup.Resolution) throws {
        let entries = try JSONDecoder().decode(Document.self, from: Data(found.document.canonicalBytes)).partitions
        let table = found.document.table
        let entry: PartitionMapDocument.Entry
        switch resolution {
        case .active(let found), .default(let found): entry = found
        case .draining(let found):
            throw CommandFailure(
                .failed,
                "\(Self.qualified(found)) holds \(key.joined(separator: " ")) and is about to be retired: nothing may be routed there"
            )
        case .miss:
            throw CommandFailure(
                .failed,
                "no partition of \(table) takes \(key.joined(separator: " ")): \(Self.covered(found.document))",
                remedy: "partition-cli status shows how far the table is covered; rotate extends it"
            )
        }
        isDefault = entry.state == .default
        let index = found.document.entries.firstIndex(of: entry)
        view = View(
            table: NameOnly(schema: table.schema, name: table.table, qualified: NamedTables.qualified(table)),
            key: key,
            partition: Self.qualified(entry),
            entry: index.map { entries[$0] } ?? .null,
            source: found.origin,
            version: found.version
        )
    }

    var page: Page {
        var page = Page()
        page.line(view.partition)
        return page
    }

    private static func qualified(_ entry: PartitionMapDocument.Entry) -> String {
        "\(EntityName.quoted(entry.schema)).\(EntityName.quoted(entry.name))"
    }

    private static func covered(_ document: PartitionMapDocument) -> String {
        guard let coverage = document.coverage else { return "no active range is published" }
        return "it covers \(coverage.start ?? "the beginning") to \(coverage.end ?? "the end")"
    }

    private struct Document: Decodable {
        var partitions: [JSONText]
    }

    struct NameOnly: Encodable {
        var schema: String
        var name: String
        var qualified: String
    }

    struct View: Encodable {
        let schemaVersion = 1
        let command = "resolve"
        let exitStatus: Int32 = 0
        var table: NameOnly
        var key: [String]
        var partition: String
        /// As the registry has it.
        var entry: JSONText
        var source: String
        @Nullable var version: Int64?
    }
}
