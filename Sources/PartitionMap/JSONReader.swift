// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A strict, bounded JSON reader: what it reads may have been written by anybody.
///
/// It refuses duplicate keys, numbers that aren't 64-bit integers, invalid UTF-8, lone surrogates, trailing bytes and
/// nesting below ``maximumDepth``.
struct JSONReader {
    /// Deeper nesting than a document can have; it bounds the recursion.
    static let maximumDepth = 16

    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    static func read(_ bytes: [UInt8]) throws(PartitionMapError) -> JSONValue {
        var reader = JSONReader(bytes)
        let value = try reader.value()
        reader.skipSpace()
        guard reader.position == bytes.count else { throw reader.malformed("bytes after the end") }
        return value
    }

    private func malformed(_ what: String) -> PartitionMapError {
        PartitionMapError(.malformed, "not JSON that a partition map may have: \(what) at byte \(position)")
    }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func value() throws(PartitionMapError) -> JSONValue {
        skipSpace()
        guard position < bytes.count else { throw malformed("an early end") }
        switch bytes[position] {
        case UInt8(ascii: "{"): return try nested { (reader) throws(PartitionMapError) in try reader.object() }
        case UInt8(ascii: "["): return try nested { (reader) throws(PartitionMapError) in try reader.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: return .integer(try integer())
        }
    }

    private mutating func nested(
        _ body: (inout JSONReader) throws(PartitionMapError) -> JSONValue
    ) throws(PartitionMapError) -> JSONValue {
        guard depth < Self.maximumDepth else {
            throw PartitionMapError(.tooLarge, "nested deeper than \(Self.maximumDepth) levels")
        }
        depth += 1
        position += 1
        let value = try body(&self)
        depth -= 1
        return value
    }

    private mutating func literal(_ text: StaticString, _ value: JSONValue) throws(PartitionMapError) -> JSONValue {
        let end = position + text.utf8CodeUnitCount
        guard end <= bytes.count, bytes[position..<end].elementsEqual(text.description.utf8) else {
            throw malformed("an unknown word")
        }
        position = end
        return value
    }

    private mutating func integer() throws(PartitionMapError) -> Int64 {
        let start = position
        _ = take(UInt8(ascii: "-"))
        let digits = position
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
        // A leading zero isn't JSON. A fraction or an exponent is, but no partition map has one.
        let leadingZero = position - digits > 1 && bytes[digits] == 0x30
        guard position > digits, !leadingZero,
            let value = Int64(String(decoding: bytes[start..<position], as: UTF8.self)),
            position == bytes.count || ![0x2E, 0x45, 0x65].contains(bytes[position])
        else {
            throw malformed("a number that isn't a 64-bit integer")
        }
        return value
    }

    private mutating func array() throws(PartitionMapError) -> JSONValue {
        var elements: [JSONValue] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return .array(elements) }
        while true {
            elements.append(try value())
            skipSpace()
            if take(UInt8(ascii: "]")) { return .array(elements) }
            guard take(UInt8(ascii: ",")) else { throw malformed("a missing comma") }
        }
    }

    private mutating func object() throws(PartitionMapError) -> JSONValue {
        var members: [JSONValue.Member] = []
        // The keys' bytes: Swift's strings would call two of them equal that differ.
        var seen: Set<[UInt8]> = []
        skipSpace()
        if take(UInt8(ascii: "}")) { return .object(members) }
        while true {
            skipSpace()
            let key = try string()
            guard seen.insert(Array(key.utf8)).inserted else { throw malformed("a repeated key") }
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw malformed("a missing colon") }
            members.append(JSONValue.Member(key: key, value: try value()))
            skipSpace()
            if take(UInt8(ascii: "}")) { return .object(members) }
            guard take(UInt8(ascii: ",")) else { throw malformed("a missing comma") }
        }
    }

    private mutating func string() throws(PartitionMapError) -> String {
        guard take(UInt8(ascii: "\"")) else { throw malformed("a missing quote") }
        var text: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else { throw malformed("text not in UTF-8") }
                return string
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20: throw malformed("a control character")
            default: text.append(byte)
            }
        }
        throw malformed("an early end")
    }

    private mutating func escape(into text: inout [UInt8]) throws(PartitionMapError) {
        guard position < bytes.count else { throw malformed("an early end") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var scalar = try hexadecimal()
            if (0xD800...0xDBFF).contains(scalar) {
                guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw malformed("a lone surrogate") }
                let low = try hexadecimal()
                guard (0xDC00...0xDFFF).contains(low) else { throw malformed("a lone surrogate") }
                scalar = 0x10000 + (scalar - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let unicode = Unicode.Scalar(scalar) else { throw malformed("a lone surrogate") }
            text += Character(unicode).utf8
        default: throw malformed("an unknown escape")
        }
    }

    private mutating func hexadecimal() throws(PartitionMapError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard position < bytes.count, let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
                throw malformed("an escape without four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}
