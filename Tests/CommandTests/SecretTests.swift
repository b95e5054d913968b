// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import Testing
import TestSupport

@Suite("Secrets", .temporaryDatabase)
struct SecretTests {
    private static let registry = "redis://user:\(EventsTable.password)@127.0.0.1:1/0"

    @Test("in arguments are overwritten in the process' memory, where ps looks")
    func commandLine() async throws {
        let events = try await EventsTable()
        let run = try Tool.start(
            ["rotate", "--db-url=\(events.url)", "--registry-url", Self.registry],
            environment: ["PARTITION_CLI_PAUSE_AT": "observed"]
        )
        try await eventually("the run pauses") { run.error.contains("paused at observed") }
        let shown = try Data(contentsOf: URL(fileURLWithPath: "/proc/\(run.pid)/cmdline"))
        let words = String(decoding: shown, as: UTF8.self).split(separator: "\0")
        #expect(words.dropFirst().first == "rotate")
        #expect(words.contains { $0.hasPrefix("--db-url=xxxx") })
        #expect(!words.contains { $0.contains(EventsTable.password) || $0.contains("://") })
        run.signal(SIGTERM)
        #expect(await !run.result().everything.contains(EventsTable.password))
    }

    @Test(
        "are in no output, whatever the command and however it ends",
        arguments: [
            ["rotate", "--output=json"], ["rotate", "--log-level=trace", "--log-format=json"], ["plan"], ["verify"],
            ["status", "--log-level=trace"], ["resolve", "events", "2026-01-01"], ["rotate", "--table=nope"],
            ["rotate", "--buffer-days=0"], ["rotate", "stray"], ["resolve", "events", "never"],
        ]
    )
    func outputs(arguments: [String]) async throws {
        let events = try await EventsTable()
        for url in [events.url, "postgresql://u:\(EventsTable.password)@127.0.0.1:1/x"] {
            let result = try await Tool.run(arguments + ["--db-url=\(url)", "--registry-url=\(Self.registry)"])
            #expect(!result.everything.contains(EventsTable.password), "\(result.everything)")
        }
    }

    @Test(
        "that stand in the wrong place aren't repeated by the parser",
        arguments: [
            ["rotate", "postgresql://u:s3cr3t-passw0rd@h/d"], ["rotate", "--buffer-days=redis://:s3cr3t-passw0rd@h"],
            ["rotate", "--db-url=host=h", "password=s3cr3t-passw0rd"], ["rotate", "--password=s3cr3t-passw0rd"],
            ["rotate", "--db-url=postgresql://u:s3cr3t/passw0rd@h/d"], ["rotate", "--db-url=s3cr3t-passw0rd"],
            ["rotate", "--db-url=jdbc:postgresql://h/d?user=u&password=s3cr3t-passw0rd"],
            ["rotate", "--db-url=postgresql://h/d", "--registry-url=s3cr3t-passw0rd"],
            ["rotate", "--db-url=postgresql://h/d", "--registry-url=redis://h:s3cr3t-passw0rd"],
        ]
    )
    func misplaced(arguments: [String]) async throws {
        let result = try await Tool.run(arguments)
        #expect(result.status == 64, "\(result.everything)")
        #expect(!result.everything.contains("passw0rd"), "\(result.everything)")
    }
}
