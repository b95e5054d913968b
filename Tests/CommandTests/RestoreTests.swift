// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import LocalPostgres
import Testing
import TestSupport

@Suite("Clones and restored copies")
struct RestoreTests {
    private static let meta = "{partition_map:events}:meta"

    /// A database whose map is published, with a server of its own.
    private struct Original {
        let cluster: Cluster
        let connection: Connection
        let redis: RedisServer

        var registry: String { "redis://127.0.0.1:\(redis.port)" }

        init() async throws {
            cluster = try await Self.makeDatabase()
            connection = try await Connection.open(ConnectionConfiguration(cluster.conninfo()), logger: .test)
            redis = try await RedisServer.start()
            try await publish(days: 60)
        }

        /// The table, of which nothing is published yet, in a cluster of its own.
        static func makeDatabase() async throws -> Cluster {
            let cluster = try await TestServer.makeCluster(settings: ["wal_keep_size": "256MB", "autovacuum": "off"])
            let connection = try await Connection.open(ConnectionConfiguration(cluster.conninfo()), logger: .test)
            for statement in EventsTable.statements { _ = try await connection.query(statement) }
            await connection.close()
            return cluster
        }

        func publish(days: Int) async throws {
            let result = try await RestoreTests.run(["rotate", "--buffer-days=\(days)"], cluster, registry)
            try #require(result.status == 0, "\(result.everything)")
        }

        /// Partitions that the copy doesn't have, published from a later position in the log than a copy's own few writes reach.
        func goOn() async throws {
            for _ in 0..<2 {
                _ = try await connection.query("SELECT pg_logical_emit_message(true, 'x', 'x')")
                _ = try await connection.query("SELECT pg_switch_wal()")
            }
            try await publish(days: 150)
        }

        func stored() async throws -> String { try await redis.command("HGETALL", RestoreTests.meta) }

        func remove() async {
            await connection.close()
            await redis.stop()
            await cluster.remove()
        }
    }

    private static func run(_ words: [String], _ cluster: Cluster, _ registry: String) async throws -> Tool.Result {
        try await Tool.run(words + ["--db-url=\(cluster.conninfo())", "--registry-url=\(registry)"])
    }

    /// Everything that publishes is refused, and says what to do; `diff` says who published.
    private func expectRefusal(_ copy: Cluster, _ original: Original, _ reason: String) async throws {
        let before = try await original.stored()
        for command in [["rotate", "--buffer-days=90"], ["registry", "repair"]] {
            let result = try await Self.run(command, copy, original.registry)
            #expect(result.status == 74, "\(result.everything)")
            for word in [reason, "--take-over", "?prefix="] {
                #expect(result.everything.contains(word), "\(word) in \(result.everything)")
            }
        }
        let diff = try await Self.run(["registry", "diff"], copy, original.registry)
        #expect(diff.status == 1 && diff.output.contains(reason), "\(diff.everything)")
        #expect(diff.output.contains("--take-over") && diff.output.contains("published by database"), "\(diff.output)")
        let json = try await Self.run(["registry", "diff", "--output=json"], copy, original.registry)
        let table = try #require((try json.json["tables"] as? [[String: Any]])?.first)
        #expect(table["takeOver"] as? String == "olderLSN", "\(table)")
        #expect(try await original.stored() == before)
    }

    @Test(
        "a clone by pg_basebackup doesn't overwrite the original's map: it has a prefix of its own, or takes over when told to"
    )
    func clone() async throws {
        let original = try await Original()
        let clone = try await original.cluster.makeCopy()
        try await original.goOn()
        try await clone.launch()
        try await expectRefusal(clone, original, "later log position")
        let before = try await original.stored()
        let beside = try await Self.run(["registry", "repair"], clone, original.registry + "?prefix=clone:")
        #expect(beside.status == 0, "\(beside.everything)")
        #expect(try await original.redis.command("EXISTS", "{clone:partition_map:events}:meta") == "1")
        #expect(try await original.stored() == before)
        try await expectTakeOver(clone, original, ["registry", "repair", "--take-over"])
        await clone.remove()
        await original.remove()
    }

