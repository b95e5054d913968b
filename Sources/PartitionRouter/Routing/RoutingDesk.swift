// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap

/// What the readers of a router share: where the map comes from, and how to answer what isn't plain.
final class RoutingDesk: Sendable {
    let feed: MapFeed
    let whenStale: WhenStale
    let onMiss: OnMiss
    private let recorder: MissRecorder

    init(feed: MapFeed, whenStale: WhenStale, onMiss: OnMiss, recorder: MissRecorder) {
        self.feed = feed
        self.whenStale = whenStale
        self.onMiss = onMiss
        self.recorder = recorder
    }

    /// The entry's index for a slot of that map, or -1 for the partitioned table itself.
    func entry(
        _ slot: PartitionSlot,
        _ current: MapFeed.Current,
        _ freshness: Freshness,
        _ key: @autoclosure () -> String
    ) throws(RoutingMiss) -> Int32 {
        guard let document = current.snapshot?.document else { return try answer(.noMap, current, key()) }
        switch RoutingVerdict(slot, of: document, freshness, whenStale, onMiss) {
        case .serve(let index): return Int32(index)
        case .serveCounted(let index, let reason):
            _ = miss(reason, current, key())
            return Int32(index)
        case .parent(let reason), .refuse(let reason): return try answer(reason, current, key())
        }
    }

    /// For a key that couldn't be looked up at all: -1 where the partitioned table may answer.
    func answer(
        _ reason: RoutingMiss.Reason,
        _ current: MapFeed.Current,
        _ key: String
    ) throws(RoutingMiss) -> Int32 {
        let miss = miss(reason, current, key)
        guard onMiss == .parent else { throw miss }
        return -1
    }

    /// Looks up a key of any shape.
    func slot(
        _ key: [KeyValue],
        _ current: MapFeed.Current
    ) throws(KeyFailure) -> PartitionSlot {
        guard let lookup = current.snapshot?.lookup else { return .none }
        do {
            return try lookup.slot(for: key)
        } catch {
            throw KeyFailure(reason: error.code == .invalid ? .unplaceable : .unreadable)
        }
    }

    struct KeyFailure: Error {
        let reason: RoutingMiss.Reason
    }

    func partition(_ entry: Int32, _ current: MapFeed.Current) -> RoutedPartition {
        guard entry >= 0, let document = current.snapshot?.document else {
            return RoutedPartition(
                table: feed.entity,
                schema: feed.entity.schema,
                name: feed.entity.table,
                state: nil,
                version: current.version
            )
        }
        let found = document.entries[Int(entry)]
        return RoutedPartition(
            table: feed.entity,
            schema: found.schema,
            name: found.name,
            state: found.state,
            version: current.version
        )
    }

    /// Makes the miss, counts and logs it.
    func miss(_ reason: RoutingMiss.Reason, _ current: MapFeed.Current, _ key: String) -> RoutingMiss {
        let now = MonotonicTime.now()
        let miss = RoutingMiss(
            reason: reason,
            table: feed.entity,
            key: key,
            version: current.snapshot == nil ? nil : current.version,
            age: feed.age(at: now),
            covered: current.snapshot?.document.coverage
        )
        recorder.record(miss, current.snapshot, at: now)
        return miss
    }

    static func text(_ key: [KeyValue]) -> String {
        key.map { value in
            switch value {
            case .null: "NULL"
            case .coordinate(let coordinate): String(coordinate)
            case .text(let text): text
            }
        }.joined(separator: ", ")
    }
}
