// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
@testable import PartitionRouter
import Testing

@Suite("A router", .timeLimit(.minutes(2)))
struct RouterTests {
    /// Runs routers beside the test, and ends them.
    private static func whileRunning(_ routers: [Router], _ body: () async throws -> Void) async throws {
        let running = routers.map { router in Task { await router.run() } }
        defer { for task in running { task.cancel() } }
        try await body()
        for task in running { task.cancel() }
        for task in running { await task.value }
    }

    /// Waits until the router serves that version.
    private static func served(_ version: Int64, by router: Router) async throws {
        for await seen in router.versions() where seen >= version {
            #expect(seen == version)
            return
        }
    }

    @Test("serves what is published, and every new version without a restart")
    func reload() async throws {
        let registry = MemoryRegistry()
        let router = Router(entity: events, registry: registry, logger: .silent)
        try await Self.whileRunning([router]) {
            let first = try published(daily(), version: 1)
            _ = try await registry.publish(first, replacing: nil)
            try await Self.served(1, by: router)
            #expect(try router.resolve(day(2)).name == "events_2")
            #expect(reason { () throws(RoutingMiss) in try router.resolve(day(3)) } == .uncovered)
            let second = try published(daily(days: 4), version: 2)
            _ = try await registry.publish(second, replacing: first.header)
            try await Self.served(2, by: router)
            #expect(try router.resolve(day(3)).name == "events_3")
            #expect(router.version == 2)
            #expect(try #require(router.age) < .seconds(60))
        }
    }

    @Test("counts its age from when a reading was sent, not from when it was answered")
    func sentNotAnswered() async throws {
        let registry = ObservedRegistry()
        await registry.answer(after: .milliseconds(100))
        // A table of this test's own: what another test of this process has decoded isn't read again.
        let table = EntityName(schema: "public", table: "answered_late")
        _ = try await registry.publish(try published(daily(table: table), version: 1), replacing: nil)
        let feed = MapFeed(entity: table, registry: registry, listening: Turn())
        let router = feed.router()
        try await Self.whileRunning([router]) {
            try await Self.served(1, by: router)
            let taken = try #require(feed.current.confirmedAt)
            #expect(try taken <= #require(await registry.asked[.document]))
            await registry.hint(table)
            while feed.current.confirmedAt == taken { try await Task.sleep(for: .milliseconds(1)) }
            #expect(try #require(feed.current.confirmedAt) <= #require(await registry.asked[.header]))
        }
    }

    @Test("shares one map, one reading and one listening with its siblings, and takes over from one that stops")
    func siblings() async throws {
        let registry = ObservedRegistry()
        // A table of this test's own: what another test of this process has decoded isn't read again.
        let table = EntityName(schema: "public", table: "shared_by_siblings")
        let other = EntityName(schema: "public", table: "other")
        let first = try published(daily(table: table), version: 1)
        _ = try await registry.publish(first, replacing: nil)
        let routers = (0..<20).map { _ in Router(entity: table, registry: registry, logger: .silent) }
        let stranger = Router(entity: other, registry: registry, logger: .silent)
        let leader = Task { await routers[0].run() }
        try await Self.served(1, by: routers[19])
        try await Self.whileRunning(Array(routers.dropFirst()) + [stranger]) {
            #expect(await registry.documentReads == 1)
            leader.cancel()
            await leader.value
            let second = try published(daily(days: 4, table: table), version: 2)
            _ = try await registry.publish(second, replacing: first.header)
            for router in routers { try await Self.served(2, by: router) }
            #expect(await registry.documentReads == 2)
            #expect(await registry.mostListeners == 1)
        }
        #expect(await registry.listeners == 0)
    }

    @Test("of another registry object reads the header only, where the process has decoded the document")
    func decodedOnce() async throws {
        let (one, two) = (ObservedRegistry(), ObservedRegistry())
        // A table of this test's own: what another test of this process has decoded isn't read again.
        let table = EntityName(schema: "public", table: "decoded_once")
        let map = try published(daily(days: 7, table: table), version: 1)
        for registry in [one, two] { _ = try await registry.publish(map, replacing: nil) }
        let first = Router(entity: table, registry: one, logger: .silent)
        let second = Router(entity: table, registry: two, logger: .silent)
        try await Self.whileRunning([first]) {
            try await Self.served(1, by: first)
            try await Self.whileRunning([second]) { try await Self.served(1, by: second) }
        }
        #expect(await one.documentReads == 1)
        #expect(await two.documentReads == 0)
        #expect(try second.resolve(day(6)).name == "events_6")
    }

