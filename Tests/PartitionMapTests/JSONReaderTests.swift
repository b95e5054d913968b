// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import SeededRandom
import Testing

@testable import PartitionMap

@Suite("JSON of a document")
struct JSONReaderTests {
    @Test("is called canonical just where it would be written so", arguments: 1...40 as ClosedRange<UInt64>)
    func canonical(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var found: Set<Bool> = []
        for _ in 0..<60 {
            let value = Self.value(depth: 0, &random)
            let canonical = value.canonicalBytes()
            #expect(try JSONReader.read(canonical).isCanonical)
            let bytes = Self.respelled(value, &random)
            let read = try JSONReader.read(bytes)
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(read.isCanonical == (read.value.canonicalBytes() == bytes), "seed \(seed): \(text)")
            #expect(read.value.isIdentical(to: value), "seed \(seed): \(text)")
            found.insert(read.isCanonical)
        }
        #expect(found == [true, false])
    }

    @Test(
        "with a repeated key is refused, wherever it stands",
        arguments: [#"{"a":1,"a":2}"#, #"{"b":1,"a":2,"b":3}"#, #"{"b":1,"a":2,"a":3}"#, #"{"a":1,"b":2,"\u0061":3}"#]
    )
    func repeated(text: String) {
        #expect(
            throws: PartitionMapError(
                .malformed,
                "not JSON that a partition map may have: a repeated key at byte \(Self.end(text))"
            )
        ) {
            try JSONReader.read(Array(text.utf8))
        }
    }

    @Test("keeps apart keys and texts that only look the same")
    func lookalikes() throws {
        let (composed, decomposed) = ("\u{E9}", "e\u{301}")
        #expect(composed == decomposed)
        let read = try JSONReader.read(Array(#"{"\#(decomposed)":1,"\#(composed)":2}"#.utf8))
        #expect(read.isCanonical)
        #expect(read.value[composed] == .integer(2))
        #expect(!JSONValue.string(composed).isIdentical(to: .string(decomposed)))
    }

    /// Where the reader stands when it has read the key that is there already: before the last colon.
    private static func end(_ text: String) -> Int { text.utf8.count - 3 }

    private static let texts = [
        "", "a", "b", "\"", "\\", "/", "\u{8}\u{C}\n\r\t", "\u{1}\u{1F}", "\u{7F}", "é", "e\u{301}", "注文", "🗄",
    ]

    private static func value(depth: Int, _ random: inout SeededGenerator) -> JSONValue {
        switch Int.random(in: 0..<(depth < 3 ? 6 : 4), using: &random) {
        case 0: return [.null, .bool(true), .bool(false)].randomElement(using: &random) ?? .null
        case 1: return .integer([0, -1, 7, .min, .max].randomElement(using: &random) ?? 0)
        case 2, 3: return .string(texts.randomElement(using: &random) ?? "")
        case 4: return .array((0..<Int.random(in: 0..<4, using: &random)).map { _ in value(depth: depth + 1, &random) })
        default:
            let keys = texts.shuffled(using: &random).prefix(Int.random(in: 0..<4, using: &random))
            return .object(keys.map { JSONValue.Member(key: $0, value: value(depth: depth + 1, &random)) })
        }
    }

    /// The same value, in the canonical form or another one.
    private static func respelled(_ value: JSONValue, _ random: inout SeededGenerator) -> [UInt8] {
        guard Bool.random(using: &random) else { return value.canonicalBytes() }
        func space() -> [UInt8] { Int.random(in: 0..<12, using: &random) == 0 ? [0x20] : [] }
        func spelled(_ text: String) -> [UInt8] {
            guard Int.random(in: 0..<4, using: &random) == 0 else { return JSONValue.string(text).canonicalBytes() }
            let units = text.utf16.map { unit in
                let digits = String(unit, radix: 16, uppercase: Bool.random(using: &random))
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
            return Array("\"\(units.joined())\"".utf8)
        }
        switch value {
        case .integer(0): return Array((Bool.random(using: &random) ? "-0" : "0").utf8)
        case .string(let text): return space() + spelled(text) + space()
        case .array(let elements):
            let parts = elements.map { respelled($0, &random) }
            return [0x5B] + space() + parts.joined(separator: [0x2C]) + [0x5D] + space()
        case .object(let members):
            let ordered =
                Bool.random(using: &random)
                ? members : members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            let parts = ordered.map { spelled($0.key) + space() + [0x3A] + respelled($0.value, &random) }
            return [0x7B] + parts.joined(separator: [0x2C]) + space() + [0x7D]
        default: return value.canonicalBytes()
        }
    }
}
