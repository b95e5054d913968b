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

    /// What a real shell would run after the tab key at the end of each line.
    private static func completed(
        _ shell: String,
        _ lines: [String],
        _ directory: String,
        _ environment: [String: String]
    ) async throws -> [[String]] {
        let files = ["bash": "partition-cli.bash", "zsh": "_partition-cli", "fish": "partition-cli.fish"]
        let quoted = lines.map { "'\($0.replacing("'", with: "'\\''"))'" }.joined(separator: " ")
        let result = try await Tool.shell(
            "cd '\(directory)' && python3 '\(repository)/scripts/complete-in-shell.py' \(shell) '\(directory)/completions/\(try #require(files[shell]))' \(quoted)",
            environment: environment
        )
        try #require(result.status == 0, "\(result.everything)")
        return try JSONDecoder().decode([[String]].self, from: Data(result.output.utf8))
    }

    private static let shells = ["bash", "zsh", "fish"]

    @Test("complete commands, options and values, also behind an equals sign", arguments: shells)
    func words(shell: String) async throws {
        let lines: [(String, [String])] = [
            ("ro", ["rotate"]), ("plan --det", ["plan", "--detailed-exitcode"]),
            ("plan --output j", ["plan", "--output", "json"]), ("plan --output=j", ["plan", "--output=json"]),
            ("plan --registry-url se", ["plan", "--registry-url", "self"]),
            ("rotate --registry-url=post", ["rotate", "--registry-url=postgres://"]),
            ("registry ex", ["registry", "export"]),
            ("plan --table=no --log-level=cr", ["plan", "--table=no", "--log-level=critical"]),
            ("plan --config=more/f", ["plan", "--config=more/file.yaml"]),
            ("apply more/p", ["apply", "more/plan.json"]),
        ]
        try await Self.made { directory, environment in
            try FileManager.default.createDirectory(atPath: directory + "/more", withIntermediateDirectories: false)
            for name in ["file.yaml", "file.txt", "plan.json", "plan.txt"] {
                try #require(FileManager.default.createFile(atPath: "\(directory)/more/\(name)", contents: nil))
            }
            let run = lines.map { "partition-cli \($0.0)" }
            let words = try await Self.completed(shell, run, directory, environment)
            for (line, words) in zip(lines, words) {
                #expect(words == ["partition-cli"] + line.1, "\(shell): \(line.0)")
            }
        }
    }

    @Test(
        "complete tables whose names a shell has to quote, and execute nothing that stands in a name",
        arguments: shells
    )
    func names(shell: String) async throws {
        let events = try await EventsTable()
        try await Self.made { directory, environment in
            let trap = "$(touch executed)"
            _ = try await events.connection.query("CREATE SCHEMA app")
            for name in ["orders", "Order Lines", "it's", "a:b=c", "x\"y\\z", "注文 履歴", trap] {
                _ = try await events.connection.query(
                    "CREATE TABLE app.\(identifier: name) (d date) PARTITION BY RANGE (d)"
                )
            }
            let quotedTrap = "app.\"\(trap)\""
            let lines: [(String, [String])] = [
                ("plan --table ev", ["--table", "events"]), ("plan --table=ev", ["--table=events"]),
                ("plan --table=app.or", ["--table=app.orders"]), ("plan --table app.or", ["--table", "app.orders"]),
                (#"plan --table=app.\"Or"#, [#"--table=app."Order Lines""#]),
                (#"plan --table app.\"Or"#, ["--table", #"app."Order Lines""#]),
                (#"plan --table='app."Or"#, [#"--table=app."Order Lines""#]),
                (#"plan --table "app.\"Or"#, ["--table", #"app."Order Lines""#]),
                (#"plan --table=app.\"it"#, [#"--table=app."it's""#]),
                (#"plan --table=app.\"a"#, [#"--table=app."a:b=c""#]),
                (#"plan --table=app.\"x"#, [#"--table=app."x""y\z""#]),
                (#"plan --table='app."注"#, [#"--table=app."注文 履歴""#]),
                (#"plan --table=app.\"\$"#, ["--table=\(quotedTrap)"]),
                (#"plan --table 'app."$"#, ["--table", quotedTrap]),
                (#"resolve app.\"Or"#, [#"app."Order Lines""#]),
                ("plan --timezone=Europe/Par", ["--timezone=Europe/Paris"]),
            ]
            let words = try await Self.completed(
                shell,
                lines.map { "partition-cli \($0.0)" },
                directory,
                environment.merging(["DB_URL": events.url]) { $1 }
            )
            for (line, words) in zip(lines, words) {
                #expect(Array(words.dropFirst(2)) == line.1, "\(shell): \(line.0)")
            }
            // The database stands in the line itself, in quotes.
            let given = try await Self.completed(
                shell,
                ["partition-cli plan --db-url='\(events.url)' --table=app.or"],
                directory,
                environment.merging(["DB_URL": "postgresql:///nowhere?host=/nowhere"]) { $1 }
            )
            #expect(given.first?.last == "--table=app.orders", "\(shell): \(given)")
            #expect(
                !FileManager.default.fileExists(atPath: directory + "/executed"),
                "\(shell) executed a table's name"
            )
        }
    }

    @Test("are scripts without a mistake of syntax", arguments: shells)
    func syntax(shell: String) async throws {
        let files = ["bash": "partition-cli.bash", "zsh": "_partition-cli", "fish": "partition-cli.fish"]
        try await Self.made { directory, environment in
            let file = "\(directory)/completions/\(try #require(files[shell]))"
            let result = try await Tool.shell("\(shell) -n '\(file)'", environment: environment)
            #expect(result.status == 0 && result.error.isEmpty, "\(result.everything)")
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
