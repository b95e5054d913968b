// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import Testing

/// Found in the parser's own description, so that a new option can't be forgotten here.
@Suite("Options that take a number")
struct NumericOptionTests {
    /// What options' values are called that are numbers, with or without a unit.
    private static let numbers: Set = ["days", "seconds", "percent", "duration", "bytes"]
    /// And those that aren't.
    private static let words: Set = [
        "file", "table", "key", "zone", "url", "promql", "name", "hours", "path", "source", "format", "level", "time",
        "subcommands", "tables",
    ]

    /// An option or argument of a command, as the parser describes it.
    private struct Argument: Decodable {
        struct Name: Decodable { var name: String }

        var kind: String
        var valueName: String?
        var preferredName: Name?
        var abstract: String?
        var defaultValue: String?
        var isOptional: Bool
        var allValues: [String]?
    }

    private struct Command: Decodable {
        var commandName: String
        var arguments: [Argument]?
        var subcommands: [Command]?

        /// Those that can be run, with the words that lead to them.
        func all(after words: [String] = []) -> [(words: [String], command: Command)] {
            [(words, self)] + (subcommands ?? []).flatMap { $0.all(after: words + [$0.commandName]) }
        }
    }

    private struct Dump: Decodable { var command: Command }

    private static func commands() async throws -> [(words: [String], command: Command)] {
        let dump = try await Tool.run(["--experimental-dump-help"])
        #expect(dump.status == 0, "\(dump.everything)")
        return try JSONDecoder().decode(Dump.self, from: Data(dump.output.utf8)).command.all()
    }

    /// `1 to 3650` or `100ms to 1h` of an option's help.
    private struct Range {
        var low: (number: Int, unit: Substring)
        var high: (number: Int, unit: Substring)

        init?(_ text: String) {
            guard let found = text.firstMatch(of: /(\d+)([A-Za-z]*) to (\d+)([A-Za-z]*)/),
                let first = Int(found.1), let last = Int(found.3)
            else { return nil }
            (low, high) = ((first, found.2), (last, found.4))
        }

        var text: String { "from \(low.number)\(low.unit) to \(high.number)\(high.unit)" }
        var nonsense: [String] {
            [
                "-1", "x", "", "1.5", "99999999999999999999", "\(low.number - 1)\(low.unit)",
                "\(high.number + 1)\(high.unit)",
            ]
        }
    }

    @Test(
        "every option's value has a name that says whether it is a number, and one that is says its range in its help"
    )
    func described() async throws {
        var count = 0
        for (words, command) in try await Self.commands() {
            for argument in command.arguments ?? [] where argument.kind != "flag" {
                let name = argument.preferredName?.name ?? argument.valueName ?? ""
                let value = argument.valueName ?? ""
                #expect(
                    Self.numbers.contains(value) != Self.words.contains(value),
                    "\(words) \(name): add <\(value)> to the numbers or the words of this test"
                )
                let isNumber = Self.numbers.contains(value)
                #expect(isNumber || Double(argument.defaultValue ?? "x") == nil, "\(words) \(name)")
                if isNumber { #expect(Range(argument.abstract ?? "") != nil, "\(words) \(name)") }
                count += isNumber ? 1 : 0
            }
        }
        #expect(count > 15)
    }

    @Test("nonsense and what is out of the range exit 64 and say the range, with or without an equals sign")
    func nonsense() async throws {
        for (words, command) in try await Self.commands() {
            let arguments = command.arguments ?? []
            let required = arguments.filter { $0.kind == "positional" && !$0.isOptional }.map { _ in "x" }
            for option in arguments where option.kind == "option" && Self.numbers.contains(option.valueName ?? "") {
                let name = "--\(try #require(option.preferredName).name)"
                let range = try #require(Range(option.abstract ?? ""))
                for value in [[name, "-1"]] + range.nonsense.map({ ["\(name)=\($0)"] }) {
                    let result = try await Tool.run(words + required + value)
                    #expect(result.status == 64, "\(words) \(value): \(result.everything)")
                    // Nothing at all is most often a variable that isn't set, and told as that.
                    let sentence = value[0].hasSuffix("=") ? "\(name) is empty" : range.text
                    #expect(result.error.contains(sentence), "\(words) \(value): \(result.everything)")
                    #expect(result.output.isEmpty)
                }
            }
        }
    }
}
