// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import Testing
import TestSupport

@Suite("JSON output", .temporaryDatabase)
struct JSONOutputTests {
    /// The words in backticks of the contract.
    private static var documented: Set<String> {
        get throws {
            let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent()
            let text = try String(contentsOf: root.appendingPathComponent("docs/json-output.md"), encoding: .utf8)
            let parts = text.split(separator: "`", omittingEmptySubsequences: false)
            return Set(stride(from: 1, to: parts.count, by: 2).map { String(parts[$0]) })
        }
    }

    /// Every key, wherever it stands; a map's entry is the registry's, not ours.
    private func keys(_ value: Any) -> Set<String> {
        if let object = value as? [String: Any] {
            return object.filter { $0.key != "entry" }.reduce(into: Set(object.keys)) { $0.formUnion(keys($1.value)) }
        }
        if let list = value as? [Any] { return list.reduce(into: []) { $0.formUnion(keys($1)) } }
        return []
    }

    @Test("every command's is one object with the documented keys, and says its exit status")
    func contract() async throws {
        let events = try await EventsTable()
        _ = try await events.connection.query("CREATE TABLE events_rest PARTITION OF events DEFAULT")
        _ = try await events.connection.query("CREATE TABLE regions (name text) PARTITION BY LIST (name)")
        let holder = try await events.database.connect()
        _ = try await holder.query("BEGIN")
        _ = try await holder.query("LOCK TABLE events IN SHARE UPDATE EXCLUSIVE MODE")
        let documented = try Self.documented
        let expected: [([String], Set<String>)] = [
            (
                ["plan", "--quota-threshold=99"],
                ["database", "now", "bufferDays", "policyFile", "quota", "blockers", "summary", "tables"]
            ),
            (
                ["rotate", "--lock-budget=1"],
                ["condition", "holder", "startedAt", "durationSeconds", "registry", "summary"]
            ),
            (["verify"], ["findings", "summary", "registry", "tables"]),
            (["status"], ["serverVersion", "isStandby", "now", "lastRun", "tables"]),
            (
                ["doctor"],
                ["hazards", "convoys", "serverVersion", "isStandby", "now", "registry", "summary", "database"]
            ),
            (["resolve", "events", "2999-01-01"], ["table", "key", "partition", "entry", "source", "version"]),
            (["resolve", "regions", "x"], ["error"]),
        ]
        for (arguments, keys) in expected {
            let result = try await Tool.run(arguments + ["--output=json", "--db-url=\(events.url)"])
            let json = try result.json
            #expect(json["schemaVersion"] as? Int == 1)
            #expect(json["command"] as? String == arguments[0])
            #expect(json["exitStatus"] as? Int == Int(result.status), "\(result.everything)")
            #expect(keys.isSubset(of: Set(json.keys)), "\(arguments): \(keys.subtracting(json.keys))")
            let undocumented = self.keys(json).subtracting(documented)
            #expect(undocumented.isEmpty, "\(arguments): \(undocumented)")
        }
        _ = try await holder.query("ROLLBACK")
    }

    @Test("log lines can be JSON too, one object a line, on standard error alone")
    func logLines() async throws {
        let events = try await EventsTable()
        _ = try await events.connection.query("CREATE TABLE events_rest PARTITION OF events DEFAULT")
        let result = try await Tool.run(
            [
                "rotate", "--db-url=\(events.url)", "--registry-url=redis://127.0.0.1:1", "--log-format=json",
                "--log-level=trace", "--output=json",
            ]
        )
        _ = try result.json
        for line in result.error.split(separator: "\n") {
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            #expect(Set(try #require(object).keys) == ["time", "level", "message", "facts"])
        }
    }
}
