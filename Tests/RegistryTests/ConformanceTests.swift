// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import PartitionRouter
import TestSupport
import Testing

/// What every registry promises, checked with the real servers.
@Suite("Every registry")
struct ConformanceTests {
    @Test("begins empty, and gives to everybody what one client published", arguments: Store.allCases)
    func publish(store: Store) async throws {
        try await StoreFixture.with(store) { fixture in
            let writer = try await fixture.client()
            let reader = try await fixture.client()
            #expect(try await writer.load(events) == nil)
            #expect(try await writer.header(events) == nil)
            #expect(try await writer.entities() == [])
            let first = try dailyMap(version: 100)
            #expect(try await writer.publish(first, replacing: nil) == .published)
            #expect(try await reader.load(events) == first)
            #expect(try await reader.load(events)?.document.canonicalBytes == first.document.canonicalBytes)
            #expect(try await reader.header(events) == first.header)
            #expect(try await reader.load(events, .header)?.document == nil)
            #expect(try await reader.load(events, .all)?.isIntact == true)
            let second = try dailyMap(days: 5, version: 101)
            let expected = try await reader.load(events, .all, expecting: first.document)
            #expect(try await expected == reader.load(events, .all))
            // What was expected is never given out for what is there.
            #expect(try await reader.load(events, .all, expecting: second.document) == expected)
            #expect(try await reader.load(EntityName(schema: "a", table: "b"), .all, expecting: first.document) == nil)
            #expect(try await writer.publish(second, replacing: first.header) == .published)
            #expect(try await reader.load(events) == second)
            #expect(try await reader.load(events, .all)?.isIntact == true)
            #expect(try await reader.entities() == [events])
        }
    }

