// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import PartitionRouter
import Testing

/// Hints are only hints: they may be missed, repeated, reordered and false.
@Suite("A registry's hints")
struct RegistryHintTests {
    /// Runs the registry's listening beside the test, and ends it.
    static func whileRunning(_ registry: any Registry, _ body: () async throws -> Void) async throws {
        let listening = Task { await registry.run() }
        defer { listening.cancel() }
        try await body()
        listening.cancel()
        await listening.value
    }

    /// The next hint; nil when there will be none.
    static func next(_ hints: AsyncStream<RegistryHint>) async -> RegistryHint? {
        for await hint in hints { return hint }
        return nil
    }

    /// The next version that a listener sees after hints, skipping those that brought nothing new.
    static func version(
        above known: Int64,
        _ hints: AsyncStream<RegistryHint>,
        _ registry: any Registry
    ) async throws -> Int64 {
        while await Self.next(hints) != nil {
            if let version = try await registry.header(events)?.version, version > known { return version }
        }
        return -1
    }

    @Test("arrive when another client publishes or removes", .timeLimit(.minutes(2)), arguments: Store.allCases)
    func changes(store: Store) async throws {
        try await StoreFixture.with(store) { fixture in
            let writer = try await fixture.client()
            let reader = try await fixture.client()
            let hints = await reader.changes(events)
            try await Self.whileRunning(reader) {
                if store != .memory { #expect(await Self.next(hints) == .reconnected) }
                let first = try dailyMap(version: 1)
                _ = try await writer.publish(first, replacing: nil)
                #expect(try await Self.version(above: 0, hints, reader) == 1)
                // Nothing added, one partition gone: a hint all the same.
                let second = try dailyMap(days: 2, version: 2)
                _ = try await writer.publish(second, replacing: first.header)
                #expect(try await Self.version(above: 1, hints, reader) == 2)
                _ = try await writer.remove(events, replacing: second.header)
                while try await reader.header(events) != nil { _ = await Self.next(hints) }
            }
        }
    }

    @Test(
        "that are false or repeated bring nothing but another reading",
        .timeLimit(.minutes(2)),
        arguments: Store.servers
    )
    func falseHints(store: Store) async throws {
        try await StoreFixture.with(store) { fixture in
            let reader = try await fixture.client()
            let map = try dailyMap(version: 7)
            _ = try await reader.publish(map, replacing: nil)
            let hints = await reader.changes(events)
            let other = EntityName(schema: "public", table: "other")
            let otherHints = await reader.changes(other)
            try await Self.whileRunning(reader) {
                #expect(await Self.next(hints) == .reconnected)
                #expect(await Self.next(otherHints) == .reconnected)
                for _ in 0..<3 { try await fixture.hint(events) }
                #expect(await Self.next(hints) == .changed)
                #expect(try await reader.load(events) == map)
                // In order on one connection: so nothing came for the other table before.
                try await fixture.hint(other)
                #expect(await Self.next(otherHints) == .changed)
                #expect(try await reader.load(other) == nil)
            }
        }
    }

    @Test(
        "missed while the server was away are made up for on reconnecting",
        .timeLimit(.minutes(2)),
        arguments: Store.servers
    )
    func missed(store: Store) async throws {
        try await StoreFixture.with(store, ownServer: true) { fixture in
            let reader = try await fixture.client()
            let writer = try await fixture.client()
            let first = try dailyMap(version: 1)
            _ = try await writer.publish(first, replacing: nil)
            let hints = await reader.changes(events)
            try await Self.whileRunning(reader) {
                #expect(await Self.next(hints) == .reconnected)
                try await fixture.kill()
                try await fixture.start()
                _ = try await writer.publish(try dailyMap(days: 4, version: 2), replacing: first.header)
                #expect(try await Self.version(above: 1, hints, reader) == 2)
            }
        }
    }
}
