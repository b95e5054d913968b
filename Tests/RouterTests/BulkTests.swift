// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
@testable import PartitionRouter
import Testing

@Suite("A batch of rows")
struct BulkTests {
    @Test("is sorted by partition in the order it came, with what isn't routed beside it")
    func group() throws {
        let feed = feed()
        try feed.take(try daily(draining: [0]), version: 5)
        let reader = feed.router().reader()
        let rows = [day(2), day(1), day(2) + 1, day(9), day(0), day(1)]
        let routed = reader.group(rows, by: { $0 })
        #expect(routed.groups.map(\.partition.name) == ["events_2", "events_1"])
        #expect(routed.groups.map(\.rows) == [[day(2), day(2) + 1], [day(1), day(1)]])
        #expect(routed.misses.map(\.row) == [day(9), day(0)])
        #expect(routed.misses.map(\.miss.reason) == [.uncovered, .draining])
    }

    @Test("by keys of any shape; what has no partition goes to the table itself where that is allowed")
    func parent() throws {
        let feed = feed()
        try feed.take(try daily(), version: 5)
        let reader = feed.router(onMiss: .parent).reader()
        let routed = reader.group(["2026-11-02", "2027-01-01", "2026-11-02"]) { row -> [KeyValue] in [.text(row)] }
        #expect(routed.groups.map(\.partition.name) == ["events_1", "events"])
        #expect(routed.groups.map(\.rows.count) == [2, 1])
        #expect(routed.misses.isEmpty)
    }

    @Test("is sorted by the map that is served at its end: the rows may have come slowly, or their keys")
    func replacedMeanwhile() throws {
        for isInKey in [false, true] {
            let feed = feed()
            try feed.take(try daily(), version: 5)
            let reader = feed.router().reader()
            let next = try daily(draining: [0, 1])
            var asked = 0
            /// The first time that the second row comes up.
            func replace(_ number: Int64) throws {
                asked += 1
                if asked == 2 { try feed.take(next, version: 6) }
            }
            let rows = (0..<3 as Range<Int64>).lazy.map { number in
                if !isInKey { try? replace(number) }
                return number
            }
            let routed = reader.group(rows) { number in
                if isInKey { try? replace(number) }
                return day(number)
            }
            #expect(routed.groups.map(\.partition.name) == ["events_2"])
            #expect(routed.groups.map(\.partition.version) == [6])
            #expect(routed.misses.map(\.row) == [0, 1])
            #expect(routed.misses.map(\.miss.reason) == [.draining, .draining])
            #expect(reader.version == 6)
        }
    }

    @Test("of which the map has gone stale meanwhile, is answered as by a stale map")
    func staleMeanwhile() throws {
        let feed = feed()
        let until = MonotonicTime.wallMicroseconds() + 7 * microsecondsPerDay
        try feed.take(try daily(keep: .init(from: .date(day(1)), until: until)), version: 5)
        let reader = feed.router().reader()
        var looks = 0
        let routed = reader.group([day(0), day(1)], by: { $0 }) {
            looks += 1
            return .now() + .seconds(looks == 1 ? 0 : 91)
        }
        #expect(routed.groups.map(\.partition.name) == ["events_1"])
        #expect(routed.misses.map(\.miss.reason) == [.stale])
        // By a map that is confirmed meanwhile there is nothing to do again.
        let served = try daily()
        let other = MapFeed(entity: events, registry: MemoryRegistry(), listening: Turn())
        try other.take(served, version: 5, secondsAgo: 91)
        var keys = 0
        let refused = other.router().reader().group([day(0)]) { key -> Int64 in
            keys += 1
            _ = other.handle(.hinted)
            if let header = try? published(served, version: 5).header {
                _ = other.handle(.header(header, sentAt: .now()))
            }
            return key
        }
        #expect(refused.misses.map(\.miss.reason) == [.stale])
        #expect(keys == 1)
    }

    @Test(
        "the partitions of an interval are those that it touches, gaps and all; who reads is given draining ones, too, who writes is not"
    )
    func interval() throws {
        let gap = entry("late", .range(.date(day(9)), .maxValue))
        let feed = feed()
        try feed.take(try daily(draining: [1], [gap, fallback]), version: 5)
        let reader = feed.router().reader()
        let defaulting = feed.router(onMiss: .default).reader()
        func read(_ from: Int64, _ to: Int64) throws -> [String] {
            try reader.partitions(from: from, to: to, for: .reading).map(\.name)
        }
        func write(_ from: Int64, _ to: Int64, _ reader: Reader) throws -> [String] {
            try reader.partitions(from: from, to: to, for: .writing).map(\.name)
        }
        #expect(try read(day(0) - 1, day(0)) == ["events_default"])
        #expect(try read(day(0), day(1)) == ["events_0"])
        #expect(try read(day(1) - 1, day(2) + 1) == ["events_0", "events_1", "events_2", "events_default"])
        #expect(try read(day(2), day(3)) == ["events_2"])
        #expect(try read(day(4), day(5)) == ["events_default"])
        #expect(try read(day(4), .max) == ["late", "events_default"])
        #expect(try read(.min, .max) == ["events_0", "events_1", "events_2", "late", "events_default"])
        #expect(try read(day(2), day(2)) == [])
        #expect(try read(day(2), day(1)) == [])
        let states = try reader.partitions(from: day(0), to: day(2), for: .reading).map(\.state)
        #expect(states == [.active, .draining, .default])

        #expect(try write(day(0), day(3), reader) == ["events_0", "events_2"])
        #expect(try write(day(0), day(3), defaulting) == ["events_0", "events_2"])
        #expect(try write(day(1), day(2), defaulting) == [])
        #expect(try write(.min, .max, reader) == ["events_0", "events_2", "late"])
        #expect(try write(.min, .max, defaulting) == ["events_0", "events_2", "late", "events_default"])
    }

    @Test("an interval of a table without partitions, and before the first map")
    func empty() throws {
        let feed = feed()
        let reader = feed.router().reader()
        for use in [PartitionUse.reading, .writing] {
            #expect(reason { () throws(RoutingMiss) in try reader.partitions(from: 0, to: 1, for: use) } == .noMap)
        }
        try feed.take(try PartitionMapDocument(table: events, key: dateKey, entries: []), version: 5)
        #expect(try reader.partitions(from: .min, to: .max, for: .reading) == [])
        try feed.take(try PartitionMapDocument(table: events, key: dateKey, entries: [fallback]), version: 6)
        #expect(try reader.partitions(from: 0, to: 1, for: .reading).map(\.name) == ["events_default"])
    }
}
