// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// JSON as far as a partition map needs it: numbers are 64-bit integers.
enum JSONValue: Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    case string(String)
    case array([JSONValue])
    case object([Member])

    struct Member: Equatable {
        var key: String
        var value: JSONValue
    }

    /// The member of that name; nil for a missing one and for what isn't an object.
    subscript(_ key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        // Texts that aren't equal have other bytes, and that is quickly seen; equal ones may have.
        return members.first { $0.key == key && $0.key.utf8.elementsEqual(key.utf8) }?.value
    }

    /// Whether both have the same canonical form. `==` is less: Swift's strings are equal where they look the same.
    func isIdentical(to other: JSONValue) -> Bool {
        switch (self, other) {
        case (.string(let text), .string(let another)): text.utf8.elementsEqual(another.utf8)
        case (.array(let elements), .array(let others)):
            elements.count == others.count && zip(elements, others).allSatisfy { $0.isIdentical(to: $1) }
        case (.object(let members), .object(let others)):
            members.count == others.count
                && members.allSatisfy { member in other[member.key]?.isIdentical(to: member.value) ?? false }
        default: self == other
        }
    }

    /// The canonical form: keys sorted by their UTF-8 bytes, no insignificant space, the shortest escapes.
    func canonicalBytes() -> [UInt8] {
        var bytes: [UInt8] = []
        write(to: &bytes, sortingKeys: true)
        return bytes
    }

    /// Appends the value's text.
    ///
    /// - Parameter sortingKeys: false keeps the members' order, for the pattern's own layout.
    func write(to bytes: inout [UInt8], sortingKeys: Bool) {
        switch self {
        case .null: bytes += "null".utf8
        case .bool(let value): bytes += (value ? "true" : "false").utf8
        case .integer(let value): bytes += String(value).utf8
        case .string(let text): Self.write(text, to: &bytes)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                element.write(to: &bytes, sortingKeys: sortingKeys)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            let ordered = sortingKeys && !Self.isOrdered(members) ? members.sorted(by: Self.precedes) : members
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in ordered.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                Self.write(member.key, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.value.write(to: &bytes, sortingKeys: sortingKeys)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private static func precedes(_ member: Member, _ other: Member) -> Bool {
        member.key.utf8.lexicographicallyPrecedes(other.key.utf8)
    }

    private static func isOrdered(_ members: [Member]) -> Bool {
        zip(members, members.dropFirst()).allSatisfy(precedes)
    }

    /// As RFC 8785 has it: two-character escapes where JSON has them, `\u00xx` for other control characters, else UTF-8.
    private static func write(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes += #"\""#.utf8
            case UInt8(ascii: "\\"): bytes += #"\\"#.utf8
            case 0x08: bytes += #"\b"#.utf8
            case 0x09: bytes += #"\t"#.utf8
            case 0x0A: bytes += #"\n"#.utf8
            case 0x0C: bytes += #"\f"#.utf8
            case 0x0D: bytes += #"\r"#.utf8
            case 0..<0x20:
                bytes += #"\u00"#.utf8
                if byte < 16 { bytes.append(UInt8(ascii: "0")) }
                bytes += String(byte, radix: 16).utf8
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
