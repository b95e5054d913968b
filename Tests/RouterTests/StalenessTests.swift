// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import MetricsTestKit
import PartitionMap
@testable import PartitionRouter
import Testing

@Suite("A map that isn't confirmed for long")
struct StalenessTests {
    /// Promised are the partitions from day 1 on, until so many seconds from now.
    private static func stale(
        _ secondsAgo: Int64 = 91,
        promisedFor seconds: Int64 = 7 * 86_400,
        version: Int64 = 5
    ) throws -> MapFeed {
        let feed = feed()
        let until = MonotonicTime.wallMicroseconds() + seconds * 1_000_000
        let document = try daily(keep: .init(from: .date(day(1)), until: until), [fallback])
        try feed.take(document, version: version, secondsAgo: secondsAgo)
        return feed
    }

    private static func reasons(_ feed: MapFeed, _ whenStale: WhenStale) -> [RoutingMiss.Reason?] {
        let reader = feed.router(whenStale: whenStale).reader()
        return (0..<3).map { number in reason { () throws(RoutingMiss) in try reader.index(for: day(number)) } }
    }

    @Test("is served until 90 s have passed since the read was sent")
    func bound() throws {
        for whenStale in [WhenStale.serveStable, .serveAll, .refuse] {
            #expect(try Self.reasons(Self.stale(80), whenStale) == [nil, nil, nil])
        }
        #expect(try Self.reasons(Self.stale(91), .refuse) == [.stale, .stale, .stale])
    }

    @Test("then only what it promises to keep is served, or all, or nothing")
    func whenStale() throws {
        #expect(try Self.reasons(Self.stale(), .serveStable) == [.stale, nil, nil])
        #expect(try Self.reasons(Self.stale(), .serveAll) == [nil, nil, nil])
        #expect(try Self.reasons(Self.stale(), .refuse) == [.stale, .stale, .stale])
    }

    @Test("the promise ends, by the database's clock where ours is behind")
    func promise() throws {
        #expect(try Self.reasons(Self.stale(promisedFor: -1), .serveStable) == [.stale, .stale, .stale])
        // The version is the database's clock at the publish, and says that the promise is over.
        let ahead = MonotonicTime.wallMicroseconds() + 8 * 86_400 * 1_000_000
        #expect(try Self.reasons(Self.stale(version: ahead), .serveStable) == [.stale, .stale, .stale])
        // The age of the confirmation is part of it.
        #expect(try Self.reasons(Self.stale(91, promisedFor: 90), .serveStable) == [.stale, .stale, .stale])
    }

    @Test("a map without a promise keeps nothing")
    func noPromise() throws {
        let feed = feed()
        try feed.take(try daily(), version: 5, secondsAgo: 91)
        #expect(Self.reasons(feed, .serveStable) == [.stale, .stale, .stale])
    }

    @Test("is served again once it is confirmed; a reader notices either at its next lookup")
    func again() throws {
        let feed = try Self.stale()
        let reader = feed.router(whenStale: .refuse).reader()
        #expect(reason { () throws(RoutingMiss) in try reader.index(for: day(1)) } == .stale)
        let document = try #require(feed.current.snapshot).document
        let header = try published(document, version: 5).header
        _ = feed.handle(.hinted)
        _ = feed.handle(.header(header, sentAt: .now() + .seconds(-10)))
        #expect(try reader.name(of: reader.index(for: day(1))) == "events_1")
    }

    @Test("the default partition isn't promised, the table itself always stands")
    func others() throws {
        let feed = try Self.stale()
        let other = feed.router(onMiss: .default)
        #expect(reason { () throws(RoutingMiss) in try other.resolve(day(9)) } == .stale)
        let parent = feed.router(onMiss: .parent)
        #expect(try parent.resolve(day(0)).name == "events")
        #expect(try parent.resolve(day(1)).name == "events_1")
        // But for who wants all that the map has.
        #expect(try feed.router(whenStale: .serveAll, onMiss: .default).resolve(day(9)).name == "events_default")
    }

