// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Testing

@testable import partition_cli

@Suite("Columns of a terminal")
struct DisplayWidthTests {
    @Test(
        "a text takes as many columns as a terminal shows",
        arguments: [
            ("", 0), ("events", 6), ("événements", 10), ("e\u{301}ve\u{301}nements", 10), ("日本語", 6), ("한국", 4),
            ("\u{1112}\u{1161}\u{11AB}", 2), ("ｆｕｌｌ", 8), ("ﾊﾝｶｸ", 4), ("шаг", 3), ("مرحبا", 5), ("🚀", 2), ("👍🏽", 2),
            ("👩‍👩‍👧", 2), ("🇫🇷", 2), ("✔\u{FE0F}", 2), ("✔", 1), ("☃︎", 1), ("━░▼", 3), ("a\u{200B}b", 2), ("a\u{AD}b", 3),
            ("𠀀", 2), ("नि", 2),
        ]
    )
    func width(text: String, columns: Int) {
        #expect(DisplayWidth.of(text) == columns)
    }

    @Test("a spacing mark takes a column of its own, as in every terminal's table")
    func spacingMarks() {
        #expect(DisplayWidth.of("\u{93F}") == 1)
        #expect(DisplayWidth.of("\u{301}") == 0)
    }

    @Test(
        "what doesn't fit is cut between characters, never within one",
        arguments: [
            ("events", 6, "events"), ("events", 5, "even…"), ("日本語", 5, "日本…"), ("日本語", 4, "日…"),
            ("e\u{301}a\u{301}o", 2, "e\u{301}…"),
            ("👩‍👩‍👧👩‍👩‍👧", 3, "👩‍👩‍👧…"), ("ab", 1, "…"), ("ab", 0, ""),
        ]
    )
    func truncation(text: String, columns: Int, cut: String) {
        #expect(DisplayWidth.truncated(text, to: columns) == cut)
        #expect(DisplayWidth.of(cut) <= columns)
    }
}