    @Test("replaces only the header that the publisher read", arguments: Store.allCases)
    func compareAndSwap(store: Store) async throws {
        try await StoreFixture.with(store) { fixture in
            let registry = try await fixture.client()
            let first = try dailyMap(version: 100)
            let second = try dailyMap(days: 4, version: 200)
            #expect(try await registry.publish(second, replacing: first.header) == .lostRace(current: nil))
            _ = try await registry.publish(first, replacing: nil)
            #expect(try await registry.publish(second, replacing: nil) == .lostRace(current: first.header))
            // The same version with another checksum is another header.
            let other = try dailyMap(days: 9, version: 100)
            #expect(try await registry.publish(second, replacing: other.header) == .lostRace(current: first.header))
            #expect(try await registry.load(events) == first)
            let error = await #expect(throws: RegistryError.self) {
                try await registry.publish(try dailyMap(days: 4, version: 100), replacing: first.header)
            }
            #expect(error?.code == .refused)
            #expect(try await registry.load(events) == first)
        }
    }

    @Test("removes only the header that the remover read", arguments: Store.allCases)
    func remove(store: Store) async throws {
        try await StoreFixture.with(store) { fixture in
            let registry = try await fixture.client()
            let first = try dailyMap(version: 100)
            let second = try dailyMap(days: 4, version: 200)
            #expect(try await registry.remove(events, replacing: first.header) == .lostRace(current: nil))
            _ = try await registry.publish(first, replacing: nil)
            _ = try await registry.publish(second, replacing: first.header)
            #expect(try await registry.remove(events, replacing: first.header) == .lostRace(current: second.header))
            #expect(try await registry.load(events) == second)
            #expect(try await registry.remove(events, replacing: second.header) == .published)
            #expect(try await registry.load(events) == nil)
            #expect(try await registry.entities() == [])
            #expect(try await registry.publish(try dailyMap(version: 300), replacing: nil) == .published)
        }
    }

    @Test("loses no update when writers race", arguments: Store.allCases)
    func race(store: Store) async throws {
        try await StoreFixture.with(store) { fixture in
            let (writers, rounds) = (4, 10)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<writers {
                    group.addTask {
                        let registry = try await fixture.client()
                        for _ in 0..<rounds { try await Self.addOneDay(registry) }
                    }
                }
                try await group.waitForAll()
            }
            let registry = try await fixture.client()
            #expect(try await registry.load(events)?.document.entries.count == writers * rounds)
            #expect(try await registry.header(events)?.version == Int64(writers * rounds))
        }
    }

    /// Reads, adds one partition, publishes; begins again when the race is lost.
    private static func addOneDay(_ registry: any Registry) async throws {
        while true {
            let current = try await registry.load(events)
            let days = (current?.document.entries.count ?? 0) + 1
            let version = try PartitionMapHeader.version(after: current?.header.version, clock: 0)
            let next = try dailyMap(days: days, version: version)
            if try await registry.publish(next, replacing: current?.header) == .published { return }
        }
    }

    @Test(
        "two writers race a thousand times, and each change replaced the one that it was made from",
        arguments: Store.allCases
    )
    func thousandRaces(store: Store) async throws {
        try await StoreFixture.with(store) { fixture in
            let published = try await withThrowingTaskGroup(of: [Int64: Int64].self) { group in
                for writer in 1...2 {
                    group.addTask {
                        let registry = try await fixture.patientClient()
                        var published: [Int64: Int64] = [:]
                        while published.count < 500 {
                            let current = try await registry.load(events)
                            let replaced = current?.header.version ?? 0
                            // Both read the same version, so both write the next one's pieces, of other bytes.
                            let version = try PartitionMapHeader.version(after: current?.header.version, clock: 0)
                            let next = try dailyMap(days: Int(version % 7) * 2 + writer, version: version)
                            guard try await registry.publish(next, replacing: current?.header) == .published else {
                                continue
                            }
                            published[version] = replaced
                        }
                        return published
                    }
                }
                return try await group.reduce(into: [[Int64: Int64]]()) { $0.append($1) }
            }
            let (first, second) = (published[0], published[1])
            #expect(Set(first.keys).isDisjoint(with: second.keys))
            #expect(first.count + second.count == 1000)
            #expect(first.merging(second) { $1 }.allSatisfy { $0.key == $0.value + 1 })
            let last = try await fixture.client().load(events)
            #expect(last?.header.version == 1000)
        }
    }

    @Test("keeps every name apart, however hostile", arguments: Store.allCases)
    func names(store: Store) async throws {
        let names = [
            ("public", "events"), ("public", "Events"), ("app", "events"), ("public", "app.events"),
            ("public", "a b;c'd\"e"),
            ("public", "{x}/%2F%"), ("public", "\u{E9}"), ("public", "e\u{301}"), ("public", "*"),
            ("public", "[a-z]*?\\"),
            ("public", "line\nbreak\t\u{1}"), ("public", "🐘"), ("public", String(repeating: "x", count: 63)),
            ("x", ":meta"),
        ].map { EntityName(schema: $0.0, table: $0.1) }
        try await StoreFixture.with(store) { fixture in
            let registry = try await fixture.client()
            for (index, name) in names.enumerated() {
                let map = try dailyMap(name, days: index + 1, version: Int64(index + 1))
                #expect(try await registry.publish(map, replacing: nil) == .published)
            }
            for (index, name) in names.enumerated() {
                #expect(try await registry.load(name)?.document.entries.count == index + 1)
                #expect(try await registry.header(name)?.version == Int64(index + 1))
            }
            #expect(try await registry.entities() == names.sorted())
        }
    }

    @Test("holds ten thousand partitions", arguments: Store.allCases)
    func many(store: Store) async throws {
        try await StoreFixture.with(store) { fixture in
            let registry = try await fixture.client()
            let first = try dailyMap(days: 10_000, version: 1)
            #expect(try await registry.publish(first, replacing: nil) == .published)
            #expect(try await registry.load(events) == first)
            let second = try dailyMap(days: 9_999, version: 2)
            #expect(try await registry.publish(second, replacing: first.header) == .published)
            #expect(try await registry.load(events) == second)
            #expect(try await registry.load(events, .all)?.isIntact == true)
        }
    }
}
