// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import Partitioning
import SeededRandom
import Testing

@Suite("Partition bounds")
struct PartitionBoundTests {
    static let printed: [(text: String, bound: PartitionBound)] = [
        ("DEFAULT", .default),
        (
            "FOR VALUES FROM ('2026-06-01') TO ('2026-07-01')",
            .range(lower: [.literal("2026-06-01")], upper: [.literal("2026-07-01")])
        ),
        ("FOR VALUES FROM (MINVALUE) TO ('-5')", .range(lower: [.minValue], upper: [.literal("-5")])),
        ("FOR VALUES FROM (10) TO (MAXVALUE)", .range(lower: [.literal("10")], upper: [.maxValue])),
        (
            "FOR VALUES FROM ('a', 1, MINVALUE) TO ('b', 20, MAXVALUE)",
            .range(
                lower: [.literal("a"), .literal("1"), .minValue],
                upper: [.literal("b"), .literal("20"), .maxValue]
            )
        ),
        ("FOR VALUES FROM (1.5) TO ('1e+20')", .range(lower: [.literal("1.5")], upper: [.literal("1e+20")])),
        ("FOR VALUES FROM (-12) TO (+3.25E-4)", .range(lower: [.literal("-12")], upper: [.literal("+3.25e-4")])),
        ("FOR VALUES FROM (.5) TO (1.)", .range(lower: [.literal(".5")], upper: [.literal("1.")])),
        (
            "FOR VALUES FROM ('MINVALUE') TO ('NULL')",
            .range(lower: [.literal("MINVALUE")], upper: [.literal("NULL")])
        ),
        ("FOR VALUES IN ('it''s', NULL, '')", .list([.literal("it's"), .null, .literal("")])),
        ("FOR VALUES IN (true, false)", .list([.literal("true"), .literal("false")])),
        ("FOR VALUES IN (1, 2, -3)", .list([.literal("1"), .literal("2"), .literal("-3")])),
        ("FOR VALUES IN (B'0101', '1')", .list([.literal("0101"), .literal("1")])),
        ("FOR VALUES IN ('a, b', ') TO (', '(')", .list([.literal("a, b"), .literal(") TO ("), .literal("(")])),
        ("FOR VALUES IN ('back\\slash', 'ünï😀')", .list([.literal("back\\slash"), .literal("ünï😀")])),
        (
            #"FOR VALUES IN (E'a\\b', E'\'', E'tab\tend', E'\101\x42\u0043\U0001F600\ud83d\ude00', E'\q''')"#,
            .list([.literal("a\\b"), .literal("'"), .literal("tab\tend"), .literal("ABC😀😀"), .literal("q'")])
        ),
        ("FOR VALUES WITH (modulus 4, remainder 0)", .hash(modulus: 4, remainder: 0)),
        ("  for values with ( MODULUS 4 , REMAINDER 3 ) \n", .hash(modulus: 4, remainder: 3)),
    ]

    @Test("are read in every form that PostgreSQL prints", arguments: printed)
    func reads(text: String, bound: PartitionBound) throws {
        #expect(try PartitionBound(parsing: text) == bound)
    }

    @Test("are written so that they are read back as the same value", arguments: printed)
    func roundTrips(text: String, bound: PartitionBound) throws {
        #expect(try PartitionBound(parsing: bound.description) == bound)
        #expect(try JSONDecoder().decode(PartitionBound.self, from: JSONEncoder().encode(bound)) == bound)
    }

    /// Printed by PostgreSQL 15.18 and 18.4 under DateStyle ISO and TimeZone UTC for bounds on all kinds of types.
    private static let serverOutput = [
        "FOR VALUES IN ('a', NULL, 'b\\c', '', 'new\nline', 'é😀', 'NULL')", "FOR VALUES IN (true, NULL)",
        "FOR VALUES IN ('0101')", "FOR VALUES IN ('00000000-0000-0000-0000-000000000001')", "FOR VALUES IN ('-3', '4')",
        "FOR VALUES IN ('-9223372036854775808', '9223372036854775807')", "FOR VALUES IN ('\\x00ff')",
        "FOR VALUES IN ('{1,2}')", "FOR VALUES IN ('1 day 02:00:00')",
        "FOR VALUES FROM (MINVALUE) TO ('4714-11-24 00:00:00+00 BC')",
        "FOR VALUES FROM ('2026-10-31 18:30:00.5+00') TO ('12026-01-01 00:00:00+00')",
        "FOR VALUES FROM ('infinity') TO (MAXVALUE)",
        "FOR VALUES FROM ('2026-01-01', '-5', 'it''s') TO ('2026-01-01', 7, MAXVALUE)",
        "FOR VALUES FROM ('0044-03-15 BC', MINVALUE, MINVALUE) TO ('0001-01-01', MAXVALUE, MAXVALUE)",
        "FOR VALUES FROM ('-1.5') TO ('1000000000000000000000000000000')",
        "FOR VALUES FROM ('10000000000000000000000000000000') TO ('NaN')",
        "FOR VALUES FROM ('-1.5e-300') TO ('Infinity')",
    ]

    @Test(
        "are read as a server printed them, and written the same but for quotes around bare values",
        arguments: serverOutput
    )
    func serverText(text: String) throws {
        let written = try PartitionBound(parsing: text).description
        let expected = text.replacing(", 7,", with: ", '7',").replacing("(true", with: "('true'")
        #expect(written == expected)
    }

