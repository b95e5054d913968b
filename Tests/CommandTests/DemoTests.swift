// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LocalPostgres
import Testing
import TestSupport

@Suite("demo and help")
struct DemoTests {
    @Test("shows plan, run, verification, map and routing on a server of its own, and leaves nothing behind")
    func demo() async throws {
        let bin = try TestServer.installation.binDirectory
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("demo-\(UUID())")
        try FileManager.default.createDirectory(
            at: directory,
            withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o777]
        )
        let result = try await Tool.run(
            ["demo"],
            environment: ["PARTITION_CLI_PG_BIN": bin, "TMPDIR": directory.path]
        )
        #expect(result.status == 0, "\(result.everything)")
        for part in [
            "CREATE TABLE events", "to create", "published as version", "FOR VALUES FROM", "\"state\":\"active\"",
            "public.events_", "nothing to do",
        ] { #expect(result.output.contains(part), "\(part) is not in \(result.everything)") }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == [])
        try FileManager.default.removeItem(at: directory)
    }

    @Test("a wrong PARTITION_CLI_PG_BIN is said, and no other server taken instead")
    func noServer() async throws {
        let result = try await Tool.run(["demo"], environment: ["PARTITION_CLI_PG_BIN": "/nowhere"])
        #expect(result.status == 1)
        #expect(result.error.contains("PARTITION_CLI_PG_BIN names /nowhere"))
    }

    @Test("help COMMAND is COMMAND --help")
    func help() async throws {
        let result = try await Tool.run(["rotate", "--help"])
        #expect(result.status == 0)
        #expect(result.output.contains("Example:\n  partition-cli rotate"))
        #expect(try await Tool.run(["help", "rotate"]).output == result.output)
    }

    @Test("--version prints the version")
    func version() async throws {
        let result = try await Tool.run(["--version"])
        #expect(result.status == 0)
        #expect(result.output.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil)
    }
}
