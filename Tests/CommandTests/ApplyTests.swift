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
            ("\"plan\" : {", "\"also\" : \"DROP TABLE events\", \"plan\" : {"),
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
        for garbage in ["", "{", "[]", "{\"format\":\"partition-cli plan\"}", "DROP TABLE events;"] {
            try saved.folder.write("plan.json", garbage)
            let result = try await saved.apply()
            #expect(result.status == 64 && result.error.contains("is not a plan file"), "\(result.everything)")
        }
        #expect(try await saved.events.fingerprint == before)
    }

    @Test("with other SQL and the digest that belongs to it is refused, too, and nothing of it is executed")
    func forged() async throws {
        let saved = try await Saved()
        let text = try saved.folder.read("plan.json")
        let before = try await saved.events.fingerprint
        for (old, new) in [("CREATE TABLE ", "DROP TABLE events; CREATE TABLE "), ("", "")] {
            let changed = old.isEmpty ? text : text.replacing(old, with: new, maxReplacements: 1)
            try saved.folder.write("plan.json", changed)
            // As somebody would who knows how the digest is made.
            let forging = try await Tool.shell(
                """
                cd '\(saved.folder.url.path)' && python3 -c '
                import hashlib, json
                plan = json.load(open("plan.json")); del plan["digest"]
                text = json.dumps(plan, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
                plan["digest"] = hashlib.sha256(text.encode()).hexdigest()
                json.dump(plan, open("plan.json", "w"), ensure_ascii=False)'
                """,
                environment: [:]
            )
            try #require(forging.status == 0, "\(forging.everything)")
            let result = try await saved.apply()
            // Without a change the forger's digest is the right one: it wasn't the digest that refused the other.
            guard !old.isEmpty else {
                #expect(result.status == 0, "\(result.everything)")
                continue
            }
            #expect(result.status == 1, "\(result.everything)")
            #expect(
                result.error.contains(
                    "public.events: the statements in the plan are not those that would be executed now"
                ),
                "\(result.error)"
            )
            #expect(try await saved.events.fingerprint == before)
        }
    }

    @Test(
        "of a table that is gone is stale, also where the plan was made for that table alone",
        arguments: ["DROP TABLE events", "ALTER TABLE events RENAME TO renamed"] as [Statement]
    )
    func gone(change: Statement) async throws {
        let events = try await EventsTable()
        let folder = try Folder()
        let url = "--db-url=\(events.url)"
        let made = try await Tool.run(["plan", "--table=public.events", "--out=plan.json", url], in: folder.url)
        #expect(made.status == 0, "\(made.everything)")
        _ = try await events.connection.query(change)
        let result = try await Tool.run(["apply", "plan.json", "--registry-url=none", url], in: folder.url)
        #expect(result.status == 1, "\(result.everything)")
        #expect(
            result.error.contains("the plan is stale") && result.error.contains("public.events is gone"),
            "\(result.error)"
        )
    }

    @Test("never replaces what is no regular file", arguments: ["link", "pipe", "folder"])
    func target(kind: String) async throws {
        let events = try await EventsTable()
        let folder = try Folder()
        let made = try await Tool.shell(
            "cd '\(folder.url.path)' && echo kept >kept && ln -s kept link && mkfifo pipe && mkdir folder",
            environment: [:]
        )
        try #require(made.status == 0, "\(made.everything)")
        let result = try await Tool.run(["plan", "--out=\(kind)", "--force", "--db-url=\(events.url)"], in: folder.url)
        #expect(result.status == 64, "\(result.everything)")
        #expect(
            result.error.contains(
                kind == "link" ? "link is a symbolic link, and would be replaced" : "\(kind) is no regular file"
            ),
            "\(result.error)"
        )
        #expect(try folder.read("link") == "kept\n")
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
