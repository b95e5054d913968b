// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// The name under which a partitioned table's map is kept.
///
/// Two names are equal when their UTF-8 bytes are: PostgreSQL tells apart what Unicode calls canonically equivalent,
/// and Swift's `String` doesn't.
public struct EntityName: Sendable, CustomStringConvertible {
    /// The schema's name as the catalog has it, unquoted.
    public let schema: String
    /// The table's name as the catalog has it, unquoted.
    public let table: String

    public init(schema: String, table: String) {
        self.schema = schema
        self.table = table
    }

    /// Reads `events`, `app.orders` or `"My Schema"."T"` as PostgreSQL does: what isn't quoted is folded to lower case
    /// (ASCII only), `""` inside quotes is a quote, and a missing schema is `public`.
    ///
    /// - Throws: ``PartitionMapError/Code/malformed`` for anything else.
    public init(parsing text: String) throws(PartitionMapError) {
        var parser = IdentifierParser(text)
        let first = try parser.identifier()
        if parser.atEnd {
            self.init(schema: "public", table: first)
            return
        }
        try parser.dot()
        let second = try parser.identifier()
        guard parser.atEnd else { throw parser.malformed }
        self.init(schema: first, table: second)
    }

    /// The name in `quote_ident` form, schema-qualified outside `public`: the document's `table`.
    public var description: String {
        schema == "public" ? Self.quoted(table) : "\(Self.quoted(schema)).\(Self.quoted(table))"
    }
}

extension EntityName: Hashable, Comparable {
    public static func == (left: Self, right: Self) -> Bool {
        left.table.utf8.elementsEqual(right.table.utf8) && left.schema.utf8.elementsEqual(right.schema.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        for byte in schema.utf8 { hasher.combine(byte) }
        // No UTF-8 text has the byte FF: it keeps ("a", "bc") and ("ab", "c") apart.
        hasher.combine(UInt8.max)
        for byte in table.utf8 { hasher.combine(byte) }
    }

    /// By the bytes of schema, then table.
    public static func < (left: Self, right: Self) -> Bool {
        left.schema.utf8.elementsEqual(right.schema.utf8)
            ? left.table.utf8.lexicographicallyPrecedes(right.table.utf8)
            : left.schema.utf8.lexicographicallyPrecedes(right.schema.utf8)
    }
}

/// PostgreSQL's identifier syntax, as far as names need it.
private struct IdentifierParser {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    var atEnd: Bool { position == bytes.count }

    var malformed: PartitionMapError {
        PartitionMapError(.malformed, "not a table's name: expected name, schema.name or \"Schema\".\"Name\"")
    }

    mutating func dot() throws(PartitionMapError) {
        guard position < bytes.count, bytes[position] == UInt8(ascii: ".") else { throw malformed }
        position += 1
    }

    mutating func identifier() throws(PartitionMapError) -> String {
        guard position < bytes.count else { throw malformed }
        let name = bytes[position] == UInt8(ascii: "\"") ? try quoted() : try folded()
        // PostgreSQL has neither an empty identifier nor one with a NUL.
        guard !name.isEmpty, !name.contains(0) else { throw malformed }
        return String(decoding: name, as: UTF8.self)
    }

    private mutating func quoted() throws(PartitionMapError) -> [UInt8] {
        var name: [UInt8] = []
        position += 1
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            guard byte == UInt8(ascii: "\"") else {
                name.append(byte)
                continue
            }
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { return name }
            name.append(byte)
            position += 1
        }
        throw malformed
    }

    private mutating func folded() throws(PartitionMapError) -> [UInt8] {
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: ".") {
            switch bytes[position] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
                0x80...:
                break
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "$"):
                guard position > start else { throw malformed }
            default:
                throw malformed
            }
            position += 1
        }
        return bytes[start..<position].map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }
    }
}