    @Test("are written as in CREATE TABLE")
    func description() {
        let range = PartitionBound.range(lower: [.literal("it's"), .minValue], upper: [.literal("1"), .maxValue])
        #expect(range.description == "FOR VALUES FROM ('it''s', MINVALUE) TO ('1', MAXVALUE)")
        #expect(PartitionBound.list([.null]).description == "FOR VALUES IN (NULL)")
        #expect(PartitionBound.default.description == "DEFAULT")
    }

    @Test(
        "are an error in any other form",
        arguments: [
            "", " ", "DEFAULTS", "DEFAULT x", "FOR", "FOR VALUES", "FORVALUES IN (1)", "FOR VALUES IN",
            "FOR VALUES IN ()",
            "FOR VALUES IN (1", "FOR VALUES IN (1,)", "FOR VALUES IN (1) x", "FOR VALUES IN ('a)", "FOR VALUES IN (x)",
            "FOR VALUES IN (MINVALUE)", "FOR VALUES FROM (NULL) TO (1)", "FOR VALUES FROM (1)",
            "FOR VALUES FROM (1) TO (1, 2)",
            "FOR VALUES FROM () TO ()", "FOR VALUES FROM (1) TO 2", "FOR VALUES WITH (modulus 0, remainder 0)",
            "FOR VALUES WITH (modulus 4, remainder 4)", "FOR VALUES WITH (modulus 4, remainder -1)",
            "FOR VALUES WITH (modulus 99999999999999999999, remainder 1)", "FOR VALUES WITH (modulus 4)",
            "FOR VALUES IN (1e)", "FOR VALUES IN (-)", "FOR VALUES IN (.)", "FOR VALUES IN (B'012')",
            "FOR VALUES IN (1 2)", "FOR VALUES IN ('a' 'b')", "FOR VALUES IN (truer)", "FOR VALUES IN ('a'::text)",
            "FOR VALUES IN ('a\0b')", #"FOR VALUES IN (E'\xff')"#, #"FOR VALUES IN (E'\0')"#,
            #"FOR VALUES IN (E'\u12')"#,
            #"FOR VALUES IN (E'\ud83d')"#, #"FOR VALUES IN (E'\ud83d\u0041')"#, #"FOR VALUES IN (E'\UFFFFFFFF')"#,
            #"FOR VALUES IN (E'\"#, #"FOR VALUES IN (E'a\')"#,
        ]
    )
    func rejects(text: String) {
        let error = #expect(throws: BoundError.self) { try PartitionBound(parsing: text) }
        #expect(error?.code == .malformed)
    }

    @Test("with a very long constant are an error of moderate length")
    func shortMessage() {
        let text = "FOR VALUES IN ('" + String(repeating: "é", count: 100_000)
        let error = #expect(throws: BoundError.self) { try PartitionBound(parsing: text) }
        #expect((error?.message.utf8.count ?? .max) < 1000)
    }

    @Test("never trap, whatever bytes they hold: 10 000 mutations of the printed forms")
    func fuzz() throws {
        var generator = SeededGenerator(seed: 2026)
        let pool = Array("'(),\\ -+.eEBNU0179xuTFROMINVALUEdefault{}\u{0}é".utf8)
        var read = 0
        for _ in 0..<10_000 {
            guard let start = Self.printed.randomElement(using: &generator) else { continue }
            var bytes = Array(start.text.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0...bytes.count, using: &generator)
                switch Int.random(in: 0..<5, using: &generator) {
                case 0: bytes.insert(pool.randomElement(using: &generator) ?? 0, at: place)
                case 1: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
                case 2 where place < bytes.count: bytes.remove(at: place)
                case 3: bytes.removeSubrange(min(place, bytes.count)...)
                default: bytes += bytes[place...]
                }
            }
            guard let bound = try? PartitionBound(parsing: String(decoding: bytes, as: UTF8.self)) else { continue }
            read += 1
            #expect(try PartitionBound(parsing: bound.description) == bound)
        }
        // Some mutations are harmless; if none or all were read, the test would show nothing.
        #expect((300..<9000).contains(read), "\(read)")
    }

    @Test("hold literals that are equal only if their bytes are")
    func byteEquality() {
        let composed = BoundDatum.literal("\u{e9}")
        let decomposed = BoundDatum.literal("e\u{301}")
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed, .null, .minValue, .maxValue, composed]).count == 5)
    }

    @Test("over one column become ranges of coordinates")
    func keyRanges() throws {
        let codec = try #require(CoordinateCodec(.int4))
        #expect(
            try PartitionBound(parsing: "FOR VALUES FROM (10) TO (20)").keyRange(codec)
                == KeyRange(lower: 10, upper: 20)
        )
        #expect(
            try PartitionBound(parsing: "FOR VALUES FROM (MINVALUE) TO (MAXVALUE)").keyRange(codec)
                == KeyRange(lower: .min, upper: .max)
        )
        for text in [
            "DEFAULT", "FOR VALUES IN (1)", "FOR VALUES FROM (1, 2) TO (3, 4)",
            "FOR VALUES WITH (modulus 2, remainder 1)",
        ] {
            let error = #expect(throws: BoundError.self) { try PartitionBound(parsing: text).keyRange(codec) }
            #expect(error?.code == .unsupported)
        }
        let error = #expect(throws: BoundError.self) {
            try PartitionBound.range(lower: [.literal("x")], upper: [.maxValue]).keyRange(codec)
        }
        #expect(error?.code == .malformed)
    }
}