    @Test("knows nothing of keys that it has no partition for, and says so", arguments: [false, true])
    func beyond(hasDefault: Bool) throws {
        let feed = feed()
        let until = MonotonicTime.wallMicroseconds() + 7 * microsecondsPerDay
        let document = try daily(keep: .init(from: .date(day(0)), until: until), hasDefault ? [fallback] : [])
        try feed.take(document, version: 5, secondsAgo: 86_400)
        for whenStale in [WhenStale.serveStable, .serveAll, .refuse] {
            let reader = feed.router(whenStale: whenStale).reader()
            #expect(reason { () throws(RoutingMiss) in try reader.index(for: day(5)) } == .stale)
            #expect(reason { () throws(RoutingMiss) in try reader.index(for: ["2026-11-06"]) } == .stale)
            for use in [PartitionUse.reading, .writing] {
                for (start, end) in [(day(5), day(6)), (day(2), day(4)), (day(-1), day(1)), (.min, .max)] {
                    #expect(
                        reason { () throws(RoutingMiss) in try reader.partitions(from: start, to: end, for: use) }
                            == .stale
                    )
                }
                #expect(try reader.partitions(from: day(5), to: day(5), for: use) == [])
            }
            #expect(try feed.router(whenStale: whenStale, onMiss: .parent).resolve(day(5)).name == "events")
        }
    }

    @Test("gives an interval that it covers with what may be served, and counts that; any other it refuses as a whole")
    func intervals() throws {
        let feed = try Self.stale()
        let metrics = TestMetrics()
        func reader(_ whenStale: WhenStale) -> Reader {
            Router(feed: feed, whenStale: whenStale, logger: .silent, metrics: metrics).reader()
        }
        func names(_ whenStale: WhenStale, _ from: Int64, _ to: Int64) -> [String]? {
            try? reader(whenStale).partitions(from: day(from), to: day(to), for: .reading).map(\.name)
        }
        // Where partitions of its own hold the whole interval the default one has nothing to do with it.
        #expect(names(.serveStable, 1, 3) == ["events_1", "events_2"])
        #expect(names(.serveStable, 0, 2) == nil)
        #expect(names(.serveAll, 0, 2) == ["events_0", "events_1"])
        #expect(names(.refuse, 1, 2) == nil)
        func count(_ reason: String) throws -> Int64 {
            try metrics.expectCounter("partition_routing_miss_total", [("table", "events"), ("reason", reason)])
                .totalValue
        }
        #expect(try (count("served_stale"), count("stale")) == (2, 2))
    }

    @Test("of a stale map no draining partition is read, whatever else is allowed; who writes does without it as ever")
    func draining() throws {
        let feed = feed()
        try feed.take(try daily(draining: [1]), version: 5, secondsAgo: 91)
        let reader = feed.router(whenStale: .serveAll).reader()
        let written = try reader.partitions(from: day(0), to: day(3), for: .writing)
        #expect(written.map(\.name) == ["events_0", "events_2"])
        #expect(
            reason { () throws(RoutingMiss) in try reader.partitions(from: day(0), to: day(3), for: .reading) }
                == .stale
        )
        #expect(reason { () throws(RoutingMiss) in try reader.index(for: day(1)) } == .draining)
    }

    @Test(
        "an index that is kept is good for no longer than its map",
        arguments: [WhenStale.serveStable, .serveAll, .refuse]
    )
    func keptIndex(whenStale: WhenStale) throws {
        let feed = try Self.stale()
        let reader = feed.router(whenStale: whenStale).reader()
        // As if they had been looked up while the map was fresh.
        let before = feed.router(whenStale: .serveAll).reader()
        let indices = try (0..<2).map { try before.index(for: day($0)) }
        #expect(try indices.map { try before.name(of: $0) } == ["events_0", "events_1"])
        let expected: [RoutingMiss.Reason?] =
            switch whenStale {
            case .serveStable: [.stale, nil]
            case .serveAll: [nil, nil]
            case .refuse: [.stale, .stale]
            }
        for (index, expected) in zip(indices, expected) {
            #expect(reason { () throws(RoutingMiss) in try reader.name(of: index) } == expected)
            #expect(reason { () throws(RoutingMiss) in try reader.schema(of: index) } == expected)
            #expect(reason { () throws(RoutingMiss) in try reader.partition(of: index) } == expected)
        }
        // A stale map that is replaced is no longer asked.
        try feed.take(try daily(draining: [0, 1]), version: 6)
        for index in indices {
            #expect(reason { () throws(RoutingMiss) in try reader.partition(of: index) } == .superseded)
        }
    }
}
