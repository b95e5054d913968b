// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import PartitionRouter
import Testing

@Suite("A registry whose server fails or was tampered with")
struct RegistryFailureTests {
    private func code(_ body: () async throws -> Void) async -> RegistryError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? RegistryError)?.code
        }
    }

    @Test("is unreachable while the server is stopped, and works again afterwards", arguments: Store.servers)
    func paused(store: Store) async throws {
        try await StoreFixture.with(store, ownServer: true) { fixture in
            let registry = try await fixture.patientClient()
            let first = try dailyMap(version: 1)
            _ = try await registry.publish(first, replacing: nil)
            try await fixture.pause()
            // On the connection that was open, and on a new one.
            for client in [registry, try await fixture.patientClient()] {
                let cancelled = Task { try await client.load(events) }
                try await Task.sleep(for: .milliseconds(100))
                cancelled.cancel()
                #expect(await code { _ = try await cancelled.value } == .cancelled)
            }
            #expect(await code { _ = try await fixture.client().load(events) } == .unreachable)
            try await fixture.resume()
            #expect(try await registry.load(events) == first)
            let second = try dailyMap(days: 4, version: 2)
            #expect(try await registry.publish(second, replacing: first.header) == .published)
        }
    }

    @Test(
        "is unreachable while the server is dead, and finds what was published after its restart",
        arguments: Store.servers
    )
    func killed(store: Store) async throws {
        try await StoreFixture.with(store, ownServer: true) { fixture in
            let registry = try await fixture.client()
            let first = try dailyMap(version: 1)
            _ = try await registry.publish(first, replacing: nil)
            try await fixture.kill()
            #expect(await code { _ = try await registry.load(events) } == .unreachable)
            #expect(await code { _ = try await registry.header(events) } == .unreachable)
            #expect(await code { _ = try await registry.entities() } == .unreachable)
            let second = try dailyMap(days: 4, version: 2)
            #expect(await code { _ = try await registry.publish(second, replacing: first.header) } == .unreachable)
            try await fixture.start()
            #expect(try await registry.load(events) == first)
            #expect(try await registry.publish(second, replacing: first.header) == .published)
        }
    }

    @Test("that was flushed takes a version above the lost one, by the clock", arguments: Store.servers)
    func flushed(store: Store) async throws {
        try await StoreFixture.with(store) { fixture in
            let registry = try await fixture.client()
            let clock: Int64 = 1_793_000_000_000_000
            let lost = try dailyMap(version: try PartitionMapHeader.version(after: nil, clock: clock))
            _ = try await registry.publish(lost, replacing: nil)
            try await fixture.flush()
            #expect(
                try await registry.publish(try dailyMap(version: clock + 5), replacing: lost.header)
                    == .lostRace(current: nil)
            )
            #expect(try await registry.load(events) == nil)
            let version = try PartitionMapHeader.version(
                after: try await registry.header(events)?.version,
                clock: clock + 1
            )
            #expect(version > lost.header.version)
            #expect(try await registry.publish(try dailyMap(version: version), replacing: nil) == .published)
        }
    }

    @Test("gives out no document that was changed by hand, and lets a publish repair it", arguments: Store.servers)
    func corruptDocument(store: Store) async throws {
        try await StoreFixture.with(store) { fixture in
            let registry = try await fixture.client()
            let first = try dailyMap(version: 1)
            _ = try await registry.publish(first, replacing: nil)
            let other = EntityName(schema: "public", table: "other")
            let texts = [
                "", "{", "null", String(decoding: first.document.canonicalBytes, as: UTF8.self) + " ",
                String(decoding: try dailyDocument(days: 2).canonicalBytes, as: UTF8.self),
                String(decoding: try dailyDocument(other).canonicalBytes, as: UTF8.self),
            ]
            for text in texts {
                try await fixture.write("document", text, events)
                #expect(await code { _ = try await registry.load(events) } == .corrupt)
                #expect(await code { _ = try await registry.load(events, .all) } == .corrupt)
                #expect(await code { _ = try await registry.load(events, .all, expecting: first.document) } == .corrupt)
            }
            // Bytes that are as expected must still be the header's.
            let others = try dailyDocument(days: 2)
            try await fixture.write("document", String(decoding: others.canonicalBytes, as: UTF8.self), events)
            #expect(await code { _ = try await registry.load(events, .all, expecting: others) } == .corrupt)
            #expect(try await registry.header(events) == first.header)
            let repaired = try dailyMap(version: 2)
            #expect(try await registry.publish(repaired, replacing: first.header) == .published)
            #expect(try await registry.load(events) == repaired)
        }
    }

    @Test("gives out no header that was changed by hand, and lets a publish replace it", arguments: Store.servers)
    func corruptHeader(store: Store) async throws {
        try await StoreFixture.with(store) { fixture in
            let registry = try await fixture.client()
            let first = try dailyMap(version: 5)
            _ = try await registry.publish(first, replacing: nil)
            let changes = [
                ("version", "0"), ("version", "-7"), ("version", "9007199254740992"), ("checksum", ""),
                ("checksum", "ABC"),
                ("size", "0"), ("size", "99999999999"), ("chunks", "0"), ("systemIdentifier", "x"), ("database", ""),
                ("timeline", "0"),
            ]
            var version: Int64 = 5
            for (field, value) in changes {
                try await fixture.write(field, value, events)
                for extent in [LoadExtent.header, .document, .all] {
                    #expect(await code { _ = try await registry.load(events, extent) } == .corrupt, "\(field)=\(value)")
                }
                version += 1
                let repaired = try dailyMap(version: version)
                #expect(try await registry.publish(repaired, replacing: nil) == .published)
                #expect(try await registry.load(events) == repaired)
            }
            // A size that isn't the document's is found with the document.
            try await fixture.write("size", "17", events)
            #expect(await code { _ = try await registry.load(events) } == .corrupt)
        }
    }
}
