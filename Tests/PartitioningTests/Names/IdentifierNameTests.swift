// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Testing

@Suite("Identifier names")
struct IdentifierNameTests {
    @Test("that fit are left alone, up to 63 bytes")
    func fits() {
        let longest = String(repeating: "a", count: 63)
        #expect(IdentifierName.truncated(longest, suffixKept: "aa") == longest)
        #expect(IdentifierName.fits(longest) && !IdentifierName.fits(longest + "a"))
        #expect(!IdentifierName.fits("") && !IdentifierName.fits("a\0"))
        #expect(
            IdentifierName.fits(String(repeating: "é", count: 31))
                && !IdentifierName.fits(String(repeating: "é", count: 32))
        )
    }

    @Test(
        "are found again without what was added where they were taken",
        arguments: [
            ("nt_2026_12_alt1", "nt_2026_12"), ("nt_alt19", "nt"), ("nt_alt", "nt_alt"), ("_alt1", "_alt1"),
            ("nt_2026_12", "nt_2026_12"), ("salt1", "salt1"), ("é_alt2", "é"),
        ]
    )
    func alternatives(name: String, original: String) {
        #expect(IdentifierName.withoutAlternative(name) == original)
    }

    @Test("that are too long keep their suffix and a hash of the rest")
    func truncates() {
        let table = String(repeating: "a", count: 60)
        #expect(
            IdentifierName.truncated(table + "_2026_06", suffixKept: "_2026_06") == String(repeating: "a", count: 46)
                + "_e8cfc3a7_2026_06"
        )
        #expect(IdentifierName.truncated(table + "_2026_06", suffixKept: "_2026_06").utf8.count == 63)
    }

    @Test("of one table share their beginning, of two tables with the same first 63 bytes they differ")
    func distinguishes() {
        let stem = String(repeating: "x", count: 62)
        func name(_ table: String, _ suffix: String) -> String {
            IdentifierName.truncated(table + suffix, suffixKept: suffix)
        }
        #expect(name(stem + "a", "_2026_06").dropLast(8) == name(stem + "a", "_2026_07").dropLast(8))
        #expect(name(stem + "a", "_2026_06") != name(stem + "b", "_2026_06"))
        #expect(name(stem + "aaaaaa", "_2026_06") != name(stem + "aaaaab", "_2026_06"))
    }

    @Test("are cut between Unicode scalars", arguments: ["é", "日", "😀", "👨‍👩‍👧‍👦", "e\u{301}", "a😀"])
    func unicode(piece: String) {
        for count in 1...40 {
            for padding in 0...3 {
                let name = String(repeating: "x", count: padding) + String(repeating: piece, count: count) + "_2026_06"
                let cut = IdentifierName.truncated(name, suffixKept: "_2026_06")
                #expect(cut.utf8.count <= 63 && cut.hasSuffix("_2026_06"))
                #expect(!cut.unicodeScalars.contains("\u{FFFD}"))
                #expect(cut == name || cut.utf8.count > 59, "as much as possible is kept")
            }
        }
    }

    @Test("with a suffix that is none, or too long to keep, are still short and different")
    func oddSuffixes() {
        let name = String(repeating: "y", count: 100)
        for suffix in [
            "", "_2026", String(repeating: "y", count: 54), String(repeating: "y", count: 100),
            String(repeating: "y", count: 101),
        ] {
            #expect(IdentifierName.truncated(name, suffixKept: suffix).utf8.count == 63)
            #expect(
                IdentifierName.truncated(name, suffixKept: suffix)
                    != IdentifierName.truncated(name + "y", suffixKept: suffix)
            )
        }
    }

    @Test("of another choice are different for every attempt, and short")
    func disambiguates() {
        for name in ["events_2026_06", String(repeating: "z", count: 63), String(repeating: "é", count: 60)] {
            let names = (0..<100).map { IdentifierName.disambiguated(name, attempt: $0) }
            #expect(Set(names).count == 100)
            #expect(names.allSatisfy { IdentifierName.fits($0) })
        }
        #expect(IdentifierName.disambiguated("events_2026_06", attempt: 0) == "events_2026_06")
        #expect(IdentifierName.disambiguated("events_2026_06", attempt: 2) == "events_2026_06_alt2")
    }

    @Test(
        "are hashed by FNV-1a, the same for ever",
        arguments: [
            ("", 0xCBF2_9CE4_8422_2325 as UInt64), ("a", 0xAF63_DC4C_8601_EC8C), ("foobar", 0x8594_4171_F739_67E8),
        ]
    )
    func hash(text: String, expected: UInt64) {
        #expect(IdentifierName.hash(text) == expected)
    }
}
