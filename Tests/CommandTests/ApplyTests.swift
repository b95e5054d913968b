// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import Testing
import TestSupport

@Suite("A saved plan", .temporaryDatabase)
struct ApplyTests {
    private struct Saved {
        let events: EventsTable
        let folder: Folder

        init() async throws {
            events = try await EventsTable()
            folder = try Folder()
            let made = try await Tool.run(["plan", "--out=plan.json", "--db-url=\(events.url)"], in: folder.url)
            #expect(made.status == 0 && made.error.contains("the plan is in plan.json"), "\(made.everything)")
        }

        func apply(_ arguments: String...) async throws -> Tool.Result {
            try await Tool.run(
                ["apply", "plan.json", "--registry-url=none", "--db-url=\(events.url)"] + arguments,
                in: folder.url
            )
        }
    }

    @Test("is carried out where nothing has moved, and then is stale")
    func applied() async throws {
        let saved = try await Saved()
        let planned = try await Tool.run(["plan", "--output=json", "--db-url=\(saved.events.url)"])
        let count = try #require((try planned.json["summary"] as? [String: Any])?["partitions"] as? Int)
        let result = try await saved.apply("--output=json")
        #expect(result.status == 0, "\(result.everything)")
        #expect(try result.json["command"] as? String == "apply")
        #expect(try await saved.events.partitions.count == 1 + count)
        let again = try await saved.apply()
        #expect(
            again.status == 1 && again.error.contains("the plan is stale, and nothing was done"),
            "\(again.everything)"
        )
    }

    @Test("of a catalog to which somebody added a partition is refused, and what moved is said")
    func moved() async throws {
        let saved = try await Saved()
        _ = try await saved.events.connection.query(
            "CREATE TABLE by_hand PARTITION OF events FOR VALUES FROM ('2099-01-01Z') TO ('2100-01-01Z')"
        )
        let before = try await saved.events.fingerprint
        let result = try await saved.apply()
        #expect(result.status == 1)
        #expect(
            result.error.contains("the plan is stale") && result.error.contains("the partition public.by_hand came"),
            "\(result.error)"
        )
        #expect(try await saved.events.fingerprint == before)
    }

    @Test("into which somebody wrote other SQL, or anything else, is refused, and nothing of it is executed")
    func tampered() async throws {
        let saved = try await Saved()
        let text = try saved.folder.read("plan.json")
        #expect(text.contains("CREATE TABLE"))
        let before = try await saved.events.fingerprint
        let changes: [(String, String)] = [
            ("CREATE TABLE ", "DROP TABLE events; CREATE TABLE "), ("\"schemaVersion\" : 1", "\"schemaVersion\" : 2"),
            ("\"plan\" : {", "\"plan\" : { \"sql\" : [\"DROP TABLE events\"],"),
            ("inside the buffer", "inside the bufffer"),
        ]
        for (old, new) in changes {
            let changed = text.replacing(old, with: new, maxReplacements: 1)
            try #require(changed != text, "\(old)")
            try saved.folder.write("plan.json", changed)
            let result = try await saved.apply()
            #expect([1, 64].contains(result.status), "\(result.everything)")
            #expect(
                result.error.contains("was changed after it was made") || result.error.contains("schema version 2"),
                "\(result.error)"
            )
            #expect(try await saved.events.fingerprint == before)
        }
        // Written anew by hand, digest and all, it is only compared: its statements are never run.
        for garbage in ["", "{", "[]", "{\"format\":\"partition-cli plan\"}", "DROP TABLE events;"] {
            try saved.folder.write("plan.json", garbage)
            let result = try await saved.apply()
            #expect(result.status == 64 && result.error.contains("is not a plan file"), "\(result.everything)")
        }
        #expect(try await saved.events.fingerprint == before)
    }

    @Test("of another database is refused")
    func elsewhere() async throws {
        let saved = try await Saved()
        let result = try await Tool.run(
            [
                "apply", "plan.json",
                "--db-url=\(saved.events.url.replacing("/\(saved.events.database.name)?", with: "/postgres?"))",
            ],
            in: saved.folder.url
        )
        #expect(result.status == 1)
        #expect(
            result.error.contains("the plan is of the database \(saved.events.database.name), and this is postgres"),
            "\(result.error)"
        )
    }

    @Test("a plan for another moment is shown, and not saved")
    func anotherMoment() async throws {
        let events = try await EventsTable()
        let later = try await Tool.run([
            "plan", "--now=2031-03-05T00:00:00Z", "--output=json", "--db-url=\(events.url)",
        ])
        #expect(try later.json["now"] as? String == "2031-03-05T00:00:00Z", "\(later.everything)")
        let both = try await Tool.run(["plan", "--now=2031-03-05T00:00:00Z", "--out=x.json", "--db-url=\(events.url)"])
        #expect(both.status == 64)
        for bad in ["yesterday", "2031-03-05", "1969-12-31T00:00:00Z", ""] {
            let result = try await Tool.run(["plan", "--now=\(bad)", "--db-url=\(events.url)"])
            #expect(result.status == 64, "\(bad): \(result.everything)")
        }
    }
}
