// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import Testing
import TestSupport

@Suite("status", .temporaryDatabase)
struct StatusTests {
    private func table(_ result: Tool.Result) throws -> [String: Any] {
        let tables = try #require(result.json["tables"] as? [[String: Any]])
        return try #require(tables.first)
    }

    @Test("shows how long a table is covered, with the days left, before and after a run")
    func daysLeft() async throws {
        let events = try await EventsTable()
        let left = try #require(
            await events.connection.query(
                "SELECT extract(epoch FROM date_trunc('month', now()) + interval '1 month' - now())::float8 / 86400 AS days"
            ).first
        ).double("days")
        let before = try await Tool.run(["status", "--output=json", "--db-url=\(events.url)"])
        let coverage = try #require(try table(before)["coverage"] as? [String: Any])
        let days = try #require(coverage["daysRemaining"] as? Double)
        #expect(abs(days - left) < 0.1)
        _ = try await Tool.run(["rotate", "--db-url=\(events.url)", "--registry-url=self"])
        let after = try await Tool.run(["status", "--output=json", "--db-url=\(events.url)"])
        let extended = try #require(try table(after)["coverage"] as? [String: Any])
        #expect(try #require(extended["daysRemaining"] as? Double) >= 60)
        #expect(extended["isComplete"] as? Bool == true)
    }

    @Test("shows the registry's version, and that it differs after a change by other hands")
    func registry() async throws {
        let events = try await EventsTable()
        func state() async throws -> [String: Any] {
            let result = try await Tool.run([
                "status", "--output=json", "--db-url=\(events.url)", "--registry-url=self",
            ])
            #expect(result.status == 0, "\(result.everything)")
            return try #require(try table(result)["registry"] as? [String: Any])
        }
        #expect(try await state()["state"] as? String == "unpublished")
        _ = try await Tool.run(["rotate", "--db-url=\(events.url)", "--registry-url=self"])
        let current = try await state()
        #expect(current["state"] as? String == "current")
        #expect(current["version"] as? Int64 == (try await events.publishedVersion))
        let name = try #require(await events.partitions.last)
        _ = try await events.connection.query("DROP TABLE \(identifier: name)")
        let drifted = try await state()
        #expect(drifted["state"] as? String == "drifted")
        #expect((drifted["message"] as? String)?.contains(name) == true)
    }

    @Test("counts the rows of a default partition up to a bound")
    func defaultRows() async throws {
        let events = try await EventsTable()
        _ = try await events.connection.query("CREATE TABLE events_rest PARTITION OF events DEFAULT")
        func rows() async throws -> [String: Any] {
            let result = try await Tool.run(["status", "--output=json", "--db-url=\(events.url)"])
            return try #require(try table(result)["defaultRows"] as? [String: Any])
        }
        _ = try await events.connection.query("INSERT INTO events SELECT n, '2001-01-01' FROM generate_series(1, 7) n")
        #expect(try await rows()["exact"] as? Int == 7)
        _ = try await events.connection.query(
            "INSERT INTO events SELECT n, '2001-01-02' FROM generate_series(1, 10000) n"
        )
        let many = try await rows()
        #expect(many["exact"] is NSNull)
        #expect(many["atLeast"] as? Int == 10_001)
    }

    @Test("shows the last run where the registry has written it down, and says where it isn't known")
    func lastRun() async throws {
        let events = try await EventsTable()
        func status(_ registry: String, _ format: String) async throws -> Tool.Result {
            try await Tool.run(["status", "--output=\(format)", "--db-url=\(events.url)", "--registry-url=\(registry)"])
        }
        #expect(try await status("self", "json").json["lastRun"] is NSNull)
        #expect(try await status("self", "text").output.contains("last run: none is written down"))
        #expect(try await status("none", "text").output.contains("last run: unknown here"))
        _ = try await Tool.run(["rotate", "--db-url=\(events.url)", "--registry-url=self"])
        let run = try #require(try await status("self", "json").json["lastRun"] as? [String: Any])
        #expect(run["command"] as? String == "rotate")
        #expect(run["exitStatus"] as? Int == 0)
        #expect(try await status("self", "text").output.contains(" ago), rotate took "))
        // A registry can serve several databases.
        _ = try await events.connection.query(
            "UPDATE partition_registry.run SET report = report || '{\"database\": \"another\"}'"
        )
        #expect(try await status("self", "json").json["lastRun"] is NSNull)
    }

    @Test("draws how a table is covered, in ASCII where the locale isn't UTF-8")
    func timeLine() async throws {
        let events = try await EventsTable()
        func drawing(_ environment: [String: String]) async throws -> [Substring] {
            let result = try await Tool.run(["status", "--db-url=\(events.url)"], environment: environment)
            return result.output.split(separator: "\n")
        }
        let utf8 = try await drawing(["LANG": "C.UTF-8"])
        let marks = try #require(utf8.first { $0.contains("▼ now") })
        #expect(marks.hasSuffix("end of the buffer ▼"))
        let bar = try #require(utf8.first { $0.contains("━") })
        #expect(bar.count == 78)
        let ascii = try await drawing(["LANG": "C"])
        #expect(ascii.contains { $0.contains("v now") })
        #expect(ascii.allSatisfy { $0.utf8.allSatisfy { $0 < 0x80 } })
    }

    @Test(
        "of many tables is one screen: covered ones are folded, one that lacks a partition isn't, and --all shows every one"
    )
    func many() async throws {
        let events = try await EventsTable()
        _ = try await events.connection.query(
            """
            DO $$ BEGIN
                FOR number IN 10..49 LOOP
                    EXECUTE format('CREATE TABLE many_%s (at date NOT NULL) PARTITION BY RANGE (at)', number);
                    FOR month IN 0..4 LOOP
                        EXECUTE format('CREATE TABLE many_%1$s_%2$s PARTITION OF many_%1$s FOR VALUES FROM (%3$L) TO (%4$L)', number, month,
                            date_trunc('month', now()) + make_interval(months => month - 1),
                            date_trunc('month', now()) + make_interval(months => month));
                    END LOOP;
                END LOOP;
            END $$
            """
        )
        let url = "--db-url=\(events.url)"
        _ = try await Tool.run(["rotate", url, "--registry-url=self"])
        _ = try await events.connection.query("DROP TABLE many_48_1")
        _ = try await events.connection.query("CREATE TABLE many_47_rest PARTITION OF many_47 DEFAULT")
        _ = try await events.connection.query("INSERT INTO many_47 VALUES ('1999-01-01')")
        let status = try await Tool.run(["status", url, "--registry-url=self"])
        let lines = status.output.split(separator: "\n")
        #expect(
            lines.contains { $0.hasPrefix("41 tables: 1 has no partition for now, 40 as long as") },
            "\(status.output)"
        )
        let first = try #require(lines.first { $0.hasPrefix("public.") })
        #expect(first.hasPrefix("public.many_48 ") && first.hasSuffix(" none"), "\(status.output)")
        #expect(lines.contains { $0.hasPrefix("and 11 more, all covered until at least ") }, "\(status.output)")
        #expect(lines.filter { $0.hasPrefix("public.") }.count == 30)
        // What is folded isn't forgotten.
        #expect(status.output.contains("rows in the default partition: public.many_47 (1)"), "\(status.output)")
        #expect(status.output.contains("the published map differs: public.many_48 ("), "\(status.output)")
        #expect(lines.count < 50)
        let all = try await Tool.run(["status", url, "--registry-url=self", "--all"]).output.split(separator: "\n")
        #expect(all.filter { $0.hasPrefix("public.") }.count == 41)
        #expect(!all.contains { $0.hasPrefix("and ") })
        let json = try await Tool.run(["status", url, "--registry-url=self", "--output=json"]).json
        #expect((json["tables"] as? [Any])?.count == 41)
    }

    @Test("changes nothing")
    func readOnly() async throws {
        let events = try await EventsTable()
        let before = try await events.fingerprint
        let result = try await Tool.run(["status", "--db-url=\(events.url)", "--registry-url=self"])
        #expect(result.status == 0)
        #expect(result.output.contains("public.events  month in UTC"))
        #expect(try await events.fingerprint == before)
    }
}
