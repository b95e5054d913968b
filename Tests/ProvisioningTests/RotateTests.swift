// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import PartitionMap
import PartitionRouter
import Partitioning
import Provisioning
import Testing
import TestSupport

@Suite("A run", .temporaryDatabase)
struct RotateTests {
    @Test("creates what the buffer needs, publishes it, and finds nothing to do the second time")
    func converges() async throws {
        let fixture = try await Fixture()
        try await fixture.makeEvents()
        let registry = MemoryRegistry()
        let first = try await fixture.rotate(registry: registry)
        let events = try #require(first.table("events"))
        #expect(events.outcome == .converged, "\(events)")
        let after = try await fixture.partitions(of: "events")
        #expect(after.count >= 3)
        let map = try #require(try await registry.load(EntityName(schema: "public", table: "events")))
        #expect(map.document.entries.count == after.count)

        let second = try await fixture.rotate(registry: registry)
        #expect(second.table("events")?.steps == [])
        #expect(try await fixture.partitions(of: "events") == after)
        #expect(second.publications?.values.allSatisfy { $0 == .unchanged(version: map.header.version) } == true)
    }
}
