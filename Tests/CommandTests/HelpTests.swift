// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import Testing

@testable import partition_cli

@Suite("Help")
struct HelpTests {
    private static let commands: [any ParsableCommand.Type] =
        [PartitionCLI.self] + groups + all.filter { $0 is any Command.Type }

    /// Commands, and those that have commands of their own.
    private static let all = PartitionCLI.configuration.subcommands.flatMap { [$0] + $0.configuration.subcommands }
    private static let groups = all.filter { !($0 is any Command.Type) }

    /// The lines of a discussion that are typed: below "Example:", two columns in, with what `\\` continues.
    private static func examples(_ command: any ParsableCommand.Type) -> [String] {
        var examples: [String] = []
        var isExample = false
        for line in command.configuration.discussion.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("Example:") {
                isExample = true
            } else if !line.hasPrefix("  ") {
                isExample = false
            } else if isExample, let last = examples.last, last.hasSuffix("\\") {
                examples[examples.count - 1] = String(last.dropLast() + line.trimmingPrefix(while: \.isWhitespace))
            } else if isExample {
                examples.append(String(line.dropFirst(2)))
            }
        }
        return examples
    }

    @Test("every command has an example, and the parser takes each as it stands")
    func examples() throws {
        #expect(Self.commands.count > 6)
        for command in Self.commands {
            let examples = Self.examples(command)
            #expect(!examples.isEmpty, "\(command)")
            var isShown = !(command is any Command.Type)
            for example in examples {
                // What the shell does to them: words at spaces, variables filled in.
                let words = example.split(separator: " ").prefix { $0 != ">" }.map {
                    String($0).replacing("$DB_URL", with: "postgresql://h/d").replacing(
                        "$REGISTRY_URL",
                        with: "redis://h"
                    )
                }
                #expect(words.first == "partition-cli", "\(example)")
                #expect(!words.joined().contains("$"), "\(example)")
                let parsed = try PartitionCLI.parseAsRoot(Array(words.dropFirst()))
                #expect(parsed is any Command, "\(example)")
                // Some need another command first.
                isShown = isShown || type(of: parsed) == command
            }
            #expect(isShown, "\(command)")
        }
    }

    @Test("80 columns are enough for every line, and a command's abstract takes one in the list of commands")
    func widths() {
        for command in Self.commands {
            let help =
                command == PartitionCLI.self
                ? PartitionCLI.helpMessage(columns: 80)
                : PartitionCLI.helpMessage(for: command, columns: 80)
            for line in help.split(separator: "\n") { #expect(DisplayWidth.of(line) <= 80, "\(line)") }
            let abstract = command.configuration.abstract
            let room = command == PartitionCLI.self ? 70 : 54
            #expect((1...room).contains(abstract.count), "\(abstract)")
            #expect(abstract.hasSuffix("."), "\(abstract)")
        }
    }

    @Test("every option and argument says what it is for, as a sentence")
    func options() {
        for command in Self.commands {
            // A long option has its text in the next line.
            let help = PartitionCLI.helpMessage(for: command, columns: 4000)
                .replacing("\n" + String(repeating: " ", count: 26), with: "  ")
            for line in help.split(separator: "\n") where line.hasPrefix("  -") {
                let words = line.trimmingPrefix(while: \.isWhitespace)
                #expect(words.contains("  ") || words.contains(">"), "\(line)")
                #expect(words.last == "." || words.last == ")", "\(command): \(line)")
            }
        }
    }

    @Test("help is as wide as 80 columns where there is no terminal, whatever COLUMNS says")
    func columns() async throws {
        let plain = try await Tool.run(["rotate", "--help"])
        let narrow = try await Tool.run(["rotate", "--help"], environment: ["COLUMNS": "40"])
        #expect(plain.output == narrow.output)
        #expect(plain.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }

    @Test(
        "a misspelt command is told with the nearest one",
        arguments: [
            (["rotat"], "rotate may be meant; partition-cli --help"), (["zzzz", "--quiet"], "partition-cli --help"),
            (["registry", "dif"], "diff may be meant; partition-cli registry --help"),
        ]
    )
    func misspelt(words: [String], remedy: String) async throws {
        let result = try await Tool.run(words)
        let word = try #require(words.last { !$0.hasPrefix("-") })
        #expect(result.status == 64 && result.output.isEmpty, "\(result.everything)")
        #expect(result.error.contains("there is no command \"\(word)\""), "\(result.everything)")
        #expect(result.error.contains(remedy), "\(result.everything)")
    }
}
