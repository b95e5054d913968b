// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

@testable import PolicyFile

/// A value of JSON. YAML without aliases, tags and odd keys is JSON in other clothes, and JSON is YAML: both the schema
/// and the files it is held against are read by the program's own reader.
indirect enum JSONValue: Hashable {
    case null
    case boolean(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// - Parameter text: YAML; what isn't becomes null.
    init(reading text: String) {
        self = YAMLComposer.compose(Array(text.utf8)).root.map(JSONValue.init) ?? .null
    }

    init(_ node: YAMLNode) {
        switch node.content {
        case .sequence(let nodes): self = .array(nodes.map(JSONValue.init))
        case .mapping(let entries):
            self = .object(
                Dictionary(entries.map { ($0.key, JSONValue($0.value)) }, uniquingKeysWith: { first, _ in first })
            )
        case .scalar(let scalar):
            switch scalar.kind {
            case .null: self = .null
            case .boolean(let value): self = .boolean(value)
            case .integer(let value): self = .number(value.map(Double.init) ?? .greatestFiniteMagnitude)
            case .float: self = .number(Double(scalar.text) ?? .nan)
            case .string: self = .string(scalar.text)
            }
        }
    }

    subscript(key: String) -> JSONValue? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    var elements: [JSONValue] {
        if case .array(let elements) = self { elements } else { [] }
    }

    var members: [String: JSONValue] {
        if case .object(let members) = self { members } else { [:] }
    }

    var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    var number: Double? {
        if case .number(let number) = self { number } else { nil }
    }

    /// The names of JSON Schema's types that it belongs to.
    var types: Set<String> {
        switch self {
        case .null: ["null"]
        case .boolean: ["boolean"]
        case .number(let number): number == number.rounded() ? ["number", "integer"] : ["number"]
        case .string: ["string"]
        case .array: ["array"]
        case .object: ["object"]
        }
    }
}
