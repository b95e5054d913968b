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
    /// Whether what was read so far is as ``JSONValue/canonicalBytes()`` would write it.
    private var isCanonical = true

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// - Returns: the value, and whether its bytes are the canonical form: keys sorted by their UTF-8 bytes, no insignificant space, the
    ///   shortest escapes. That is watched while reading; writing the value again to compare took as long as the reading.
    static func read(_ bytes: [UInt8]) throws(PartitionMapError) -> (value: JSONValue, isCanonical: Bool) {
        var reader = JSONReader(bytes)
        let value = try reader.value()
        reader.skipSpace()
        guard reader.position == bytes.count else { throw reader.malformed("bytes after the end") }
        return (value, reader.isCanonical)
    }

    private func malformed(_ what: String) -> PartitionMapError {
        PartitionMapError(.malformed, "not JSON that a partition map may have: \(what) at byte \(position)")
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
            isCanonical = false
        }
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
        // Minus nought.
        if value == 0, position - start > 1 { isCanonical = false }
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
        // Keys in order can't repeat. Of others the bytes are kept: Swift's strings would call two of them equal that differ.
        var seen: Set<[UInt8]>?
        skipSpace()
        if take(UInt8(ascii: "}")) { return .object(members) }
        while true {
            skipSpace()
            let key = try string()
            if seen == nil, let last = members.last, !last.key.utf8.lexicographicallyPrecedes(key.utf8) {
                isCanonical = false
                seen = Set(members.map { Array($0.key.utf8) })
            }
            if seen?.insert(Array(key.utf8)).inserted == false { throw malformed("a repeated key") }
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
        let start = position
        // Nearly every text has no escape, and is taken as it stands.
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return try text(bytes[start..<position - 1])
            case UInt8(ascii: "\\"): return try escapedString(from: start)
            case 0..<0x20:
                position += 1
                throw malformed("a control character")
            default: position += 1
            }
        }
        throw malformed("an early end")
    }

    /// The rest of a text, from its first escape on.
    private mutating func escapedString(from start: Int) throws(PartitionMapError) -> String {
        var plain = Array(bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                let string = try text(plain[...])
                var shortest: [UInt8] = []
                JSONValue.string(string).write(to: &shortest, sortingKeys: true)
                if !shortest.elementsEqual(bytes[start - 1..<position]) { isCanonical = false }
                return string
            case UInt8(ascii: "\\"): try escape(into: &plain)
            case 0..<0x20: throw malformed("a control character")
            default: plain.append(byte)
            }
        }
        throw malformed("an early end")
    }

    private func text(_ plain: ArraySlice<UInt8>) throws(PartitionMapError) -> String {
        guard let string = String(validating: plain, as: UTF8.self) else { throw malformed("text not in UTF-8") }
        return string
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
