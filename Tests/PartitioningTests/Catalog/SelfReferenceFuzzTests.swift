// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import SeededRandom
import Testing

@Suite("Hostile expressions")
struct SelfReferenceFuzzTests {
    /// Pieces that expressions break at, put together at random.
    private static let pieces = [
        "t", "t.", ".t", "\"t\"", "\"", "\"\"", "'", "''", "E'", "\\", "\\'", "(", ")", ",", ".", "::", " ", "\n", "a",
        "*", "$",
        "SELECT", "FROM", "JOIN", "ON", "COLLATE", "OPERATOR", "é", "e\u{301}", "\u{0}", "0", "_", "--", "/*",
        "LATERAL", "ONLY",
    ]

    @Test("come back byte by byte where the name is replaced by itself, whatever they are")
    func identity() {
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<20_000 {
            let sql = (0..<Int.random(in: 0...14, using: &generator))
                .compactMap { _ in Self.pieces.randomElement(using: &generator) }.joined()
            #expect(SelfReference.replace("t", by: "t", in: sql).utf8.elementsEqual(sql.utf8), "\(sql)")
        }
    }

    @Test("come back from the token as they were, for plain and for quoted names, if their names are kept apart")
    func roundTrip() {
        var generator = SeededGenerator(seed: 12)
        let words =
            Self.pieces.filter { !["\"", "\"\"", "'", "E'", "\"t\""].contains($0) } + [
                "t.a", "t.*", "(t.a,",
                "'t.a'", "E'\\'t.a'", "\"x t.a\"",
            ]
        var replaced = 0
        for name in ["t", "\"T x\"", "\"a\"\"b\""] {
            for _ in 0..<5_000 {
                let sql = (0..<Int.random(in: 0...14, using: &generator))
                    .compactMap { _ in words.randomElement(using: &generator) }.joined(separator: " ")
                    .replacing("t.", with: name + ".")
                let stored = SelfReference.replace(name, by: SelfReference.token, in: sql)
                replaced += stored.utf8.elementsEqual(sql.utf8) ? 0 : 1
                let restored = SelfReference.replace(SelfReference.token, by: name, in: stored)
                #expect(restored.utf8.elementsEqual(sql.utf8), "\(sql)")
            }
        }
        #expect(replaced > 5_000, "\(replaced)")
    }
}
