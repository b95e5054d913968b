// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// JSON Schema, draft 7, as far as the policy's schema uses it.
struct JSONSchema {
    struct UnknownKeyword: Error {
        let keyword: String
    }

    /// Keywords that say nothing about what is valid.
    private static let annotations: Set<String> = [
        "$schema", "title", "description", "default", "examples", "definitions",
    ]

    let root: JSONValue

    /// - Throws: for a keyword that isn't known here: what can't be checked must not be taken for checked.
    func accepts(_ value: JSONValue) throws -> Bool {
        try accepts(value, root)
    }

    private func accepts(_ value: JSONValue, _ schema: JSONValue) throws -> Bool {
        if case .boolean(let verdict) = schema { return verdict }
        // Every keyword is looked at, so that an unknown one is found whatever the value.
        var verdict = true
        for (keyword, argument) in schema.members.sorted(by: { $0.key < $1.key }) {
            verdict = try check(value, keyword, argument, in: schema) && verdict
        }
        return verdict
    }

    private func check(
        _ value: JSONValue,
        _ keyword: String,
        _ argument: JSONValue,
        in schema: JSONValue
    ) throws -> Bool {
        switch keyword {
        case "type":
            let types = argument.text.map { [$0] } ?? argument.elements.compactMap(\.text)
            return !value.types.isDisjoint(with: types)
        case "enum": return argument.elements.contains(value)
        case "const": return argument == value
        case "$ref": return try accepts(value, definition(argument))
        case "allOf": return try argument.elements.map { try accepts(value, $0) }.allSatisfy(\.self)
        case "anyOf": return try argument.elements.map { try accepts(value, $0) }.contains(true)
        case "oneOf": return try argument.elements.map { try accepts(value, $0) }.count(where: \.self) == 1
        case "not": return try !accepts(value, argument)
        case "if":
            let branch = try accepts(value, argument) ? schema["then"] : schema["else"]
            return try branch.map { try accepts(value, $0) } ?? true
        case "then", "else": return true
        case "minLength", "pattern": return try checkText(value, keyword, argument)
        case "minimum": return value.number.map { $0 >= argument.number ?? 0 } ?? true
        case "maximum": return value.number.map { $0 <= argument.number ?? 0 } ?? true
        case "items": return try value.elements.allSatisfy { try accepts($0, argument) }
        case "minItems", "uniqueItems": return checkCount(value, keyword, argument)
        case "properties", "required", "additionalProperties", "propertyNames", "minProperties":
            return try checkObject(value, keyword, argument, in: schema)
        default:
            guard Self.annotations.contains(keyword) else { throw UnknownKeyword(keyword: keyword) }
            return true
        }
    }

    private func checkText(_ value: JSONValue, _ keyword: String, _ argument: JSONValue) throws -> Bool {
        guard let text = value.text else { return true }
        if keyword == "minLength" { return text.unicodeScalars.count >= Int(argument.number ?? 0) }
        let expression = try Regex(argument.text ?? "").matchingSemantics(.unicodeScalar)
        return try expression.firstMatch(in: text) != nil
    }

    private func checkCount(_ value: JSONValue, _ keyword: String, _ argument: JSONValue) -> Bool {
        guard case .array(let elements) = value else { return true }
        if keyword == "uniqueItems" { return Set(elements).count == elements.count }
        return elements.count >= Int(argument.number ?? 0)
    }

    private func checkObject(
        _ value: JSONValue,
        _ keyword: String,
        _ argument: JSONValue,
        in schema: JSONValue
    ) throws -> Bool {
        guard case .object(let members) = value else { return true }
        switch keyword {
        case "properties":
            return try argument.members.allSatisfy { key, schema in
                try members[key].map { try accepts($0, schema) } ?? true
            }
        case "required": return argument.elements.allSatisfy { $0.text.map { members[$0] != nil } ?? false }
        case "additionalProperties":
            let known = schema["properties"]?.members ?? [:]
            return try members.allSatisfy { key, value in try known[key] != nil || accepts(value, argument) }
        case "propertyNames": return try members.keys.allSatisfy { try accepts(.string($0), argument) }
        default: return members.count >= Int(argument.number ?? 0)
        }
    }

    /// What `#/definitions/name` refers to; a schema that refuses everything where there is no such definition.
    private func definition(_ reference: JSONValue) -> JSONValue {
        let keys = (reference.text ?? "").split(separator: "/").dropFirst().map(String.init)
        return keys.reduce(Optional(root)) { $0?[$1] } ?? .boolean(false)
    }
}
