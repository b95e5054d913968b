// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import LocalPostgres
import PartitionMap
import Testing
import TestSupport

@Suite("registry diff, repair, export and import", .temporaryDatabase)
struct RegistryCommandTests {
    /// A registry with the events' map in it, and who can damage that.
    private struct Published {
        let events: EventsTable
        let redis: RedisServer
        let url: String
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("maps-\(UUID()).jsonl")

        var arguments: [String] { ["--db-url=\(events.url)", "--registry-url=\(url)"] }

        init() async throws {
            events = try await EventsTable()
            redis = try await RedisServer.start()
            url = "redis://127.0.0.1:\(redis.port)"
            let first = try await rotate()
            try #require(first.status == 0, "\(first.everything)")
        }

        func rotate(_ more: String...) async throws -> Tool.Result {
            try await Tool.run(["rotate"] + arguments + more)
        }

        func registry(_ words: String...) async throws -> Tool.Result {
            try await Tool.run(["registry"] + words + arguments)
        }

        func version() async throws -> Int64 {
            try #require(Int64(try await redis.command("HGET", "{partition_map:events}:meta", "version")))
        }

        func document() async throws -> String {
            try await redis.command("HGET", "{partition_map:events}:meta", "document")
        }

        func write(_ text: String) throws { try text.write(to: file, atomically: true, encoding: .utf8) }
    }

    private func tables(_ result: Tool.Result) throws -> [[String: Any]] {
        try #require(try result.json["tables"] as? [[String: Any]], "\(result.everything)")
    }

    @Test(
        "a map whose promise is of the week before is as it must be until the next run, which moves it; an older one isn't"
    )
    func promise() async throws {
        let published = try await Published()
        let line = try await published.registry("export").output.split(separator: "\n")[0]
        let map = try PublishedMap(exchangeLine: Array(line.utf8))
        let keep = try #require(map.document.keep)
        for (weeks, status) in [(1, 0), (2, 1)] as [(Int64, Int32)] {
            let older = try PartitionMapDocument(
                table: map.document.table,
                key: map.document.key,
                timezone: map.document.timezone,
                keep: .init(from: keep.from, until: keep.until - weeks * 7 * 86_400_000_000),
                entries: map.document.entries
            )
            let version = try await published.version() + 1
            let planted = try PublishedMap(document: older, version: version, origin: map.header.origin)
            try published.write(String(decoding: planted.exchangeLine, as: UTF8.self))
            let imported = try await published.registry(
                "import",
                published.file.path,
                "--unchecked",
                // Its position in the log is that of the first map.
                "--take-over"
            )
            #expect(imported.status == 0, "\(imported.everything)")
            let diff = try await published.registry("diff")
            #expect(diff.status == status, "\(diff.everything)")
            #expect(diff.output.contains("keepFrom") == (status == 1), "\(diff.everything)")
            let verify = try await Tool.run(["verify"] + published.arguments)
            #expect(verify.status == status, "\(verify.everything)")
            #expect(try await published.version() == version)
            #expect(try await published.rotate().status == 0)
            #expect(try await published.version() > version)
            #expect(try await published.document() == String(decoding: map.document.canonicalBytes, as: UTF8.self))
        }
        try FileManager.default.removeItem(at: published.file)
        await published.redis.stop()
    }

    @Test("a document damaged by hand is named by diff and healed by repair, byte for byte, and no table is touched")
    func corrupt() async throws {
        let published = try await Published()
        let clean = try await published.registry("diff")
        #expect(clean.status == 0 && clean.output.contains("all as the catalog says"), "\(clean.everything)")
        let (version, document) = (try await published.version(), try await published.document())
        _ = try await published.redis.command(
            "HSET",
            "{partition_map:events}:meta",
            "document",
            document.replacing("active", with: "draining")
        )
        let diff = try await published.registry("diff")
        #expect(diff.status == 1)
        for word in ["public.events", "can't be used", "registry repair", "+ public.events_"] {
            #expect(diff.output.contains(word), "\(word) in \(diff.everything)")
        }
        let json = try await published.registry("diff", "--output=json")
        #expect(json.status == 1)
        #expect(try json.json["exitStatus"] as? Int == 1)
        let table = try #require(try tables(json).first)
        #expect(table["state"] as? String == "unreadable" && table["version"] as? Int64 == version, "\(table)")
        #expect((table["publishedBy"] as? [String: Any])?["database"] as? String == published.events.database.name)
        let before = try await published.events.fingerprint
        let repair = try await published.registry("repair", "--output=json")
        #expect(repair.status == 0, "\(repair.everything)")
        let publication = try #require(try tables(repair).first?["publication"] as? [String: Any])
        #expect(publication["outcome"] as? String == "published")
        #expect(try #require(publication["version"] as? Int64) > version)
        #expect(try await published.document() == document)
        #expect(try await published.registry("diff").status == 0)
        let again = try await published.registry("repair")
        #expect(again.status == 0 && again.output.contains("is as it must be"), "\(again.everything)")
        #expect(try await published.events.fingerprint == before)
    }

