// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import PartitionMap
import PartitionRouter
import Partitioning
import Provisioning
import Testing
import TestSupport

@Suite("A partition that is to be retired", .temporaryDatabase)
struct RetiringMarkerTests {
    private static let entity = EntityName(schema: "public", table: "events")

    @Test("what its comment says comes back whole, beside what others wrote there")
    func roundTrip() throws {
        let mark = RetireMark(
            drainingSince: 1_795_000_000_123_456,
            sighting: RetireMark.Sighting(
                version: 7,
                lsn: LogSequenceNumber(rawValue: 0x16_B374_D848),
                at: 1_795_000_090_000_001
            ),
            keptUntil: 1_795_600_000_000_000
        )
        let marker = PartitionMarker(
            parent: "public.events",
            createdAt: Instant(microseconds: 0),
            retiring: RetiringMarker(mark)
        )
        let comment = try #require(MarkerComment(text: "Events of long ago", marker: marker).comment)
        let read = MarkerComment(parsing: comment)
        #expect(read.text == "Events of long ago")
        #expect(read.marker == marker)
        #expect(try RetireMark(#require(read.marker?.retiring)) == mark)
    }

    @Test("a sighting that can't be read is none, so that the wait begins again")
    func unreadable() {
        let sighting = RetiringMarker.Sighting(version: 7, lsn: "nowhere", at: Instant(microseconds: 5))
        let mark = RetireMark(RetiringMarker(drainingSince: Instant(microseconds: 4), sighting: sighting))
        #expect(mark == RetireMark(drainingSince: 4))
    }

    @Test("is published as draining by the next run, whoever marked it, and the protocol goes on from its comment")
    func published() async throws {
        let fixture = try await Fixture()
        try await fixture.makeEvents()
        let registry = MemoryRegistry()
        var run = try fixture.provisioner(settings: PlanSettings(bufferDays: 60))
        run.publisher = Publisher(registry: registry, logger: .test)
        _ = try await run.rotate()
        let before = try #require(await registry.load(Self.entity, .all, expecting: nil)?.document)
        #expect(before.entries.allSatisfy { $0.state != .draining })

        let first = try #require(before.entries.first)
        let since = Instant(microseconds: 1_795_000_000_000_000)
        let marker = PartitionMarker(
            parent: "public.events",
            createdAt: since,
            retiring: RetiringMarker(drainingSince: since)
        )
        let comment = try #require(MarkerComment(text: nil, marker: marker).comment)
        try await fixture.execute("COMMENT ON TABLE \(identifier: first.name) IS \(literal: comment)")
        #expect(try await run.rotate().publications?.values.allSatisfy { !$0.isFailure } == true)
        let stored = try #require(await registry.load(Self.entity, .all, expecting: nil))
        let document = try #require(stored.document)
        #expect(document.entries.filter { $0.state == .draining }.map(\.name) == [first.name])

        let map = try PublishedMap(document: document, version: stored.header.version, origin: stored.header.origin)
        let subject = RetireProtocol.Subject(
            partition: EntityName(schema: first.schema, table: first.name),
            origin: stored.header.origin,
            mark: RetireMark(RetiringMarker(drainingSince: since)),
            promisedUntil: nil
        )
        let clocks = RetireClocks(server: since.microseconds + 1, client: since.microseconds)
        guard case .mark(let next) = RetireProtocol().next(subject, .stored(map), clocks) else {
            Issue.record("the sighting is written down next")
            return
        }
        #expect(next.sighting?.version == stored.header.version)
    }
}
