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

    @Test(
        "the partitions of an interval are those that it touches, gaps and all, the default one last; draining ones only on demand"
    )
    func interval() throws {
        let gap = entry("late", .range(.date(day(9)), .maxValue))
        let feed = feed()
        try feed.take(try daily(draining: [1], [gap, fallback]), version: 5)
        let reader = feed.router().reader()
        func names(_ from: Int64, _ to: Int64, draining: Bool = false) throws -> [String] {
            try reader.partitions(from: from, to: to, includingDraining: draining).map(\.name)
        }
        #expect(try names(day(0) - 1, day(0)) == ["events_default"])
        #expect(try names(day(0), day(1)) == ["events_0", "events_default"])
        #expect(try names(day(1) - 1, day(2) + 1) == ["events_0", "events_2", "events_default"])
        let all = try names(day(1) - 1, day(2) + 1, draining: true)
        #expect(all == ["events_0", "events_1", "events_2", "events_default"])
        #expect(try names(day(4), day(5)) == ["events_default"])
        #expect(try names(day(4), .max) == ["late", "events_default"])
        #expect(try names(.min, .max).count == 4)
        #expect(try names(.min, .max, draining: true).count == 5)
        #expect(try names(day(2), day(2)) == [])
        let draining = try reader.partitions(from: day(1), to: day(2), includingDraining: true)
        #expect(draining[0].state == .draining)
    }
}
