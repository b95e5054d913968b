// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("The documentation's example")
struct ExampleTests {
    @Test("is a document, byte for byte what would be published")
    func example() throws {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        let bytes = Array(try Data(contentsOf: URL(filePath: "\(root)/docs/registry/example.json")))
        let document = try PartitionMapDocument(parsing: bytes)
        let again = try PartitionMapDocument(
            table: document.table,
            key: document.key,
            timezone: document.timezone,
            keep: document.keep,
            entries: document.entries
        )
        #expect(again.canonicalBytes == bytes)
        #expect(document.entries.map(\.state) == [.draining, .active, .active, .active, .default])
    }
}
