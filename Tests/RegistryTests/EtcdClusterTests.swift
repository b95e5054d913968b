// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import PartitionRegistryHTTP
import PartitionRouter
import TestSupport
import Testing

/// Three etcd servers, of which some die.
@Suite("A cluster of etcd servers", .serialized, .timeLimit(.minutes(5)))
struct EtcdClusterTests {
    private struct Cluster {
        let servers: [StoreServer]

        /// A client that asks that member first.
        func registry(_ first: Int = 0) throws -> HTTPRegistry {
            let order = (0..<servers.count).map { servers[($0 + first) % servers.count] }
            let hosts = order.map { "127.0.0.1:\($0.port)" }.joined(separator: ",")
            return try HTTPRegistry(try RegistryURL(parsing: "etcd://\(hosts)?timeout=2"), logger: .test)
        }

        /// The number of the member that leads.
        func leader() async throws -> Int {
            var found: Int?
            try await eventually(within: .seconds(60), "the cluster has a leader") {
                for (number, server) in servers.enumerated() {
                    guard let body = try? await server.good("POST", "/v3/maintenance/status", "{}"),
                        let own = body.firstMatch(of: /"member_id":"([0-9]+)"/)?.1,
                        let leader = body.firstMatch(of: /"leader":"([0-9]+)"/)?.1, own == leader
                    else { continue }
                    found = number
                }
                return found != nil
            }
            return try #require(found)
        }
    }

    private func withCluster(_ body: (Cluster) async throws -> Void) async throws {
        let cluster = Cluster(servers: try await StoreServer.startCluster(of: 3))
        do { try await body(cluster) } catch {
            for server in cluster.servers { await server.stop() }
            throw error
        }
        for server in cluster.servers { await server.stop() }
    }

    /// What a run does: reads, publishes what follows, and leaves what failed to the next one.
    ///
    /// - Returns: the version that is certain to be published.
    private func publish(above acknowledged: Int64, _ registry: HTTPRegistry) async throws -> Int64 {
        while true {
            do throws(RegistryError) {
                let current = try await registry.load(events)
                let found = current?.header.version ?? 0
                #expect(found >= acknowledged, "version \(acknowledged) was acknowledged, and \(found) is there")
                guard let next = try? dailyMap(days: Int(found % 9) + 1, version: found + 1) else { continue }
                if try await registry.publish(next, replacing: current?.header) == .published { return found + 1 }
            } catch {
                #expect(error.code == .unreachable, "\(error)")
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    @Test("loses no acknowledged map when its leader is killed during publishes, and routers on all of them converge")
    func leaders() async throws {
        try await withCluster { cluster in
            let writer = try cluster.registry()
            let routers = try (0..<3).map { number in
                Router(entity: events, registry: try cluster.registry(number), logger: .test)
            }
            let running = routers.map { router in Task { await router.run() } }
            defer { running.forEach { $0.cancel() } }
            var version = try await publish(above: 0, writer)
            for _ in 0..<3 {
                for _ in 0..<10 { version = try await publish(above: version, writer) }
                let leader = try await cluster.leader()
                async let killing: Void = cluster.servers[leader].kill()
                for _ in 0..<20 { version = try await publish(above: version, writer) }
                await killing
                for router in routers { try await served(version, by: router) }
                try await cluster.servers[leader].start()
            }
            #expect(version >= 91)
            version = try await publish(above: version, writer)
            for router in routers {
                try await served(version, by: router)
                #expect(try router.resolve(november).version == version)
            }
            let last = try #require(try await writer.load(events))
            #expect(last.document.entries.count == Int((version - 1) % 9) + 1)
            for number in 0..<3 { #expect(try await cluster.registry(number).load(events) == last) }
        }
    }

    private func served(_ version: Int64, by router: Router) async throws {
        for await seen in router.versions() where seen >= version { return }
    }

    @Test("that loses its quorum answers nobody and loses nothing, and a watch there begins anew when it is back")
    func quorum() async throws {
        try await withCluster { cluster in
            let registry = try cluster.registry()
            let first = try dailyMap(version: 1)
            #expect(try await registry.publish(first, replacing: nil) == .published)
            let hints = await registry.changes(events)
            try await RegistryHintTests.whileRunning(registry) {
                #expect(await RegistryHintTests.next(hints) == .reconnected)
                // The one that is watched lives.
                await cluster.servers[1].kill()
                await cluster.servers[2].kill()
                let second = try dailyMap(days: 4, version: 2)
                let reading = await #expect(throws: RegistryError.self) { try await registry.header(events) }
                #expect(reading?.code == .unreachable)
                let writing = await #expect(throws: RegistryError.self) {
                    try await registry.publish(second, replacing: first.header)
                }
                #expect(writing?.code == .unreachable)
                for number in 1...2 { try await cluster.servers[number].launch() }
                for number in 1...2 { try await cluster.servers[number].waitUntilReady() }
                // Whoever had hung on to the old watch would have said nothing.
                #expect(await RegistryHintTests.next(hints) == .reconnected)
                #expect(try await registry.load(events) == first)
                #expect(try await registry.publish(second, replacing: first.header) == .published)
                #expect(try await RegistryHintTests.version(above: 1, hints, registry) == 2)
            }
        }
    }

    @Test(
        "whose watched member takes everything and answers nothing is watched elsewhere",
        .timeLimit(.minutes(2))
    )
    func hungMember() async throws {
        try await withCluster { cluster in
            let reader = try cluster.registry()
            let hints = await reader.changes(events)
            try await RegistryHintTests.whileRunning(reader) {
                #expect(await RegistryHintTests.next(hints) == .reconnected)
                try await cluster.servers[0].pause()
                let writer = try cluster.registry(1)
                var version: Int64 = 0
                version = try await publish(above: version, writer)
                #expect(try await RegistryHintTests.version(above: 0, hints, reader) == version)
                try await cluster.servers[0].resume()
                let next = try await publish(above: version, writer)
                #expect(try await RegistryHintTests.version(above: version, hints, reader) == next)
            }
        }
    }
}