    @Test(
        "diff names each partition that was added, removed or renamed behind the registry's back; repair changes no table"
    )
    func drift() async throws {
        let published = try await Published()
        let partitions = try await published.events.partitions
        let (first, last) = (try #require(partitions.first), try #require(partitions.last))
        for statement: Statement in [
            "ALTER TABLE \(identifier: first) RENAME TO old_name", "DROP TABLE \(identifier: last)",
        ] { _ = try await published.events.connection.query(statement) }
        let result = try await published.registry("diff", "--output=json")
        #expect(result.status == 1)
        let table = try #require(try tables(result).first)
        let changes = try #require(table["changes"] as? [[String: Any]])
        let words = changes.map { "\($0["change"] ?? "") \($0["partition"] ?? "")" }.sorted()
        #expect(words == ["added public.old_name", "removed public.\(first)", "removed public.\(last)"])
        let text = try await published.registry("diff")
        #expect(text.output.contains("- public.\(last)") && text.output.contains("+ public.old_name"), "\(text.output)")
        #expect(try await published.registry("repair").status == 0)
        #expect(try await published.registry("diff").status == 0)
        #expect(try await published.events.partitions.contains(last) == false)
    }

    @Test("a PostgreSQL registry is compared and mended just so, in the database and beside it")
    func postgres() async throws {
        let events = try await EventsTable()
        for registry in [
            "self",
            "postgres://postgres@/\(events.database.name)?host=\(events.database.cluster.socketDirectory)&port=\(events.database.cluster.port)&prefix=other",
        ] {
            let arguments = ["--db-url=\(events.url)", "--registry-url=\(registry)"]
            let none = try await Tool.run(["registry", "diff"] + arguments)
            #expect(none.status == 1 && none.output.contains("not published"), "\(none.everything)")
            let first = try await Tool.run(["registry", "repair"] + arguments)
            #expect(first.status == 0 && first.output.contains("1 map published"), "\(first.everything)")
            _ = try await events.connection.query(
                "UPDATE partition_registry.map SET document = convert_to('{}', 'UTF8')"
            )
            let diff = try await Tool.run(["registry", "diff"] + arguments)
            #expect(diff.status == 1 && diff.output.contains("can't be used"), "\(diff.everything)")
            #expect(try await Tool.run(["registry", "repair"] + arguments).status == 0)
            #expect(try await Tool.run(["registry", "diff"] + arguments).status == 0)
        }
    }

    @Test(
        "without a registry there is nothing to compare (64); one that doesn't answer is 69 for diff and 74 for repair"
    )
    func noRegistry() async throws {
        let events = try await EventsTable()
        for command in ["diff", "repair", "export"] {
            for registry in [[], ["--registry-url=none"]] {
                let result = try await Tool.run(["registry", command, "--db-url=\(events.url)"] + registry)
                #expect(result.status == 64 && result.error.contains("--registry-url="), "\(result.everything)")
            }
        }
        let published = ["--db-url=\(events.url)", "--registry-url=redis://127.0.0.1:1"]
        let diff = try await Tool.run(["registry", "diff", "--output=json"] + published)
        #expect(diff.status == 69, "\(diff.everything)")
        #expect(try diff.json["command"] as? String == "registry diff")
        let repair = try await Tool.run(["registry", "repair"] + published)
        #expect(repair.status == 74 && repair.output.contains("not published"), "\(repair.everything)")
        let unknown = try await Tool.run(["registry", "repair", "--table=nope"] + published)
        #expect(unknown.status == 64, "\(unknown.everything)")
    }

    @Test("a repair keeps away while a run is at work (76)")
    func busy() async throws {
        let published = try await Published()
        let other = try await published.events.database.connect()
        // The key that runs claim a database with.
        _ = try await other.query("SELECT pg_advisory_lock(8097879449299872111)")
        let result = try await published.registry("repair")
        #expect(result.status == 76 && result.error.contains("at work"), "\(result.everything)")
        await other.close()
    }

    @Test(
        "one that is in the database and can't be used is told also with --quiet, by rotate, verify and doctor; a new one mends it"
    )
    func unusable() async throws {
        let events = try await EventsTable()
        #expect(try await Tool.run(["rotate", "--db-url=\(events.url)", "--registry-url=self"]).status == 0)
        let role = "owner_" + events.database.name
        for statement: Statement in [
            "CREATE ROLE \(identifier: role) LOGIN", "GRANT CREATE, USAGE ON SCHEMA public TO \(identifier: role)",
        ] { _ = try await events.connection.query(statement) }
        for name in try await ["events"] + events.partitions {
            _ = try await events.connection.query("ALTER TABLE \(identifier: name) OWNER TO \(identifier: role)")
        }
        func tell(_ words: String, user: String) async throws -> Tool.Result {
            let url = EventsTable.url(of: events.database, user: user)
            return try await Tool.run(words.split(separator: " ").map(String.init) + ["--db-url=\(url)"])
        }
        for words in ["rotate --quiet --buffer-days=150", "verify --quiet --buffer-days=150", "doctor"] {
            let result = try await tell(words, user: role)
            #expect(
                result.everything.contains("GRANT USAGE ON SCHEMA partition_registry TO \(role)"),
                "\(result.everything)"
            )
            #expect(result.status == (words == "doctor" ? 1 : 0), "\(result.everything)")
        }
        _ = try await events.connection.query("DROP TABLE partition_registry.map CASCADE")
        let incomplete = try await tell("rotate --quiet --buffer-days=150", user: "postgres")
        #expect(incomplete.error.contains("its table of maps isn't"), "\(incomplete.everything)")
        _ = try await events.connection.query("DROP SCHEMA partition_registry CASCADE")
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("policy-\(UUID()).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        let mended = try await tell("init --registry --out=\(file.path)", user: "postgres")
        #expect(mended.status == 0, "\(mended.everything)")
        #expect(try await tell("rotate --buffer-days=150", user: "postgres").status == 0)
        #expect(try await events.publishedVersion != nil)
    }

    @Test("export prints what can be read, and names what can't")
    func oneUnreadable() async throws {
        let published = try await Published()
        let good = try await published.registry("export")
        _ = try await published.redis.command(
            "HSET",
            "{partition_map:ghost}:meta",
            "version",
            "7",
            "checksum",
            "x",
            "document",
            "{}"
        )
        let all = try await published.registry("export")
        #expect(all.status == 1 && all.output == good.output, "\(all.everything)")
        #expect(all.error.contains("the map of ghost was not exported"), "\(all.everything)")
        let json = try await published.registry("export", "--output=json")
        #expect(json.status == 1)
        #expect(try json.json["exitStatus"] as? Int == 1)
        #expect((try json.json["maps"] as? [Any])?.count == 1)
        #expect((try json.json["unreadable"] as? [[String: Any]])?.first?["table"] as? String == "ghost")
    }

    @Test("what export prints import publishes byte for byte, under its own version, into a store that has none")
    func carried() async throws {
        let published = try await Published()
        let export = try await Tool.run(["registry", "export", "--registry-url=\(published.url)"])
        #expect(export.status == 0 && export.output.split(separator: "\n").count == 1, "\(export.everything)")
        #expect(export.output.contains(try await published.document()))
        let json = try await Tool.run([
            "registry", "export", "events", "--output=json", "--registry-url=\(published.url)",
        ])
        let maps = try #require(try json.json["maps"] as? [[String: Any]])
        #expect((maps.first?["header"] as? [String: Any])?["database"] as? String == published.events.database.name)
        let unknown = try await Tool.run(["registry", "export", "nope", "--registry-url=\(published.url)"])
        #expect(unknown.status == 1 && unknown.error.contains("no map of nope"), "\(unknown.everything)")
        try published.write(export.output)
        let (version, document) = (try await published.version(), try await published.document())
        let same = try await published.registry("import", published.file.path)
        #expect(same.status == 0 && same.output.contains("is as it must be"), "\(same.everything)")
        _ = try await published.redis.command("FLUSHALL")
        let result = try await published.registry("import", published.file.path, "--output=json")
        #expect(result.status == 0, "\(result.everything)")
        #expect(try await published.version() == version)
        #expect(try await published.document() == document)
        #expect(try await published.registry("diff").status == 0)
    }

    @Test(
        "an old export is refused: rows would go to partitions that are gone; --unchecked still doesn't go back in time"
    )
    func stale() async throws {
        let published = try await Published()
        let export = try await Tool.run(["registry", "export", "--registry-url=\(published.url)"])
        try published.write(export.output)
        let last = try #require(try await published.events.partitions.last)
        _ = try await published.events.connection.query("DROP TABLE \(identifier: last)")
        _ = try await published.registry("repair")
        let version = try await published.version()
        let checked = try await published.registry("import", published.file.path)
        #expect(checked.status == 1 && checked.output.contains("\(last) is removed"), "\(checked.everything)")
        let unchecked = try await published.registry("import", published.file.path, "--unchecked")
        #expect(unchecked.status == 74 && unchecked.output.contains("later log position"), "\(unchecked.everything)")
        #expect(try await published.version() == version)
        // Nobody else is asked: whoever says both means it.
        let meant = try await Tool.run(
            [
                "registry", "import", published.file.path, "--unchecked", "--take-over",
                "--registry-url=\(published.url)",
            ]
        )
        #expect(meant.status == 0, "\(meant.everything)")
        #expect(try await published.version() > version)
    }

    @Test("a file that isn't of maps is a usage error with its line, and nothing is published")
    func noMaps() async throws {
        let published = try await Published()
        let export = try await Tool.run(["registry", "export", "--registry-url=\(published.url)"])
        for (text, reason) in [
            ("", "there is no map"), ("{}\n", "line 1"), (export.output + "x\n", "line 2"),
            (export.output + export.output, "twice"),
        ] {
            try published.write(text)
            _ = try await published.redis.command("FLUSHALL")
            let result = try await published.registry("import", published.file.path)
            #expect(result.status == 64 && result.error.contains(reason), "\(result.everything)")
            #expect(try await published.redis.command("DBSIZE") == "0")
        }
        let absent = try await published.registry("import", published.file.path + ".none")
        #expect(absent.status == 64, "\(absent.everything)")
    }
}
