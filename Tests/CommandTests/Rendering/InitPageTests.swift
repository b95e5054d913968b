// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import PolicyFile
import Testing

@testable import partition_cli

@Suite("What init says")
struct InitPageTests {
    /// Of one table with the longest name and one with a short one.
    private static func result() throws -> InitResult {
        let level = PolicyLevel.range(RangeLevel(column: try CatalogName(parsing: "at"), period: .month))
        let names = ["public.\(String(repeating: "long_", count: 12))", "public.b"]
        let tables = names.map { name in
            PolicyTable(name: RelationName(schema: "public", name: String(name.dropFirst(7))), levels: [level])
        }
        let server = ServerFacts(version: 180_004, now: Instant(microseconds: 0), database: "app", role: "owner")
        let draft = PolicyDraft(
            of: CatalogSnapshot(server: server, tables: []),
            settings: PlanSettings(),
            database: nil,
            registry: nil
        )
        let document = PolicyDocument(defaults: PolicySettings(buffer: PolicyDuration(60, .day)), tables: tables)
        return InitResult(file: "partitions.yaml", database: "app", document: document, draft: draft)
    }

    @Test("cuts a long name so that each table keeps its line, and only as far as it must")
    func clipped() throws {
        func rows(_ rendition: Rendition) throws -> [String] {
            try Self.result().page.text(rendition).split(separator: "\n").filter { $0.hasPrefix("  +") }.map(
                String.init
            )
        }
        let narrow = try rows(Rendition(width: 60))
        #expect(narrow.count == 2 && narrow.allSatisfy { $0.count <= 60 && $0.hasSuffix("every month  buffer 60d") })
        #expect(narrow[0].contains("long_lo…") && narrow[1].hasPrefix("  +  public.b  "))
        #expect(try rows(Rendition())[0].contains(String(repeating: "long_", count: 12)))
        #expect(try rows(Rendition(width: 60, isASCII: true))[0].contains("..."))
    }
}
