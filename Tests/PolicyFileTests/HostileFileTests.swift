// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PolicyFile
import Testing

@Suite("Hostile policy files")
struct HostileFileTests {
    private func parse(_ bytes: [UInt8]) -> [String] {
        do {
            _ = try PolicyParser.parse(bytes, file: "f", environment: [:])
            return []
        } catch {
            return error.issues.map(\.description)
        }
    }

    private func parse(_ text: String) -> [String] { parse(Array(text.utf8)) }

    @Test("aliases that multiply are refused before they do")
    func bomb() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...12 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        #expect(parse(text).contains { $0.contains("more than 100000 values, aliases counted") })
        // As a key, which somebody might hash.
        #expect(
            !parse("a: &a [\(String(repeating: "[x], ", count: 1000))]\n? [*a, *a]\n: 1\n? [*a, *a]\n: 1\n").isEmpty
        )
    }

    @Test("an alias of what holds it is refused")
    func cycle() {
        #expect(parse("a: &a [*a]\n") == ["f:1:8: this alias names no anchor that stands before it"])
    }

    @Test("depth is bounded, in blocks and in braces", arguments: ["[", "{a: ", "- ", "? ", "[{a: "])
    func depth(opening: String) {
        let found = parse(String(repeating: opening, count: 50_000))
        #expect(found.count == 1)
        #expect(found.first?.contains("more than 16 levels deep") == true, "\(found)")
    }

    @Test("size is bounded")
    func size() {
        let large = PolicySample.events + String(repeating: "#", count: 1 << 20)
        #expect(parse(large) == ["f:1:1: the file is larger than 1024 KiB: this is no policy file"])
        let many = "a: [" + String(repeating: "x,", count: 100_001) + "]\n"
        #expect(parse(many).contains { $0.contains("more than 100000 values") })
    }

    @Test("more mistakes than anybody reads are counted")
    func flood() {
        let text = (0..<1000).map { "k\($0): 1\n" }.joined() + PolicySample.events
        let error = #expect(throws: PolicyFileError.self) {
            try PolicyParser.parse(Array(text.utf8), file: "f", environment: [:])
        }
        #expect(error?.issues.count == 100)
        #expect(error?.more == 900)
        #expect(error?.description.hasSuffix("\nand 900 more") == true)
    }

    @Test("a mistake in what two aliases name is reported once, where it stands")
    func sharedMistake() {
        let text = "tables:\n  a.b: { by: &m { range: ts, every: mnth } }\n  a.c: { by: *m }\n  a.d: { by: *m }\n"
        #expect(parse(text).count == 1)
        #expect(parse(text).first?.hasPrefix("f:2:37: ") == true)
    }

    @Test("what isn't UTF-8 is refused at the byte")
    func encoding() {
        #expect(parse(Array("a: b\nö: ".utf8) + [0xFF]).first?.hasPrefix("f:2:4: the file isn't UTF-8") == true)
        #expect(parse([0xFF, 0xFE, 0x61, 0x00]).first?.hasPrefix("f:1:1: the file isn't UTF-8") == true)
    }

    @Test("a byte order mark has no column")
    func byteOrderMark() {
        #expect(parse("\u{FEFF}tabels: 1\n").first?.hasPrefix("f:1:1: unknown key") == true)
        #expect(parse("\u{FEFF}a: {b: 1\n").count == 1)
        #expect(parse("\u{FEFF}a: *b\n") == ["f:1:4: this alias names no anchor that stands before it"])
    }

    @Test("control characters are refused, also the ones that escapes make")
    func controls() {
        #expect(parse("a: b\nc: \u{1}\n").first?.hasPrefix("f:2:4: this is not YAML") == true)
        for key in ["database: \"a\\0\"\n", "tables: { \"a.b\\0\": 1 }\n"] {
            #expect(!parse(key).isEmpty)
            #expect(parse(key).allSatisfy { !$0.contains("\0") })
        }
        let range = PolicySample.by("range: \"a\\0b\", every: day")
        #expect(parse(range) == ["f:3:18: a name can't have a NUL character"])
    }

    @Test("a long text is cut in a message, and lines of it stay on one line")
    func quoting() {
        let long = parse("\(String(repeating: "x", count: 500)): 1\n" + PolicySample.events)
        #expect(long.first?.contains("\"\(String(repeating: "x", count: 60))…\"") == true)
        #expect(parse("\"a\\nb\\u202Ec\": 1\n" + PolicySample.events).first?.contains("\"a\\u{a}b\\u{202e}c\"") == true)
    }

    @Test(
        "a syntax error has its place, beside what was found before it",
        arguments: [
            ("tables:\n  a.b: {\n", ["3:1"]), ("tables:\n\ta.b: 1\n", ["2:1"]), ("a: b: c\n", ["1:5"]),
            ("a: 'b\n", ["2:1"]), ("a: *b\n", ["1:4"]), ("a: 1\n---\nb: 2\n", ["2:1"]), ("a: %x\n", ["1:4"]),
            ("a: 1\na: 2\nb: }\n", ["2:1", "3:4"]), ("%YAML 3.0\n---\na: 1\n", ["1:1"]),
        ]
    )
    func syntax(text: String, places: [String]) {
        #expect(parse(text).map { $0.split(separator: ":")[1...2].joined(separator: ":") } == places, "\(parse(text))")
    }

    @Test("a tab at the beginning of a line is called by its name")
    func tab() {
        #expect(parse("tables:\n\ta.b: 1\n").first?.hasSuffix("indent with spaces, not with tabs") == true)
    }

    @Test("a name pattern without quotes is called by its name", arguments: ["{table}_{yyyy}_{mm}", "{table}"])
    func unquotedPattern(pattern: String) {
        let found = parse(PolicySample.events + "    name: \(pattern)\n")
        #expect(found.first?.hasPrefix("f:4:1") == true)
        #expect(found.first?.contains("quotes") == true, "\(found)")
    }
}
