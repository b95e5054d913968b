// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Logging
import PartitionMap
import PartitionRouter
import TestSupport
import Testing

/// Routers on the real stores: what the tests of `RouterTests` show with a memory registry holds there too.
@Suite("A router on a store", .timeLimit(.minutes(3)))
struct RouterStoreTests {
    private static func router(_ registry: any Registry, _ lines: LogLines = LogLines()) -> Router {
        Router(entity: events, registry: registry, logger: Logger(label: "test") { _ in lines })
    }

    private static func whileRunning(_ router: Router, _ body: () async throws -> Void) async throws {
        let running = Task { await router.run() }
        defer { running.cancel() }
        try await body()
        running.cancel()
        await running.value
    }

    private static func served(_ version: Int64, by router: Router) async {
        for await seen in router.versions() where seen >= version { return }
    }

    @Test("serves each version that another client publishes", arguments: Store.allCases)
    func follows(store: Store) async throws {
        try await StoreFixture.with(store) { fixture in
            let writer = try await fixture.client()
            let router = Self.router(try await fixture.client())
            try await Self.whileRunning(router) {
                var replaced: PartitionMapHeader?
                for version in 1...3 as ClosedRange<Int64> {
                    let map = try dailyMap(days: Int(version) + 2, version: version)
                    #expect(try await writer.publish(map, replacing: replaced) == .published)
                    replaced = map.header
                    await Self.served(version, by: router)
                    let newest = try router.resolve(november + (version + 1) * microsecondsPerDay)
                    #expect(newest.name == "events_\(version + 1)")
                    #expect(newest.version == version)
                }
            }
        }
    }

    @Test("keeps its map through a flush and a lower version, and takes the next higher one", arguments: Store.servers)
    func flushed(store: Store) async throws {
        try await StoreFixture.with(store) { fixture in
            let writer = try await fixture.client()
            let lines = LogLines()
            let router = Self.router(try await fixture.client(), lines)
            _ = try await writer.publish(try dailyMap(version: 10), replacing: nil)
            try await Self.whileRunning(router) {
                await Self.served(10, by: router)
                try await fixture.flush()
                let lower = try dailyMap(days: 9, version: 9)
                #expect(try await writer.publish(lower, replacing: nil) == .published)
                try await eventually("the router has read the lower version") {
                    lines.text.contains("doesn't follow the served one")
                }
                #expect(router.version == 10)
                #expect(try router.resolve(november + 2 * microsecondsPerDay).version == 10)
                let higher = try dailyMap(days: 5, version: 11)
                #expect(try await writer.publish(higher, replacing: lower.header) == .published)
                await Self.served(11, by: router)
                #expect(try router.resolve(november + 4 * microsecondsPerDay).name == "events_4")
            }
        }
    }

    @Test("serves on while the server is dead, and catches up when it is back", arguments: Store.servers)
    func killed(store: Store) async throws {
        try await StoreFixture.with(store, ownServer: true) { fixture in
            let writer = try await fixture.client()
            let router = Self.router(try await fixture.client())
            let first = try dailyMap(version: 1)
            _ = try await writer.publish(first, replacing: nil)
            try await Self.whileRunning(router) {
                await Self.served(1, by: router)
                try await fixture.kill()
                let before = try #require(router.age)
                #expect(try router.resolve(november).name == "events_0")
                try await eventually("the map grows older") { router.age.map { $0 > before } ?? false }
                #expect(try router.resolve(november).version == 1)
                try await fixture.start()
                _ = try await writer.publish(try dailyMap(days: 4, version: 2), replacing: first.header)
                await Self.served(2, by: router)
            }
        }
    }

    @Test("keeps its map when the document is damaged by hand, until the next publish", arguments: Store.servers)
    func damaged(store: Store) async throws {
        try await StoreFixture.with(store) { fixture in
            let writer = try await fixture.client()
            let lines = LogLines()
            let router = Self.router(try await fixture.client(), lines)
            let first = try dailyMap(version: 1)
            _ = try await writer.publish(first, replacing: nil)
            try await Self.whileRunning(router) {
                await Self.served(1, by: router)
                // A newer map, of a document that nobody has; what stands there isn't it.
                try await fixture.write("checksum", String(repeating: "a", count: 64), events)
                try await fixture.write("version", "5", events)
                try await fixture.write("document", "{}", events)
                try await fixture.hint(events)
                try await eventually("the router has read the damage") {
                    lines.text.contains("the partition map can't be read")
                }
                #expect(try router.resolve(november).version == 1)
                let current = try #require(try await writer.header(events))
                let map = try dailyMap(days: 4, version: 6)
                #expect(try await writer.publish(map, replacing: current) == .published)
                await Self.served(6, by: router)
                #expect(try router.resolve(november).version == 6)
            }
        }
    }
}
