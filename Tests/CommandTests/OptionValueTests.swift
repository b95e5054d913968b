// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Testing

@testable import partition_cli

@Suite("Values of options")
struct OptionValueTests {
    @Test(
        "bytes come with decimal and binary units",
        arguments: [
            ("1", Int64(1)), ("500GB", 500_000_000_000), ("500 gb", 500_000_000_000), ("2TiB", 2 << 40),
            ("3kB", 3000), ("3KiB", 3072), ("7MiB", 7 << 20), ("7MB", 7_000_000), ("8191TiB", 8191 << 40), ("1b", 1),
        ]
    )
    func bytes(text: String, bytes: Int64) throws {
        #expect(try Transform.bytes(text) == bytes)
    }

    @Test(
        "what is no number of bytes is refused",
        arguments: ["", "0", "GB", "-1GB", "1.5GB", "9999999TiB", "1PB", "１GB"]
    )
    func notBytes(text: String) {
        #expect(throws: (any Error).self) { try Transform.bytes(text) }
    }

    @Test("percentages may have their sign", arguments: [("80", 80), ("80%", 80), ("1", 1), ("100%", 100)])
    func percentages(text: String, number: Int) throws {
        #expect(try Transform.percentage(text) == number)
    }

    @Test("a text from a database can't steer the terminal")
    func controlCharacters() {
        var page = Page()
        page.line("a\u{1B}[2Jb\nc\u{202E}d")
        #expect(page.text(coloured: false) == "a\\u{1b}[2Jb\\u{a}c\\u{202e}d\n")
    }

    @Test("columns stand under each other, and colour is per line")
    func columns() {
        var page = Page()
        page.columns([["a", "bb", "c"], ["aaa", "b", ""]], indent: 1) { $0 == 0 ? .heading : .plain }
        #expect(page.text(coloured: false) == " a    bb  c\n aaa  b   \n")
        #expect(page.text(coloured: true) == "\u{1B}[1m a    bb  c\u{1B}[0m\n aaa  b   \n")
    }
}