    @Test(
        "keeps the last good map when the store fails, is flushed, restored, or holds damage; one table harms no other"
    )
    func lastGood() async throws {
        let registry = ObservedRegistry()
        let map = try published(daily(), version: 10)
        _ = try await registry.publish(map, replacing: nil)
        let router = Router(entity: events, registry: registry, logger: .silent)
        try await Self.whileRunning([router]) {
            try await Self.served(10, by: router)
            let older = try published(daily(days: 9), version: 9)
            let twin = try published(daily(days: 9), version: 10)
            let stranger = try published(
                daily(days: 9, table: EntityName(schema: "public", table: "stranger")),
                version: 11
            )
            for planted in [nil, older, twin, stranger] {
                await registry.plant(planted.map { StoredMap(header: $0.header, document: $0.document) })
                try await Self.hint(registry)
            }
            // A document that isn't the header's.
            await registry.plant(StoredMap(header: stranger.header, document: older.document))
            try await Self.hint(registry)
            await registry.fail(RegistryError(.unreachable, "gone"))
            try await Self.hint(registry)
            #expect(router.version == 10)
            #expect(reason { () throws(RoutingMiss) in try router.resolve(day(5)) } == .uncovered)
            await registry.fail(nil)
            let good = try published(daily(days: 9), version: 12)
            await registry.plant(StoredMap(header: good.header, document: good.document))
            await registry.hint(events)
            try await Self.served(12, by: router)
            #expect(try router.resolve(day(5)).name == "events_5")
        }
    }

    /// Hints until the header was read twice since: then what the first of these reads found was acted upon.
    private static func hint(_ registry: ObservedRegistry) async throws {
        let reads = await registry.headerReads
        while await registry.headerReads < reads + 2 {
            await registry.hint(events)
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    @Test("whoever ceases to wait for versions is forgotten at once, without a new map")
    func listeners() async throws {
        let feed = feed()
        try feed.take(try daily(), version: 1)
        let router = feed.router()
        for _ in 0..<100 {
            for await version in router.versions() {
                #expect(version == 1)
                break
            }
        }
        #expect(feed.listenerCount == 0)
        var iterator = router.versions().makeAsyncIterator()
        #expect(await iterator.next() == 1)
        let waiting = Task { for await _ in router.versions() {} }
        while feed.listenerCount < 2 { try await Task.sleep(for: .milliseconds(1)) }
        waiting.cancel()
        await waiting.value
        #expect(feed.listenerCount == 1)
        try feed.take(try daily(days: 4), version: 2)
        #expect(await iterator.next() == 2)
    }

    @Test("readers of many tasks see no map twice and none backwards while versions fly")
    func manyReaders() async throws {
        let registry = MemoryRegistry()
        let router = Router(entity: events, registry: registry, logger: .silent)
        var header = try published(daily(days: 2), version: 1).header
        _ = try await registry.publish(try published(daily(days: 2), version: 1), replacing: nil)
        try await Self.whileRunning([router]) {
            try await Self.served(1, by: router)
            let readers = (0..<4).map { _ in
                Task {
                    let reader = router.reader()
                    var last: Int64 = 0
                    while !Task.isCancelled, last < 60 {
                        // Version v has the days 0 to v.
                        guard try reader.partition(for: day(1)).name == "events_1" else { return false }
                        guard reader.version >= last else { return false }
                        last = reader.version
                        guard try reader.partition(for: day(last)).name == "events_\(last)" else { return false }
                        await Task.yield()
                    }
                    return true
                }
            }
            for version in 2...60 as ClosedRange<Int64> {
                let map = try published(daily(days: version + 1), version: version)
                _ = try await registry.publish(map, replacing: header)
                header = map.header
            }
            for reader in readers { #expect(try await reader.value) }
        }
    }
}
