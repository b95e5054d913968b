// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Testing

@testable import partition_cli

@Suite("Pages")
struct PageTests {
    private func text(_ rendition: Rendition = Rendition(), _ fill: (inout Page) -> Void) -> String {
        var page = Page()
        fill(&page)
        return page.text(rendition)
    }

    @Test("a text from a database can't steer the terminal")
    func controlCharacters() {
        #expect(text { $0.line("a\u{1B}[2Jb\nc\u{202E}d") } == "a\\u{1b}[2Jb\\u{a}c\\u{202e}d\n")
        #expect(text { $0.columns([["\u{7}", "\r"]]) } == "\\u{7}  \\u{d}\n")
    }

    @Test("columns stand under each other by what a terminal shows, and colour is per line")
    func columns() {
        let rows = [["a", "bb", "c"], ["日本", "b", ""], ["e\u{301}", "b", "d"]]
        #expect(text { $0.columns(rows, indent: 1) } == " a     bb  c\n 日本  b\n e\u{301}     b   d\n")
        let coloured = text(Rendition(isColoured: true)) { page in
            page.columns([["a", "b"], ["aa", "b"]]) { $0 == 0 ? .heading : .plain }
        }
        #expect(coloured == "\u{1B}[1ma   b\u{1B}[0m\naa  b\n")
    }

    @Test("what is longer than the terminal goes on under its text, cut between words")
    func wrapping() {
        let long = "one two three four five six seven"
        #expect(text(Rendition(width: 20)) { $0.line(long, indent: 2) } == "  one two three four\n    five six seven\n")
        #expect(
            text(Rendition(width: 20)) { $0.labelled("why", long, indent: 2) }
                == "  why: one two three\n       four five six\n       seven\n"
        )
        #expect(text { $0.line(long) } == long + "\n", "where there is no terminal lines are as long as they are")
    }

    @Test("a last column goes on under itself where there is room, else further left")
    func wrappedColumns() {
        let rows = [["+", "name", "one two three four five six seven eight"]]
        #expect(
            text(Rendition(width: 34)) { $0.columns(rows) }
                == "+  name  one two three four five\n         six seven eight\n"
        )
        #expect(
            text(Rendition(width: 24)) { $0.columns(rows) }
                == "+  name  one two three\n      four five six\n      seven eight\n"
        )
    }

    @Test("a word that is longer than the line stays whole")
    func longWord() {
        let url = "postgresql://user@host.example/database"
        #expect(text(Rendition(width: 20)) { $0.line("see \(url) now") } == "see\n  \(url)\n  now\n")
    }

    @Test("wide characters are wrapped by the columns that they take")
    func wideWrapping() {
        #expect(text(Rendition(width: 20)) { $0.line("日本語 日本語 日本語 日本語") } == "日本語 日本語 日本語\n  日本語\n")
    }

    @Test("colours go on in the next line, and no spaces are left at a line's end")
    func colouredWrapping() {
        let spans = [Page.Span("error:", .removed), Page.Span(" one two three four five  ")]
        #expect(
            text(Rendition(width: 20, isColoured: true)) { $0.line(spans, hanging: 7) }
                == "\u{1B}[31merror:\u{1B}[0m one two three\n       four five\n"
        )
    }

    @Test("in ASCII columns are aligned with the signs that stand for ours")
    func asciiColumns() {
        let rows = [["a…b", "x"], ["abcde", "y"]]
        #expect(text(Rendition(isASCII: true)) { $0.columns(rows) } == "a...b  x\nabcde  y\n")
    }
}
