// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

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
        #expect(try feed.router(whenStale: .serveAll, onMiss: .default).resolve(day(9)).name == "events_default")
    }

    @Test("reading ranges is refused when a partition of them may be gone")
    func ranges() throws {
        let feed = try Self.stale()
        let reader = feed.router().reader()
        #expect(reason { () throws(RoutingMiss) in try reader.partitions(from: day(0), to: day(2)) } == .stale)
    }

    @Test("of a stale map no draining partition is read, whatever else is allowed")
    func draining() throws {
        let feed = feed()
        try feed.take(try daily(draining: [1]), version: 5, secondsAgo: 91)
        let reader = feed.router(whenStale: .serveAll).reader()
        #expect(try reader.partitions(from: day(0), to: day(3)).map(\.name) == ["events_0", "events_2"])
        #expect(
            reason { () throws(RoutingMiss) in
                try reader.partitions(from: day(0), to: day(3), includingDraining: true)
            } == .stale
        )
    }
}
