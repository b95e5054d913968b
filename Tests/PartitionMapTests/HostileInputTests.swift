// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import SeededRandom
import Testing

@testable import PartitionMap

@Suite("Hostile documents")
struct HostileInputTests {
    static let valid =
        #"{"key":[{"columns":["t"],"strategy":"range","types":["date"]}],"partitions":[{"end":"2026-12-01","#
        + #""name":"a","schema":"public","start":"2026-11-01","state":"active"}],"table":"events"}"#

    @Test(
        "that differ in one place are refused",
        arguments: [
            ("{\"key\"", "{ \"key\""), ("2026-11-01", "2026-11-1"), ("2026-11-01", "2026-02-30"),
            ("2026-11-01", "2026-13-01"),
            ("2026-11-01", "2026-12-02"), ("2026-11-01", "02026-11-01"), ("2026-11-01", "2026-11-01T00:00:00"),
            ("2026-11-01", "999999-11-01"), ("\"2026-11-01\"", "20261101"), ("\"2026-11-01\"", "1.5"),
            ("\"2026-11-01\"", "1e9"),
            ("\"2026-11-01\"", "99999999999999999999"), ("\"2026-11-01\"", "[]"), ("\"start\":\"2026-11-01\",", ""),
            ("\"active\"", "\"retired\""), ("\"active\"", "\"default\""), ("\"range\"", "\"hash\""),
            ("\"range\"", "\"tree\""),
            ("\"events\"", "\"Events\""), ("\"events\"", "null"), ("[\"date\"]", "[]"), ("[\"t\"]", "[1]"),
            ("\"a\"", "\"\\u0061\""), ("\"a\"", "\"\\ud800\""), ("\"a\"", "\"\\ud800\\u0061\""), ("\"a\"", "\"\u{1}\""),
            ("\"name\":\"a\"", "\"name\":\"a\",\"name\":\"b\""), ("}]", "}],"), ("\"events\"}", "\"events\"}x"),
            ("\"events\"}", "\"events\""), ("\"name\"", "name"), ("\"a\"", "\"\\x\""), ("\"a\"", "-"), ("\"a\"", "01"),
            ("\"name\"", "\"from\":\"2026-11-01T00:00:00Z\",\"name\""),
        ]
    )
    func mutations(original: String, replacement: String) throws {
        _ = try PartitionMapDocument(parsing: Array(Self.valid.utf8))
        let changed = Self.valid.replacing(original, with: replacement, maxReplacements: 1)
        #expect(changed != Self.valid)
        #expect(throws: PartitionMapError.self) { try PartitionMapDocument(parsing: Array(changed.utf8)) }
    }

    @Test("cut off anywhere are refused")
    func truncated() {
        let bytes = Array(Self.valid.utf8)
        for length in 0..<bytes.count {
            #expect(throws: PartitionMapError.self) { try PartitionMapDocument(parsing: Array(bytes[..<length])) }
        }
    }

    @Test("with any byte replaced never crash the reader")
    func flipped() throws {
        let bytes = Array(Self.valid.utf8)
        var random = SeededGenerator(seed: 1)
        for index in bytes.indices {
            for byte: UInt8 in [0, 0x22, 0x5C, 0x7B, 0xFF, .random(in: 0...255, using: &random)] {
                var changed = bytes
                changed[index] = byte
                guard (try? PartitionMapDocument(parsing: changed)) != nil else { continue }
                // What was taken is what would be written.
                #expect(try JSONReader.read(changed).value.canonicalBytes() == changed)
            }
        }
    }

    @Test("nested without end are refused, not followed")
    func nesting() {
        for opener in [UInt8(ascii: "["), UInt8(ascii: "{")] {
            #expect(throws: PartitionMapError.self) {
                try PartitionMapDocument(parsing: Array(repeating: opener, count: 1_000_000))
            }
        }
        let deep = String(repeating: #"{"a":"#, count: 1000)
        #expect { try PartitionMapDocument(parsing: Array(deep.utf8)) } throws: {
            ($0 as? PartitionMapError)?.code == .tooLarge
        }
    }

    @Test("above the size limit are refused before they are read")
    func size() {
        let bytes = [UInt8](repeating: 0x20, count: PartitionMapDocument.maximumSize + 1)
        #expect { try PartitionMapDocument(parsing: bytes) } throws: { ($0 as? PartitionMapError)?.code == .tooLarge }
    }

    @Test("that aren't UTF-8 are refused")
    func encoding() {
        let bytes = Self.valid.utf8.map { $0 == UInt8(ascii: "a") ? 0xFF : $0 }
        #expect(throws: PartitionMapError.self) { try PartitionMapDocument(parsing: bytes) }
    }
}
