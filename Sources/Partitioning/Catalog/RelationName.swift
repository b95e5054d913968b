// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// The schema and name of a relation, as the catalog stores them: not quoted, not case-folded.
package struct RelationName: Hashable, Codable, Sendable {
    package var schema: String
    package var name: String

    package init(schema: String, name: String) {
        self.schema = schema
        self.name = name
    }
}

// By bytes, as PostgreSQL compares names: Swift takes "é" in its composed and its decomposed form for the same text, and two
// tables may be called so.
extension RelationName {
    package static func == (left: RelationName, right: RelationName) -> Bool {
        left.name == right.name && left.schema == right.schema
            && left.name.utf8.elementsEqual(right.name.utf8) && left.schema.utf8.elementsEqual(right.schema.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        for part in [schema, name] {
            hasher.combine(part.utf8.count)
            for byte in part.utf8 { hasher.combine(byte) }
        }
    }
}

extension RelationName: Comparable {
    package static func < (left: RelationName, right: RelationName) -> Bool {
        if !left.schema.utf8.elementsEqual(right.schema.utf8) {
            return left.schema.utf8.lexicographicallyPrecedes(right.schema.utf8)
        }
        return left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
    }
}

extension RelationName: CustomStringConvertible {
    /// For people: `public.events`, or `public."Order Lines"` where SQL would need the quotes. Never used to build SQL.
    package var description: String {
        Self.display(schema) + "." + Self.display(name)
    }

    /// An identifier for people, quoted where SQL would need it.
    static func display(_ identifier: String) -> String {
        let plain = identifier.utf8.allSatisfy { byte in
            byte == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        let startsWithDigit = identifier.utf8.first.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? true
        if plain && !startsWithDigit { return identifier }
        var quoted = "\""
        for character in identifier.unicodeScalars {
            if character == "\"" { quoted.unicodeScalars.append("\"") }
            quoted.unicodeScalars.append(character)
        }
        return quoted + "\""
    }
}
