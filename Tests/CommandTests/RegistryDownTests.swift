// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Testing
import TestSupport

@Suite("A registry that is down for a whole run", .temporaryDatabase)
struct RegistryDownTests {
    @Test("the partitions exist, the exit status is 74, nothing is taken away, and the next run publishes it all")
    func down() async throws {
        let events = try await EventsTable()
        // An old month, which some day a policy will want to retire.
        _ = try await events.connection.query(
            "CREATE TABLE events_old PARTITION OF events FOR VALUES FROM ('2001-01-01Z') TO ('2001-02-01Z')"
        )
        var options = RedisServer.Options()
        options.isPersistent = true
        let redis = try await RedisServer.start(options)
        let arguments = ["--db-url=\(events.url)", "--registry-url=redis://127.0.0.1:\(redis.port)"]
        #expect(try await Tool.run(["rotate", "--buffer-days=60"] + arguments).status == 0)
        let before = try await events.partitions
        let meta = "{partition_map:events}:meta"
        let (version, document) = (
            try await redis.command("HGET", meta, "version"), try await redis.command("HGET", meta, "document")
        )

        await redis.kill()
        for _ in 0..<2 {
            let down = try await Tool.run(["rotate", "--buffer-days=150", "--output=json"] + arguments)
            #expect(down.status == 74, "\(down.everything)")
            let table = try #require((try down.json["tables"] as? [[String: Any]])?.first)
            #expect(table["outcome"] as? String == "converged")
            #expect((table["publication"] as? [String: Any])?["outcome"] as? String == "failed")
        }
        let during = try await events.partitions
        #expect(during.count > before.count && Set(before).isSubset(of: during))

        try await redis.start()
        #expect(try await redis.command("HGET", meta, "version") == version)
        #expect(try await redis.command("HGET", meta, "document") == document)
        let diff = try await Tool.run(["registry", "diff"] + arguments)
        #expect(diff.status == 1, "\(diff.everything)")
        for partition in Set(during).subtracting(before) { #expect(diff.output.contains("+ public.\(partition)")) }
        let next = try await Tool.run(["rotate", "--buffer-days=150"] + arguments)
        #expect(next.status == 0, "\(next.everything)")
        let published = try await redis.command("HGET", meta, "document")
        #expect(during.allSatisfy { published.contains("\"\($0)\"") })
        #expect(try #require(Int64(try await redis.command("HGET", meta, "version"))) > (Int64(version) ?? .max))
        #expect(try await events.partitions == during)
    }
}
