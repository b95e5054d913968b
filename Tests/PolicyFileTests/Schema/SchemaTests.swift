// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
@testable import PolicyFile
import Testing

@Suite("The JSON Schema of policy files")
struct SchemaTests {
    /// `docs/partitions.schema.json` of this checkout.
    private static let schema: Result<JSONSchema, any Error> = Result {
        let directory = URL(filePath: #filePath).deletingLastPathComponent()
        let file = directory.appending(path: "../../../docs/partitions.schema.json").standardized
        return JSONSchema(root: JSONValue(reading: try String(contentsOf: file, encoding: .utf8)))
    }

    @Test("agrees with the parser about every sample, as far as a schema can", arguments: PolicySample.all)
    func agreement(_ sample: PolicySample) throws {
        let schema = try Self.schema.get()
        #expect(try schema.accepts(JSONValue(reading: sample.text)) == sample.schemaAccepts, "\(sample.text)")
    }

    @Test("accepts whatever the writer writes", arguments: 0..<100 as Range<UInt64>)
    func written(seed: UInt64) throws {
        var random = RandomPolicy(seed: seed)
        let text = PolicyWriter().text(try random.document())
        #expect(try Self.schema.get().accepts(JSONValue(reading: text)), "\(text)")
    }

    @Test("has the parser's keys, all of them and no others")
    func keys() throws {
        let root = try Self.schema.get().root
        func keys(_ path: String...) -> Set<String> {
            Set(path.reduce(Optional(root)) { $0?[$1] }?["properties"]?.members.keys.map(\.self) ?? [])
        }
        let levels = ["range", "list", "hash"].reduce(into: Set<String>()) { $0.formUnion(keys("definitions", $1)) }
        let query = root["definitions"]?["list"]?["properties"]?["values"]?["anyOf"]?.elements.last?["properties"]?
            .members
        let bySection: [PolicyGrammar.Section: Set<String>] = [
            .document: keys(), .defaults: keys("properties", "defaults"), .quota: keys("definitions", "quota"),
            .table: keys("definitions", "table"), .level: levels, .values: Set((query ?? [:]).keys),
            .retain: keys("definitions", "retain"),
        ]
        for section in PolicyGrammar.Section.allCases {
            #expect(bySection[section] == Set(section.keys), "\(section)")
        }
    }

    @Test("every key of the grammar stands in a good and in a bad sample", arguments: PolicyGrammar.Section.allCases)
    func coverage(section: PolicyGrammar.Section) {
        let (bad, good) = (PolicySample.all.filter { !$0.issues.isEmpty }, PolicySample.good)
        for key in section.keys {
            #expect(good.contains { $0.text.contains("\(key):") }, "\(key)")
            #expect(bad.contains { $0.text.contains("\(key):") }, "\(key)")
        }
    }
}

@Suite("The checker of JSON Schemas")
struct JSONSchemaTests {
    private func accepts(_ value: String, _ schema: String) throws -> Bool {
        try JSONSchema(root: JSONValue(reading: schema)).accepts(JSONValue(reading: value))
    }

    @Test(
        "knows what each keyword means",
        arguments: [
            ("{type: string}", ["a", "\"1\""], ["1", "null", "[]", "{}"]),
            ("{type: [integer, 'null']}", ["1", "1.0", "~"], ["1.5", "a"]),
            ("{enum: [a, 1]}", ["a", "1"], ["b", "\"1\""]), ("{const: a}", ["a"], ["b"]),
            ("{pattern: '^a+$'}", ["aa", "1"], ["b", "ab"]), ("{minLength: 2}", ["ab", "1"], ["a"]),
            ("{minimum: 1, maximum: 3}", ["1", "3", "a"], ["0", "4"]),
            ("{items: {type: integer}, minItems: 1}", ["[1, 2]", "a"], ["[]", "[1, a]"]),
            ("{uniqueItems: true}", ["[1, \"1\"]", "a"], ["[1, 1]"]),
            ("{required: [a]}", ["{a: 1}", "1"], ["{b: 1}"]),
            (
                "{properties: {a: {type: integer}}, additionalProperties: false}", ["{a: 1}", "{}", "1"],
                ["{a: b}", "{b: 1}"]
            ),
            ("{additionalProperties: {type: integer}}", ["{a: 1}"], ["{a: b}"]),
            ("{propertyNames: {pattern: '^a'}, minProperties: 1}", ["{ab: 1}", "1"], ["{}", "{b: 1}"]),
            ("{allOf: [{minimum: 1}, {maximum: 3}]}", ["2"], ["0", "4"]),
            ("{anyOf: [{const: 1}, {minimum: 3}]}", ["1", "4"], ["2"]),
            ("{oneOf: [{minimum: 1}, {minimum: 3}]}", ["2"], ["0", "4"]), ("{not: {const: a}}", ["b"], ["a"]),
            ("{if: {const: 1}, then: false}", ["2"], ["1"]), ("{if: {const: 1}, else: false}", ["1"], ["2"]),
            ("{$ref: '#/definitions/a', definitions: {a: {const: 1}}}", ["1"], ["2"]),
            ("{$ref: '#/definitions/b'}", [], ["1"]),
        ] as [(String, [String], [String])]
    )
    func keywords(schema: String, good: [String], bad: [String]) throws {
        for value in good { #expect(try accepts(value, schema), "\(value)") }
        for value in bad { #expect(try !accepts(value, schema), "\(value)") }
    }

    @Test("takes no unknown keyword for a known one")
    func unknown() {
        #expect(throws: JSONSchema.UnknownKeyword.self) { try accepts("1", "{properties: {a: 1}, format: date}") }
    }
}
