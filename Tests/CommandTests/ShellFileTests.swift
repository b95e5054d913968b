// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import Testing
import TestSupport

@Suite("Completions and the man page", .temporaryDatabase)
struct ShellFileTests {
    private static var repository: String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
            .path
    }

    /// The files, in a directory of their own, with the program beside them under its name.
    private static func made(_ body: (String, [String: String]) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("shell-files-\(UUID())").path
        let result = try await Tool.shell(
            "\(repository)/scripts/shell-files.sh '\(try Tool.path)' '\(directory)' && ln -s '\(try Tool.path)' '\(directory)/partition-cli'",
            environment: ["PARTITION_CLI_PYTHON": ProcessInfo.processInfo.environment["PARTITION_CLI_PYTHON"] ?? ""]
        )
        try #require(result.status == 0, "\(result.everything)")
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        try await body(
            directory,
            ["PATH": "\(directory):\(path)", "HOME": directory, "LC_ALL": "C.UTF-8", "TERM": "dumb"]
        )
        try FileManager.default.removeItem(atPath: directory)
    }

    /// Words, the last of which is completed in bash; what is offered.
    private static func bash(
        _ words: [String],
        _ directory: String,
        _ environment: [String: String]
    ) async throws -> Tool.Result {
        let quoted = words.map { "'\($0)'" }.joined(separator: " ")
        return try await Tool.shell(
            """
            bash --norc --noprofile -uc 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE};
            COMP_TYPE=9; COMP_KEY=9; _partition-cli partition-cli "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}" || true; printf "%s\\n" "${COMPREPLY[@]}"' \
            bash '\(directory)/completions/partition-cli.bash' \(quoted)
            """,
            environment: environment
        )
    }

    @Test("bash completes commands, options, values, and tables of the database")
    func bash() async throws {
        let events = try await EventsTable()
        _ = try await events.connection.query("CREATE SCHEMA app")
        _ = try await events.connection.query("CREATE TABLE app.orders (d date) PARTITION BY RANGE (d)")
        try await Self.made { directory, environment in
            let offers: [([String], String)] = [
                (["ro"], "rotate"), (["plan", "--det"], "--detailed-exitcode"), (["plan", "--output", "j"], "json"),
                (["plan", "--registry-url", "se"], "self"), (["plan", "--table", "app"], "app.orders"),
                (["plan", "--table", "ev"], "events"), (["resolve", "pub"], "public.events"),
            ]
            for (words, expected) in offers {
                let result = try await Self.bash(
                    ["partition-cli"] + words,
                    directory,
                    environment.merging(["DB_URL": events.url]) { $1 }
                )
                let offered = result.output.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
                #expect(offered == [expected], "\(words): \(result.everything)")
            }
        }
    }

    @Test("zsh loads the script and offers the commands")
    func zsh() async throws {
        try await Self.made { directory, environment in
            // A completion needs a terminal's line editor: zpty gives it one.
            let script = """
                zmodload zsh/zpty; zpty shell zsh -f -i; zpty -w shell "PS1=; unsetopt zle_bracketed_paste; fpath=(\(directory)/completions $fpath)"
                zpty -w shell "autoload -Uz compinit && compinit -u -d \(directory)/dump; setopt list_ambiguous; zstyle ':completion:*' menu no; print ready-$((1+1))"
                until zpty -r shell line && [[ $line == *ready-2* ]]; do :; done
                zpty -w -n shell $'partition-cli ro\\t'
                text=; for attempt in {1..100}; do zpty -r -t shell piece && text+=$piece; [[ $text == *"partition-cli rotate"* ]] && break; sleep 0.1; done
                print -r -- "$text"; zpty -d shell
                """
            let file = directory + "/try.zsh"
            try script.write(toFile: file, atomically: true, encoding: .utf8)
            let result = try await Tool.shell("timeout 60 zsh -f '\(file)'", environment: environment)
            #expect(result.output.contains("partition-cli rotate"), "\(result.everything)")
            let syntax = try await Tool.shell(
                "zsh -n '\(directory)/completions/_partition-cli'",
                environment: environment
            )
            #expect(syntax.status == 0 && syntax.error.isEmpty, "\(syntax.everything)")
        }
    }

    @Test("fish completes commands, options and values")
    func fish() async throws {
        try await Self.made { directory, environment in
            let offers = [
                ("partition-cli ro", "rotate"), ("partition-cli plan --det", "--detailed-exitcode"),
                ("partition-cli plan --output j", "json"),
            ]
            for (line, expected) in offers {
                let result = try await Tool.shell(
                    "timeout 60 fish --no-config -c 'source \(directory)/completions/partition-cli.fish; complete -C \"\(line)\"'",
                    environment: environment
                )
                let offered = result.output.split(separator: "\n").map { String($0.prefix { $0 != "\t" }) }
                #expect(offered == [expected] && result.error.isEmpty, "\(line): \(result.everything)")
            }
        }
    }

    /// The commands that do something, each with the words that call it.
    private static func commands(below command: [String: Any], words: String = "") -> [(String, [String: Any])] {
        (command["subcommands"] as? [[String: Any]] ?? []).flatMap { command -> [(String, [String: Any])] in
            guard let name = command["commandName"] as? String, name != "help" else { return [] }
            let below = commands(below: command, words: "\(words)\(name) ")
            return below.isEmpty ? [("\(words)\(name)", command)] : below
        }
    }

    @Test("the man page has every command and option, and man has nothing to say against it")
    func manPage() async throws {
        try await Self.made { directory, environment in
            let file = directory + "/man/man1/partition-cli.1"
            for command in ["man --warnings -E UTF-8 -l '\(file)'", "groff -man -ww -z -Tutf8 '\(file)'"] {
                let result = try await Tool.shell(command, environment: environment.merging(["MANWIDTH": "80"]) { $1 })
                #expect(result.status == 0 && result.error.isEmpty, "\(result.error)")
            }
            let shown = try await Tool.shell(
                "man -E UTF-8 -l '\(file)' | col -bx",
                environment: environment.merging(["MANWIDTH": "400"]) { $1 }
            ).output
            let dump = try await Tool.run(["--experimental-dump-help"]).json
            let root = try #require(dump["command"] as? [String: Any])
            let commands = Self.commands(below: root)
            #expect(commands.count >= 6)
            for (name, command) in commands {
                #expect(shown.contains("partition-cli \(name)"), "\(name)")
                let abstract = try #require(command["abstract"] as? String)
                #expect(shown.contains(abstract), "\(name)")
                for argument in try #require(command["arguments"] as? [[String: Any]]) {
                    for option in argument["names"] as? [[String: Any]] ?? [] {
                        let text = try #require(option["name"] as? String)
                        #expect(
                            shown.contains((option["kind"] as? String == "short" ? "-" : "--") + text),
                            "\(name) \(text)"
                        )
                    }
                }
            }
        }
    }
}
