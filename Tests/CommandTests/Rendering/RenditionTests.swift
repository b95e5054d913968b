// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Testing

@testable import partition_cli

@Suite("What a stream's reader can show")
struct RenditionTests {
    private static let utf8 = ["LANG": "en_US.UTF-8", "TERM": "xterm-256color"]

    @Test("a terminal has colours and its own width")
    func terminal() {
        let rendition = Rendition(columns: 120, environment: Self.utf8)
        #expect(rendition == Rendition(width: 120, isColoured: true, isASCII: false, canRepaint: true))
    }

    @Test("what is no terminal has neither, whatever COLUMNS says; drawings are then for 80 columns")
    func file() {
        let rendition = Rendition(columns: nil, environment: Self.utf8.merging(["COLUMNS": "33"]) { $1 })
        #expect(rendition == Rendition())
        #expect(rendition.drawingWidth == 80)
    }

    @Test("NO_COLOR takes the colours and nothing else; empty it means nothing")
    func noColour() {
        let without = Rendition(columns: 80, environment: Self.utf8.merging(["NO_COLOR": "1"]) { $1 })
        #expect(without == Rendition(width: 80, isColoured: false, isASCII: false, canRepaint: true))
        #expect(Rendition(columns: 80, environment: Self.utf8.merging(["NO_COLOR": ""]) { $1 }).isColoured)
    }

    @Test("a dumb terminal gets neither colours nor lines that are written over")
    func dumb() {
        let rendition = Rendition(columns: 80, environment: Self.utf8.merging(["TERM": "dumb"]) { $1 })
        #expect(!rendition.isColoured)
        #expect(!rendition.canRepaint)
    }

    @Test(
        "the first of LC_ALL, LC_CTYPE and LANG that is set says whether characters are UTF-8",
        arguments: [
            ([:], true), (["LANG": "C"], true), (["LANG": "C.UTF-8"], false), (["LANG": "de_DE.utf8"], false),
            (["LANG": "de_DE.UTF-8", "LC_ALL": "C"], true), (["LANG": "C", "LC_CTYPE": "fr_FR.UTF-8"], false),
            (["LC_ALL": "", "LANG": "en_US.UTF-8"], false), (["LANG": "de_DE.ISO-8859-1"], true),
        ] as [([String: String], Bool)]
    )
    func locale(environment: [String: String], isASCII: Bool) {
        #expect(Rendition(columns: 80, environment: environment).isASCII == isASCII)
    }

    @Test("a terminal that doesn't say how wide it is, or is absurdly narrow, counts as 80", arguments: [0, 1, 19])
    func unknownWidth(columns: Int) {
        #expect(Rendition(columns: columns, environment: Self.utf8).width == 80)
    }

    @Test("in ASCII our own signs are replaced, a name's letters stay")
    func signs() {
        let rendition = Rendition(isASCII: true)
        #expect(rendition.signs("événements 2026-01-01 … 2026-02-01 ━━░") == "événements 2026-01-01 ... 2026-02-01 ==~")
        #expect(Rendition().signs("…━") == "…━")
    }
}
