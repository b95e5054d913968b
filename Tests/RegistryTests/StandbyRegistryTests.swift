// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import LocalPostgres
import PartitionMap
import PartitionRegistryPostgres
import PartitionRouter
import TestSupport
import Testing

@Suite("The registry on a standby", .timeLimit(.minutes(3)))
struct StandbyRegistryTests {
    private static func code(_ body: () async throws -> Void) async -> RegistryError.Code? {
        do { try await body() } catch { return (error as? RegistryError)?.code }
        return nil
    }

    @Test("can be looked at, is no evidence of what is published, and isn't published to")
    func standby() async throws {
        let cluster = try await TestServer.makeCluster()
        let standby = try await cluster.makeStandby()
        let primary = try PostgresRegistry(conninfo: cluster.conninfo(), logger: .test)
        let copy = try PostgresRegistry(conninfo: standby.conninfo(), logger: .test)
        try await primary.install()
        let first = try dailyMap(version: 1)
        _ = try await primary.publish(first, replacing: nil)
        let seen = StoredMap(header: first.header, document: first.document, isLinearizable: false)
        try await eventually("the standby has the map") {
            // The schema itself arrives there by and by.
            (try? await copy.load(events, .document)) == seen
        }
        #expect(try await copy.load(events, .all) == seen)
        #expect(await Self.code { _ = try await copy.load(events) } == .unreachable)
        #expect(await Self.code { _ = try await copy.header(events) } == .unreachable)
        let second = try dailyMap(days: 5, version: 2)
        #expect(await Self.code { _ = try await copy.publish(second, replacing: first.header) } == .refused)
        await standby.remove()
        await cluster.remove()
    }

    @Test("of which only the standby is left, a router's map ages, and is confirmed again when that is promoted")
    func ages() async throws {
        let cluster = try await TestServer.makeCluster()
        let standby = try await cluster.makeStandby()
        let hosts =
            "host=\(cluster.socketDirectory),\(standby.socketDirectory) port=\(cluster.port),\(standby.port) "
            + "dbname=postgres user=postgres connect_timeout=2"
        let registry = try PostgresRegistry(conninfo: hosts, logger: .test)
        try await registry.install()
        let map = try dailyMap(version: 1)
        _ = try await registry.publish(map, replacing: nil)
        let replica = try PostgresRegistry(conninfo: standby.conninfo(), logger: .test)
        try await eventually("the standby has the map") {
            (try? await replica.load(events, .document))?.header == map.header
        }
        let connection = try await Connection.open(ConnectionConfiguration(standby.conninfo()), logger: .test)
        _ = try await connection.query("SELECT pg_wal_replay_pause()")
        var timing = ReloadMachine.Timing()
        timing.bound = .seconds(3)
        timing.interval = .milliseconds(500)
        timing.firstRetry = .milliseconds(50)
        let router = Router(entity: events, registry: registry, timing: timing, logger: .test)
        let running = Task { await router.run() }
        defer { running.cancel() }
        for await version in router.versions() where version == 1 { break }
        #expect(try router.resolve(november).name == "events_0")

        try await cluster.crash()
        // There is a server that answers, and it has the very map.
        try await eventually("the map is stale") { Self.miss(router) == .stale }
        #expect(try await replica.load(events, .document)?.header == map.header)

        _ = try await connection.query("SELECT pg_wal_replay_resume()")
        _ = try await connection.query("SELECT pg_promote()")
        try await eventually("the map is confirmed by the new primary") { Self.miss(router) == nil }
        running.cancel()
        await running.value
        await connection.close()
        await standby.remove()
        await cluster.remove()
    }

    private static func miss(_ router: Router) -> RoutingMiss.Reason? {
        do throws(RoutingMiss) {
            _ = try router.resolve(november)
            return nil
        } catch {
            return error.reason
        }
    }
}