    @Test("a point-in-time restore doesn't overwrite the map of what came after its moment without --take-over")
    func pointInTime() async throws {
        let original = try await Original()
        let copy = try await original.cluster.makeCopy()
        _ = try await original.connection.query("SELECT pg_create_restore_point('before')")
        try await original.goOn()
        try await copy.prepare(
            [
                "restore_command": "cp \(original.cluster.dataDirectory)/pg_wal/%f %p",
                "recovery_target_name": "before", "recovery_target_action": "promote",
            ],
            signal: "recovery"
        )
        try await copy.launch()
        let restored = try await Connection.open(ConnectionConfiguration(copy.conninfo()), logger: .test)
        try await eventually("the restored server is promoted") {
            try await restored.query("SELECT NOT pg_is_in_recovery() AS done").first?.bool("done") == true
        }
        // The timeline is a new one, later than the published map's: the position tells.
        let timeline = try await restored.query(
            "SELECT ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int AS timeline"
        ).first?.int("timeline")
        #expect(timeline == 2)
        await restored.close()
        try await expectRefusal(copy, original, "later log position")
        try await expectTakeOver(copy, original, ["rotate", "--take-over"])
        await copy.remove()
        await original.remove()
    }

    @Test("a dump and restore, or an upgrade, takes the unchanged map over, and then publishes as the original did")
    func otherIdentifier() async throws {
        let original = try await Original()
        // What pg_upgrade and pg_restore leave: the same catalog in a cluster of another identifier.
        let copy = try await Original.makeDatabase()
        let other = try await Self.run(["rotate", "--buffer-days=60"], copy, "none")
        #expect(other.status == 0, "\(other.everything)")
        let before = try await original.stored()
        for command in [["rotate", "--buffer-days=60"], ["registry", "repair"]] {
            let result = try await Self.run(command, copy, original.registry)
            #expect(
                result.status == 74 && result.everything.contains("another database cluster"),
                "\(result.everything)"
            )
        }
        for command in [["registry", "diff"], ["verify"]] {
            let result = try await Self.run(command, copy, original.registry)
            #expect(result.status == 1, "\(result.everything)")
            for word in ["another database cluster", "--take-over"] {
                #expect(result.everything.contains(word), "\(word) in \(result.everything)")
            }
        }
        let status = try await Self.run(["status", "--output=json"], copy, original.registry)
        let table = try #require((try status.json["tables"] as? [[String: Any]])?.first)
        #expect((table["registry"] as? [String: Any])?["state"] as? String == "foreign", "\(table)")
        #expect(try await original.stored() == before)
        try await expectTakeOver(copy, original, ["registry", "repair", "--take-over"])
        let growing = try await Self.run(["rotate", "--buffer-days=200"], copy, original.registry)
        #expect(growing.status == 0 && growing.output.contains("published"), "\(growing.everything)")
        await copy.remove()
        await original.remove()
    }

    @Test(
        "after a failover each map is published once more, above what the lost server may have published, and then left alone"
    )
    func failover() async throws {
        let original = try await Original()
        let standby = try await original.cluster.makeStandby()
        let version = try await original.redis.command("HGET", Self.meta, "version")
        try await original.cluster.crash()
        let promoted = try await Connection.open(ConnectionConfiguration(standby.conninfo()), logger: .test)
        _ = try await promoted.query("SELECT pg_promote()")
        await promoted.close()
        for expected in ["published as version", "is as it must be"] {
            let repair = try await Self.run(["registry", "repair"], standby, original.registry)
            #expect(repair.status == 0 && repair.output.contains(expected), "\(repair.everything)")
        }
        let renewed = try await original.redis.command("HGET", Self.meta, "version")
        #expect(try #require(Int64(renewed)) > #require(Int64(version)))
        #expect(try await original.redis.command("HGET", Self.meta, "timeline") == "2")
        await standby.remove()
        await original.remove()
    }

    /// Routers follow: the version grows, and from then on it is the copy's map.
    private func expectTakeOver(_ copy: Cluster, _ original: Original, _ command: [String]) async throws {
        let version = try #require(Int64(try await original.redis.command("HGET", Self.meta, "version")))
        let result = try await Self.run(command, copy, original.registry)
        #expect(result.status == 0, "\(result.everything)")
        #expect(try #require(Int64(try await original.redis.command("HGET", Self.meta, "version"))) > version)
        #expect(try await Self.run(["registry", "diff"], copy, original.registry).status == 0)
    }
}
