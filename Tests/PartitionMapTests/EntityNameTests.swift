// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import Testing

@Suite("Entity names")
struct EntityNameTests {
    @Test(
        "are written in quote_ident form, with the schema only outside public",
        arguments: [
            ("public", "events", "events"), ("app", "orders", "app.orders"), ("public", "Events", #""Events""#),
            ("public", "user", #""user""#), ("order", "json_table", #""order"."json_table""#),
            ("public", "9lives", #""9lives""#), ("public", "a$b", #""a$b""#), ("public", #"a"b"#, #""a""b""#),
            ("My Schema", "a.b;c", #""My Schema"."a.b;c""#), ("public", "événement", #""événement""#),
            ("public", "abort", "abort"), ("public", "_x1", "_x1"),
        ]
    )
    func description(schema: String, table: String, expected: String) throws {
        let name = EntityName(schema: schema, table: table)
        #expect(name.description == expected)
        #expect(try EntityName(parsing: expected) == name)
        #expect(try EntityName(storeKey: name.storeKey) == name)
    }

    @Test("fold what isn't quoted, as PostgreSQL does")
    func folding() throws {
        #expect(try EntityName(parsing: "App.Orders") == EntityName(schema: "app", table: "orders"))
    }

    @Test("keep braces, slashes, percent signs and control characters out of a store's keys")
    func storeKey() throws {
        let name = EntityName(schema: "public", table: "{a}/%\n\u{7F}")
        #expect(name.storeKey == #""%7Ba%7D%2F%25%0A%7F""#)
        #expect(try EntityName(storeKey: name.storeKey) == name)
    }

    @Test(
        "refuse what isn't a name",
        arguments: [
            "", ".", "a.", ".a", "a.b.c", "a b", "1a", "\"", "\"a", "\"\"", "\"a\"b", "a;drop table x", "\"a\0\"", "$a",
        ]
    )
    func malformed(text: String) {
        #expect(throws: PartitionMapError.self) { try EntityName(parsing: text) }
    }

    @Test(
        "refuse store keys that storeKey doesn't write",
        arguments: ["%", "%4", "%zz", "%41", "Events", "%FF", "%7b"]
    )
    func malformedStoreKey(text: String) {
        #expect(throws: PartitionMapError.self) { try EntityName(storeKey: text) }
    }

    @Test("differ when their bytes differ, even where Unicode calls them equivalent")
    func normalization() {
        let composed = EntityName(schema: "public", table: "\u{E9}")
        let decomposed = EntityName(schema: "public", table: "e\u{301}")
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
        #expect(EntityName(schema: "a", table: "bc") != EntityName(schema: "ab", table: "c"))
    }
}
