// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import Testing
import TestSupport

@Suite("Events", .temporaryDatabase)
struct EventTests {
    private struct Line {
        var level: String
        var message: String
        var facts: [String: String]
        var event: String? { facts["event"] }
    }

    /// Every line of standard error, which must be an object.
    private static func lines(_ result: Tool.Result) throws -> [Line] {
        try result.error.split(separator: "\n").map { text in
            let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
            return Line(
                level: try #require(object?["level"] as? String),
                message: try #require(object?["message"] as? String),
                facts: try #require(object?["facts"] as? [String: String])
            )
        }
    }

    private static func rotate(_ url: String, _ more: String...) async throws -> Tool.Result {
        try await Tool.run(["rotate", "--db-url=\(url)", "--log-format=json"] + more)
    }

    @Test("of a run that creates and publishes: one line each, in order, with the facts beside a constant message")
    func ordinary() async throws {
        let events = try await EventsTable()
        let result = try await Self.rotate(events.url, "--registry-url=self")
        #expect(result.status == 0, "\(result.everything)")
        let lines = try Self.lines(result)
        let created = try await events.partitions.count - 1
        #expect(
            // Late in a month few days are left.
            lines.compactMap(\.event).filter { $0 != "GUARD_WAIVED" } == ["RUN_STARTED"]
                + Array(repeating: "PARTITION_CREATED", count: created) + [
                    "MAP_PUBLISHED", "RUN_ENDED",
                ]
        )
        let creations = lines.filter { $0.event == "PARTITION_CREATED" }
        #expect(Set(creations.map(\.message)).count == 1)
        #expect(Set(creations.map(\.level)) == ["info"])
        #expect(
            try await Set(creations.compactMap { $0.facts["partition"] }).isSubset(
                of: events.partitions.map { "public.\($0)" }
            )
        )
        for facts in creations.map(\.facts) {
            #expect(facts["table"] == "public.events")
            #expect(facts["from"] != nil && facts["to"] != nil && facts["seconds"] != nil)
        }
        #expect(lines.allSatisfy { $0.facts["database"] == events.database.name })
        let version = try await events.publishedVersion
        #expect(lines.first { $0.event == "MAP_PUBLISHED" }?.facts["version"] == version.map { "\($0)" })
        let end = try #require(lines.last?.facts)
        #expect(end["exitstatus"] == "0")
        #expect(end["created"] == "\(created)")
        // Nothing to do: nothing but the frame.
        let again = try Self.lines(try await Self.rotate(events.url, "--registry-url=self"))
        #expect(again.compactMap(\.event) == ["RUN_STARTED", "RUN_ENDED"])
    }

    @Test("of what a run could not do: the quota, a lock, a map, the database")
    func hindered() async throws {
        let events = try await EventsTable()
        let quota = try await Self.rotate(
            events.url,
            "--registry-url=none",
            "--quota-threshold=80",
            "--quota-capacity=1kB"
        )
        #expect(quota.status == 73)
        let exceeded = try Self.lines(quota).filter { $0.event == "PARTITION_QUOTA_EXCEEDED" }
        #expect(exceeded.count == 1)
        #expect(exceeded.first?.level == "error")
        #expect(exceeded.first?.facts["table"] == "public.events")
        #expect(exceeded.first?.facts["reason"] != nil)

        _ = try await events.connection.query("CREATE TABLE events_default PARTITION OF events DEFAULT")
        let writer = try await events.database.connect(applicationName: "a long report")
        _ = try await writer.query("BEGIN")
        _ = try await writer.query("INSERT INTO events VALUES (1, '1999-01-01')")
        let deferred = try await Self.rotate(events.url, "--registry-url=none", "--lock-budget=1")
        #expect(deferred.status == 75, "\(deferred.everything)")
        let steps = try Self.lines(deferred).filter { $0.event == "STEP_DEFERRED" }
        #expect(steps.first?.level == "warning")
        #expect(steps.first?.facts["blocker"]?.contains("a long report") == true, "\(steps)")
        #expect(try Self.lines(deferred).filter { $0.event == "TABLE_DEFERRED" }.count == 1)
        _ = try await writer.query("ROLLBACK")
        await writer.close()

        let unpublished = try await Self.rotate(events.url, "--registry-url=redis://127.0.0.1:1")
        #expect(unpublished.status == 74)
        let maps = try Self.lines(unpublished).filter { $0.event == "MAP_NOT_PUBLISHED" }
        #expect(maps.map(\.facts["registry"]) == ["redis://127.0.0.1:1/0"])

        let nowhere = try await Self.rotate("postgresql://u@127.0.0.1:1/x", "--registry-url=none")
        #expect(nowhere.status == 69)
        // The last line is for people: what the command says whatever the format of the log.
        let failed = nowhere.error.split(separator: "\n").first { $0.contains("RUN_FAILED") }
        #expect(failed?.contains("\"exitstatus\":\"69\"") == true, "\(nowhere.error)")
    }

    @Test(
        "and what a run leaves in the registry say who is in the way, and nothing of what that session runs; a person is told"
    )
    func othersStatements() async throws {
        let events = try await EventsTable()
        #expect(try await Self.rotate(events.url, "--registry-url=self", "--buffer-days=1").status == 0)
        _ = try await events.connection.query("CREATE TABLE events_default PARTITION OF events DEFAULT")
        let holder = try await events.database.connect(applicationName: "a long report")
        _ = try await holder.query("BEGIN")
        _ = try await holder.query("LOCK TABLE events, events_default IN ACCESS SHARE MODE")
        _ = try await holder.query("SELECT 'marked-l1teral'")
        let options = ["--registry-url=self", "--lock-budget=1", "--buffer-days=90"]
        for format in ["text", "json"] {
            let result = try await Tool.run(
                ["rotate", "--db-url=\(events.url)", "--log-format=json", "--output=\(format)"] + options
            )
            #expect(result.status == 75, "\(result.everything)")
            #expect(result.error.contains("STEP_DEFERRED") && result.error.contains("TABLE_DEFERRED"))
            #expect(result.error.contains("a long report") && result.output.contains("a long report"))
            #expect(!result.error.contains("marked-l1teral"), "\(result.error)")
            #expect(result.output.contains("marked-l1teral") == (format == "text"), "\(result.output)")
        }
        let reports = try await events.connection.query("SELECT report::text AS report FROM partition_registry.run")
            .map { try $0.string("report") }
        #expect(reports.count == 3 && reports.contains { $0.contains("a long report") }, "\(reports)")
        #expect(!reports.joined().contains("marked-l1teral"), "\(reports)")
        await holder.close()
    }

    @Test("of a guard that is waived: few days left, and locks may take longer")
    func waived() async throws {
        let events = try await EventsTable()
        // The month's partition goes, so that now has none.
        for name in try await events.partitions {
            _ = try await events.connection.query("ALTER TABLE events DETACH PARTITION \(identifier: name)")
            _ = try await events.connection.query("DROP TABLE \(identifier: name)")
        }
        _ = try await events.connection.query(
            """
            DO $$
            DECLARE
                last timestamptz := date_trunc('month', now());
            BEGIN
                FOR i IN 1..2 LOOP
                    EXECUTE format('CREATE TABLE %I PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
                                   to_char(last - i * interval '1 month', '"events_"YYYY_MM'),
                                   last - i * interval '1 month', last - (i - 1) * interval '1 month');
                END LOOP;
            END $$
            """
        )
        let result = try await Self.rotate(events.url, "--registry-url=none")
        #expect(result.status == 0, "\(result.everything)")
        let waived = try Self.lines(result).filter { $0.event == "GUARD_WAIVED" }
        #expect(waived.map(\.level) == ["warning"])
        #expect(waived.first?.facts["guard"] == "short-locks")
        #expect(waived.first?.facts["reason"]?.hasPrefix("0 days are left, fewer than 14") == true)
    }

    @Test("aren't written for people, whom the report tells the same, unless they ask")
    func people() async throws {
        let events = try await EventsTable()
        let arguments = ["rotate", "--db-url=\(events.url)", "--registry-url=self"]
        let silent = try await Tool.run(arguments)
        #expect(silent.status == 0)
        #expect(silent.error == "")
        let asked = try await Tool.run(arguments + ["--buffer-days=200", "--log-level=info"])
        #expect(asked.error.contains("info: a partition was created"))
        #expect(asked.error.contains("event=PARTITION_CREATED"))
    }
}
