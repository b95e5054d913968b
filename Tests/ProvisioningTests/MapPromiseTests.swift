// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import Partitioning
import Provisioning
import Testing

@Suite("What a published map promises to keep")
struct MapPromiseTests {
    private static let day: Int64 = 86_400_000_000
    /// 2026-11-23, a Monday, midnight UTC.
    private static let monday = 20_780 * day

    /// Monthly, with what is given before and after.
    private static func document(
        at now: Int64,
        first: PartitionMapDocument.RangeDatum = .timestamp(0),
        others: [PartitionMapDocument.Entry] = []
    ) throws -> PartitionMapDocument {
        let entries = [
            PartitionMapDocument.Entry(schema: "public", name: "a", bound: .range(first, .timestamp(10 * day))),
            PartitionMapDocument.Entry(
                schema: "public",
                name: "b",
                bound: .range(.timestamp(10 * day), .timestamp(20 * day))
            ),
        ]
        return try PartitionMapDocument(
            table: EntityName(schema: "public", table: "t"),
            key: [.init(columns: ["at"], types: ["timestamp without time zone"], strategy: .range)],
            keep: MapPromise(at: Instant(microseconds: now)).promise(of: entries + others),
            entries: entries + others
        )
    }

    @Test("is kept for two to three weeks, and moves on Mondays only")
    func weeks() throws {
        var last: Int64?
        for hour in 0..<(24 * 30) as Range<Int64> {
            let now = Self.monday - 3 * Self.day + hour * 3_600_000_000
            let until = try #require(try Self.document(at: now).keep).until
            #expect((14 * Self.day...21 * Self.day).contains(until - now), "\(hour)")
            if let last, until != last {
                #expect(until == last + 7 * Self.day)
                #expect((now - Self.monday) % (7 * Self.day) == 0, "\(hour)")
            }
            last = until
        }
        let before = try #require(try Self.document(at: Self.monday - 1).keep).until
        #expect(try #require(try Self.document(at: Self.monday).keep).until == before + 7 * Self.day)
        #expect(try #require(try Self.document(at: Self.monday + 7 * Self.day - 1).keep).until == before + 7 * Self.day)
    }

    @Test("covers every partition from the first bound on that is a value")
    func covered() throws {
        #expect(try Self.document(at: Self.monday).keep?.from == .timestamp(0))
        #expect(try Self.document(at: Self.monday, first: .minValue).keep?.from == .timestamp(10 * Self.day))
        let promise = MapPromise(at: Instant(microseconds: Self.monday))
        let berlin = PartitionMapDocument.Entry(
            schema: "public",
            name: "c",
            bound: .range(.instant(microseconds: 5, utcOffset: 3600), .maxValue)
        )
        // As it is read again.
        #expect(promise.promise(of: [berlin])?.from == .instant(microseconds: 5, utcOffset: 0))
        let rest = PartitionMapDocument.Entry(schema: "public", name: "d", state: .default, bound: .default)
        #expect(promise.promise(of: [rest]) == nil)
        #expect(promise.promise(of: []) == nil)
        let draining = PartitionMapDocument.Entry(
            schema: "public",
            name: "e",
            state: .draining,
            bound: .range(.timestamp(-10), .timestamp(0))
        )
        let entries = [draining] + (try Self.document(at: Self.monday).entries)
        #expect(promise.promise(of: entries)?.from == .timestamp(0))
    }

    @Test("of the week before is as good, with the same partitions; of two weeks before it isn't")
    func current() throws {
        let document = try Self.document(at: Self.monday)
        for (weeks, isCurrent) in [(0, true), (-1, true), (-2, false), (1, false)] as [(Int64, Bool)] {
            let stored = try Self.document(at: Self.monday + weeks * 7 * Self.day)
            #expect(MapPromise.isCurrent(stored, for: document) == isCurrent, "\(weeks)")
            let read = try PartitionMapDocument(parsing: stored.canonicalBytes)
            #expect(MapPromise.isCurrent(read, for: document) == isCurrent, "\(weeks)")
        }
        let other = try Self.document(at: Self.monday - 1, first: .timestamp(Self.day))
        #expect(!MapPromise.isCurrent(other, for: document))
        let rest = PartitionMapDocument.Entry(schema: "public", name: "d", state: .default, bound: .default)
        #expect(!MapPromise.isCurrent(try Self.document(at: Self.monday - 1, others: [rest]), for: document))
    }
}
