// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import Testing
import TestSupport

@Suite("plan says what rotate would come to now", .temporaryDatabase)
struct PlanStandingTests {
    private func table(_ result: Tool.Result) throws -> [String: Any] {
        try #require((result.json["tables"] as? [[String: Any]])?.first, "\(result.everything)")
    }

    private func kinds(_ result: Tool.Result) throws -> [String] {
        (try table(result)["hindrances"] as? [[String: Any]] ?? []).compactMap { $0["kind"] as? String }
    }

    /// - Parameter settings: of the table, in the policy file.
    private func policy(_ settings: String) throws -> (folder: Folder, path: String) {
        let folder = try Folder()
        try folder.write(
            "p.yaml",
            """
            tables:
              public.events:
                by: [{ range: event_ts, every: month }]
                buffer: 60d
                \(settings)
            """
        )
        return (folder, "\(folder.url.path)/p.yaml")
    }

    @Test("a closed window, as rotate does with exit 75; the steps are shown all the same")
    func window() async throws {
        let events = try await EventsTable()
        let hour = try #require(
            try await events.connection.query(
                "SELECT extract(hour FROM clock_timestamp() AT TIME ZONE 'UTC')::int AS h"
            )
            .first
        ).int("h")
        let hours = [2, 3].map { (hour + $0) % 24 }.map { $0 < 10 ? "0\($0):00" : "\($0):00" }.joined(separator: "-")
        let (folder, path) = try policy("window: \"\(hours)\"\n    emergency: 1min")
        let arguments = ["--config=\(path)", "--registry-url=none", "--db-url=\(events.url)"]
        let text = try await Tool.run(["plan"] + arguments)
        #expect(text.output.contains("not now: outside the window \(hours)"), "\(text.everything)")
        #expect(text.output.contains("to create") && text.output.contains("1 table not now"), "\(text.everything)")
        let json = try await Tool.run(["plan", "--output=json"] + arguments)
        #expect(try json.status == 0 && kinds(json) == ["window"], "\(json.everything)")
        let script = try await Tool.run(["plan", "--sql"] + arguments)
        #expect(script.output.contains("-- ") && script.output.contains("outside the window"), "\(script.everything)")
        let rotated = try await Tool.run(["rotate"] + arguments)
        #expect(rotated.status == 75, "\(rotated.everything)")
        withExtendedLifetime(folder) {}
    }

    @Test("a quota that is exceeded, of all tables or of one")
    func quota() async throws {
        let events = try await EventsTable()
        let url = "--db-url=\(events.url)"
        let common = try await Tool.run([
            "plan", "--quota-threshold=1", "--quota-capacity=1MB", "--registry-url=none", "--output=json", url,
        ])
        #expect(try kinds(common) == ["quota"], "\(common.everything)")
        let (folder, path) = try policy("quota: { threshold: 1%, capacity: 1MB }")
        let arguments = ["--config=\(path)", "--registry-url=none", url]
        let own = try await Tool.run(["plan"] + arguments)
        #expect(own.output.contains("not now: PARTITION_QUOTA_EXCEEDED"), "\(own.everything)")
        #expect(own.output.contains("the threshold is 1 %"), "\(own.everything)")
        let rotated = try await Tool.run(["rotate"] + arguments)
        #expect(rotated.status == 73, "\(rotated.everything)")
        withExtendedLifetime(folder) {}
    }

    @Test("exits 77 where rotate does: no table of ours, and no right to create in the schema")
    func rights() async throws {
        let events = try await EventsTable()
        let role = "limited_\(events.database.name)"
        let url = "--db-url=\(EventsTable.url(of: events.database, user: role))"
        _ = try await events.connection.query("CREATE ROLE \(identifier: role) LOGIN")
        let foreign = try await Tool.run(["plan", "--registry-url=none", url])
        #expect(foreign.status == 77, "\(foreign.everything)")
        #expect(try await Tool.run(["rotate", "--registry-url=none", url]).status == 77)
        for statement: Statement in [
            "CREATE SCHEMA closed", "GRANT USAGE ON SCHEMA closed TO \(identifier: role)",
            "ALTER TABLE events SET SCHEMA closed",
            "DO $$ DECLARE t text; BEGIN FOR t IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'closed.events'::regclass LOOP EXECUTE format('ALTER TABLE %s OWNER TO %I', t, (SELECT rolname FROM pg_roles WHERE rolname = 'limited_' || current_database())); END LOOP; END $$",
            "ALTER TABLE closed.events OWNER TO \(identifier: role)",
        ] { _ = try await events.connection.query(statement) }
        for detailed in [[], ["--detailed-exitcode"]] {
            let plan = try await Tool.run(["plan", "--registry-url=none", url] + detailed)
            #expect(plan.status == 77, "\(plan.everything)")
            #expect(plan.output.contains("GRANT CREATE, USAGE ON SCHEMA closed"), "\(plan.everything)")
        }
        #expect(try await Tool.run(["rotate", "--registry-url=none", url]).status == 77)
        for statement: Statement in ["DROP SCHEMA closed CASCADE", "DROP ROLE \(identifier: role)"] {
            _ = try await events.connection.query(statement)
        }
    }

    @Test(
        "what replaces a file that others may not read is as closed, - is no file, and a policy file that is a link to nothing is refused"
    )
    func files() async throws {
        let events = try await EventsTable()
        let folder = try Folder()
        try folder.write("plan.json", "{}")
        let path = "\(folder.url.path)/plan.json"
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        let url = "--db-url=\(events.url)"
        let saved = try await Tool.run(["plan", "--out=\(path)", "--force", "--registry-url=none", url])
        #expect(saved.status == 0, "\(saved.everything)")
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let dash = try await Tool.run(["plan", "--out=-", "--registry-url=none", url])
        #expect(dash.status == 64 && dash.error.contains("name a file"), "\(dash.everything)")
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.url.path)/partitions.yaml",
            withDestinationPath: "nowhere.yaml"
        )
        let linked = try await Tool.run(
            ["plan", "--config=\(folder.url.path)/partitions.yaml", "--registry-url=none", url]
        )
        #expect(linked.status == 78 && linked.error.contains("symbolic link"), "\(linked.everything)")
    }

    @Test("exits 1 where somebody's detach is pending, as rotate does")
    func pendingDetach() async throws {
        let events = try await EventsTable()
        let holder = try await events.database.connect()
        _ = try await holder.query("BEGIN ISOLATION LEVEL REPEATABLE READ")
        _ = try await holder.query("SELECT count(*) FROM events")
        let partition = try #require(try await events.partitions.first)
        let detacher = try await events.database.connect()
        _ = try await detacher.query("SET statement_timeout = '2s'")
        _ = try? await detacher.query("ALTER TABLE events DETACH PARTITION \(identifier: partition) CONCURRENTLY")
        _ = try await holder.query("ROLLBACK")
        let pending = try await events.connection.query("SELECT FROM pg_inherits WHERE inhdetachpending")
        #expect(pending.count == 1)
        let url = "--db-url=\(events.url)"
        for detailed in [[], ["--detailed-exitcode"]] {
            let plan = try await Tool.run(["plan", "--registry-url=none", url] + detailed)
            #expect(plan.status == 1 && plan.output.contains("was begun and not completed"), "\(plan.everything)")
        }
        #expect(try await Tool.run(["rotate", "--registry-url=none", url]).status == 1)
    }

    @Test("a table that is left alone and has no partition for now says so, everywhere; to doctor it is an error")
    func nowIsRefused() async throws {
        let database = try TemporaryDatabase.current
        let connection = try await database.connect()
        _ = try await connection.query("CREATE TABLE wm (day date NOT NULL) PARTITION BY RANGE (day)")
        for (index, days) in [(-24, -17), (-17, -10), (5, 36)].enumerated() {
            _ = try await connection.query(
                """
                DO \(literal: """
                    BEGIN
                      EXECUTE format('CREATE TABLE wm_\(index) PARTITION OF wm FOR VALUES FROM (%L) TO (%L)',
                        current_date + \(days.0), current_date + \(days.1));
                    END
                    """)
                """
            )
        }
        let arguments = ["--registry-url=none", "--db-url=\(EventsTable.url(of: database))"]
        for command in ["status", "plan", "verify", "rotate"] {
            let result = try await Tool.run([command] + arguments)
            #expect(result.output.contains("takes rows of now"), "\(command): \(result.everything)")
            #expect(!result.output.contains("days from now"), "\(command): \(result.everything)")
            #expect(!result.output.contains("found in 0 tables"), "\(command): \(result.everything)")
        }
        let doctor = try await Tool.run(["doctor", "--output=json"] + arguments)
        let hazards = try #require(try doctor.json["hazards"] as? [[String: Any]], "\(doctor.everything)")
        let refused = hazards.first { $0["code"] as? String == "not-covered" }
        #expect(refused?["severity"] as? String == "error", "\(doctor.everything)")
        #expect(doctor.status == 1)
    }
}
