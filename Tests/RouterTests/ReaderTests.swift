// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
@testable import PartitionRouter
import Testing

@Suite("A reader")
struct ReaderTests {
    @Test("finds active partitions, and says why a key has none")
    func lookups() throws {
        let feed = feed()
        try feed.take(try daily(draining: [0], [fallback]), version: 5)
        let reader = feed.router().reader()
        let index = try reader.index(for: day(1))
        #expect(try reader.name(of: index) == "events_1")
        #expect(try reader.schema(of: index) == "public")
        #expect(
            try reader.partition(of: index)
                == RoutedPartition(table: events, schema: "public", name: "events_1", state: .active, version: 5)
        )
        #expect(try reader.name(of: reader.index(for: day(3) - 1)) == "events_2")
        #expect(reason { () throws(RoutingMiss) in try reader.index(for: day(0)) } == .draining)
        #expect(reason { () throws(RoutingMiss) in try reader.index(for: day(3)) } == .uncovered)
        #expect(reason { () throws(RoutingMiss) in try reader.index(for: ["2026-11-02"]) } == nil)
        #expect(reason { () throws(RoutingMiss) in try reader.index(for: ["tomorrow"]) } == .unreadable)
        for key in [[], ["2026-11-02", "x"]] as [[KeyValue]] {
            #expect(reason { () throws(RoutingMiss) in try reader.index(for: key) } == .unreadable)
        }
        #expect(try reader.partition(for: day(1)) == reader.partition(of: index))
        #expect(try reader.partition(for: ["2026-11-02"]) == reader.partition(of: index))
        #expect(MemoryLayout<PartitionIndex>.size == 8)
    }

    @Test("a miss tells table, key, version, age and what is covered")
    func miss() throws {
        let feed = feed()
        try feed.take(try daily(), version: 5, secondsAgo: 7)
        let router = feed.router()
        let miss = try #require(throws: RoutingMiss.self) { try router.resolve(["2027-01-01"]) }
        #expect(miss.reason == .uncovered)
        #expect(miss.table == events)
        #expect(miss.key == "2027-01-01")
        #expect(miss.version == 5)
        #expect(try (7...60).contains(#require(miss.age).components.seconds))
        #expect(miss.covered?.start == "2026-11-01")
        #expect(miss.covered?.end == "2026-11-04")
        #expect("\(miss)".contains("events has no partition for 2027-01-01"), "\(miss)")
    }

    @Test("before the first map nothing is routed, and then everything is")
    func noMap() throws {
        let feed = feed()
        let reader = feed.router().reader()
        #expect(reason { () throws(RoutingMiss) in try reader.index(for: day(1)) } == .noMap)
        #expect(reason { () throws(RoutingMiss) in try reader.index(for: ["2026-11-02"]) } == .noMap)
        try feed.take(try daily(), version: 5)
        #expect(try reader.name(of: reader.index(for: day(1))) == "events_1")
    }

    @Test("refuses an index of a map that was replaced, and takes the new one up at the next lookup")
    func superseded() throws {
        let feed = feed()
        try feed.take(try daily(), version: 5)
        let reader = feed.router().reader()
        let old = try reader.index(for: day(2))
        #expect(try reader.name(of: old) == "events_2")
        // The same place among the entries is another partition now.
        try feed.take(try daily(days: 4, first: 1), version: 6)
        #expect(reason { () throws(RoutingMiss) in try reader.name(of: old) } == .superseded)
        #expect(reader.version == 5)
        let new = try reader.index(for: day(2))
        #expect(new != old)
        #expect(try reader.name(of: new) == "events_2")
        #expect(reader.version == 6)
        #expect(reason { () throws(RoutingMiss) in try reader.name(of: old) } == .superseded)
        #expect(reason { () throws(RoutingMiss) in try reader.index(for: day(0)) } == .uncovered)
    }

    @Test("refuses an index of another table's reader, though each took as many maps")
    func otherTable() throws {
        let (one, other) = (feed(), feed(EntityName(schema: "public", table: "others")))
        try one.take(try daily(days: 30), version: 5)
        try other.take(try daily(days: 2, table: other.entity), version: 5)
        let (long, short) = (one.router().reader(), other.router().reader())
        let (far, near) = (try long.index(for: day(29)), try long.index(for: day(0)))
        _ = try short.index(for: day(1))
        for index in [far, near] {
            #expect(reason { () throws(RoutingMiss) in try short.name(of: index) } == .superseded)
            #expect(reason { () throws(RoutingMiss) in try short.schema(of: index) } == .superseded)
            #expect(reason { () throws(RoutingMiss) in try short.partition(of: index) } == .superseded)
        }
        #expect(try long.name(of: far) == "events_29")
        // Nor before the first map.
        let empty = feed(EntityName(schema: "public", table: "empty")).router(onMiss: .parent).reader()
        #expect(reason { () throws(RoutingMiss) in try empty.name(of: near) } == .superseded)
        let parent = try empty.index(for: day(0))
        #expect(reason { () throws(RoutingMiss) in try long.name(of: parent) } == .superseded)
    }

    @Test("one reader's lookups don't change what another one holds")
    func ofItsOwn() throws {
        let feed = feed()
        try feed.take(try daily(), version: 5)
        let router = feed.router()
        let (one, other) = (router.reader(), router.reader())
        let index = try one.index(for: day(2))
        try feed.take(try daily(days: 4, first: 1), version: 6)
        #expect(try other.name(of: other.index(for: day(3))) == "events_3")
        #expect((other.version, one.version) == (6, 5))
        #expect(reason { () throws(RoutingMiss) in try one.name(of: index) } == .superseded)
        #expect(try one.name(of: one.index(for: day(3))) == "events_3")
    }

    @Test("composite keys, lists and NULL go down the levels")
    func composite() throws {
        let key = [PartitionMapDocument.Level(columns: ["tenant"], types: ["integer"], strategy: .list)] + dateKey
        func leaf(
            _ name: String,
            _ tenant: PartitionMapDocument.ListValue,
            _ bound: PartitionMapDocument.Bound
        )
            -> PartitionMapDocument.Entry
        {
            .init(
                schema: "app",
                name: name,
                state: bound == .default ? .default : .active,
                path: [.list([tenant]), bound]
            )
        }
        let november = PartitionMapDocument.Bound.range(.date(day(0)), .date(day(30)))
        let document = try PartitionMapDocument(
            table: events,
            key: key,
            entries: [
                leaf("one", .integer(1), november), leaf("none", .null, november),
                leaf("none_rest", .null, .default),
            ]
        )
        let feed = feed()
        try feed.take(document, version: 1)
        let reader = feed.router(onMiss: .default).reader()
        func name(_ key: [KeyValue]) throws -> String { try reader.name(of: reader.index(for: key)) }
        #expect(try name([1, .coordinate(day(4))]) == "one")
        #expect(try name(["1", "2026-11-05"]) == "one")
        #expect(try name([.null, "2026-11-05"]) == "none")
        #expect(try name([.null, .null]) == "none_rest")
        #expect(reason { () throws(RoutingMiss) in try reader.index(for: [2, "2026-11-05"]) } == .uncovered)
        #expect(reason { () throws(RoutingMiss) in try reader.index(for: [1]) } == .unreadable)
        #expect(reason { () throws(RoutingMiss) in try reader.index(for: day(4)) } == .unreadable)
    }

    @Test("what only the server can place is said so, and goes to the table itself where that is allowed")
    func unplaceable() throws {
        let key = [PartitionMapDocument.Level(columns: ["id"], types: ["bigint"], strategy: .hash)]
        let document = try PartitionMapDocument(
            table: events,
            key: key,
            entries: [entry("h", .hash(modulus: 1, remainder: 0))]
        )
        let feed = feed()
        try feed.take(document, version: 1)
        let strict = feed.router()
        #expect(reason { () throws(RoutingMiss) in try strict.resolve(5) } == .unplaceable)
        #expect(reason { () throws(RoutingMiss) in try strict.resolve(["5"]) } == .unplaceable)
        let lenient = feed.router(onMiss: .parent)
        #expect(try lenient.resolve(5).qualifiedName == "public.events")
    }

    @Test("on a miss it throws, or names the table itself, or the default partition")
    func onMiss() throws {
        let feed = feed()
        try feed.take(try daily(draining: [0], [fallback]), version: 5)
        let parent = feed.router(onMiss: .parent)
        for key in [day(0), day(3)] {
            let partition = try parent.resolve(key)
            #expect(
                partition == RoutedPartition(table: events, schema: "public", name: "events", state: nil, version: 5)
            )
        }
        let other = feed.router(onMiss: .default)
        #expect(try other.resolve(day(3)).name == "events_default")
        #expect(reason { () throws(RoutingMiss) in try other.resolve(day(0)) } == .draining)
        try feed.take(try daily(), version: 6)
        #expect(reason { () throws(RoutingMiss) in try other.resolve(day(3)) } == .uncovered)
        let empty = Router(
            feed: MapFeed(entity: events, registry: MemoryRegistry(), listening: Turn()),
            onMiss: .parent,
            logger: .silent
        )
        let reader = empty.reader()
        let index = try reader.index(for: day(1))
        #expect(index.isParent)
        #expect(try reader.name(of: index) == "events")
        #expect(try reader.partition(for: day(1)).state == nil)
    }
}
