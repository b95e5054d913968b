// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import Testing
import TestSupport

@Suite("watch", .temporaryDatabase)
struct WatchTests {
    private let sigterm: Int32 = 15

    private func lines(_ text: String) -> [[String: Any]] {
        text.split(separator: "\n").compactMap {
            try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }
    }

    @Test(
        "prints each version as it is published, keeps the last good map where a damaged one comes, and ends on SIGTERM"
    )
    func follows() async throws {
        let events = try await EventsTable()
        let redis = try await RedisServer.start()
        let url = "redis://127.0.0.1:\(redis.port)"
        let arguments = ["--db-url=\(events.url)", "--registry-url=\(url)"]
        #expect(try await Tool.run(["rotate"] + arguments).status == 0)
        // No database is named: none is needed.
        let json = try Tool.start(["watch", "events", "--output=json", "--registry-url=\(url)"])
        let text = try Tool.start(["watch", "public.events", "--registry-url=\(url)"])
        try await eventually("both print the map that is there") {
            lines(json.output).count == 1 && text.output.contains("version ")
        }
        let meta = "{partition_map:events}:meta"
        let document = try await redis.command("HGET", meta, "document")
        // A version and a checksum that nobody has, so that the damaged document is read.
        let version = try #require(Int64(try await redis.command("HGET", meta, "version")))
        let checksum = String(repeating: "0", count: 64)
        _ = try await redis.command(
            "HSET",
            meta,
            "document",
            "{}",
            "version",
            "\(version + 1)",
            "checksum",
            checksum
        )
        _ = try await redis.command("PUBLISH", "partition_map_updated:events", "x")
        try await eventually("the damage is told") { json.error.contains("the last good one is kept") }
        #expect(lines(json.output).count == 1)
        #expect(try await Tool.run(["registry", "repair"] + arguments).status == 0)
        #expect(try await redis.command("HGET", meta, "document") == document)
        try await eventually("the mended map is printed") { lines(json.output).count == 2 }
        #expect(try await Tool.run(["rotate", "--buffer-days=150"] + arguments).status == 0)
        try await eventually("the grown map is printed") {
            lines(json.output).count == 3 && text.output.contains("  + public.events_")
        }
        let all = lines(json.output)
        #expect(all.allSatisfy { $0["command"] as? String == "watch" && $0["schemaVersion"] as? Int == 1 })
        let versions = all.compactMap { $0["version"] as? Int64 }
        #expect(versions.count == 3 && versions == versions.sorted() && Set(versions).count == 3)
        let changes = all.map { ($0["changes"] as? [[String: Any]])?.count ?? -1 }
        #expect(changes[0] == 0 && changes[1] == 0 && changes[2] > 0)
        for process in [json, text] {
            process.signal(sigterm)
            let result = await process.result()
            #expect(result.status == 143, "\(result.everything)")
        }
    }

    @Test("waits for a map, and for a registry, that isn't there yet")
    func notThereYet() async throws {
        let events = try await EventsTable()
        let redis = try await RedisServer.start()
        let url = "redis://127.0.0.1:\(redis.port)"
        await redis.kill()
        let watch = try Tool.start(["watch", "events", "--registry-url=\(url)"])
        try await eventually("the silence is told") { watch.error.contains("can't be read") }
        try await redis.start()
        _ = try await Tool.run(["rotate", "--db-url=\(events.url)", "--registry-url=\(url)"])
        // The longest pause between two readings is half a minute.
        try await eventually(within: .seconds(90), "the map is printed") { watch.output.contains("version ") }
        watch.signal(2)
        #expect(await watch.result().status == 130)
    }

    @Test("follows the registry in the database, and ends where nobody reads any more")
    func embedded() async throws {
        let events = try await EventsTable()
        let none = try await Tool.run(["watch", "events", "--db-url=\(events.url)"])
        #expect(none.status == 64, "\(none.everything)")
        _ = try await Tool.run(["rotate", "--db-url=\(events.url)", "--registry-url=self"])
        // `head` takes one line and goes; the next line finds nobody.
        let pipe = try Running(
            "/bin/sh",
            ["-c", "{ '\(try Tool.path)' watch events --db-url='\(events.url)'; echo status $? >&2; } | head -n 1"],
            [:]
        )
        try await eventually("the first line is taken") { pipe.output.contains("version ") }
        _ = try await Tool.run(["rotate", "--buffer-days=150", "--db-url=\(events.url)", "--registry-url=self"])
        let result = await pipe.result()
        #expect(result.error.contains("status 1"), "\(result.everything)")
    }
}
