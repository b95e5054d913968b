// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

public import PartitionMap
import Synchronization

/// Looks keys up for one task or thread.
///
/// It keeps the map it used last; each lookup checks two atomic words and the clock, so a map that was replaced, or that has
/// gone stale, is noticed at once. A lookup that finds an active partition in a fresh map takes no lock; by a coordinate
/// (``index(for:)-(Int64)``) it allocates nothing and counts no references, either.
///
/// A reader that is kept for long without a lookup keeps the old map in memory.
public final class Reader {
    private let desk: RoutingDesk
    private let feed: MapFeed
    private var generation: UInt64
    private var table: RangeTable
    private var names: UnsafeBufferPointer<String>
    /// Owns what ``table`` and ``names`` point to.
    private var current: MapFeed.Current

    init(_ desk: RoutingDesk) {
        self.desk = desk
        feed = desk.feed
        current = feed.current
        generation = current.generation
        table = current.snapshot?.table ?? MapSnapshot.noRanges.table
        names = current.snapshot?.names ?? MapSnapshot.noNames
    }

    /// The map's version as of the last lookup; 0 before the first map.
    public var version: Int64 { current.version }

    /// The partition for a key of one column and one level: civil microseconds since 1970 (date, timestamp), microseconds
    /// since 1970 UTC (instants), or the integer itself.
    public func index(for coordinate: Int64) throws(RoutingMiss) -> PartitionIndex {
        try index(for: coordinate, clock: MonotonicTime.coarse)
    }

    /// The same by any clock, which is read last; inlined, since a call would cost a lookup as much as it does.
    @inline(__always)
    func index(for coordinate: Int64, clock: () -> MonotonicTime) throws(RoutingMiss) -> PartitionIndex {
        // This order: see MapFeed.
        let staleAt = feed.staleAt.load(ordering: .acquiring)
        if feed.generation.load(ordering: .acquiring) != generation { refresh() }
        let found = table.payload(at: coordinate)
        if found >= 0, clock().nanoseconds < staleAt {
            return PartitionIndex(entry: found, generation: UInt32(truncatingIfNeeded: generation))
        }
        return try unusual(coordinate, clock)
    }

    /// The partition for a key of any shape, one element a column through all levels.
    ///
    /// Texts of dates and times are read in ISO 8601; a plain date means that day's midnight in the table's zone. The key is taken as it
    /// is given: what the server would round, to seconds in a `timestamptz(0)`, is to be rounded before.
    public func index(for key: [KeyValue]) throws(RoutingMiss) -> PartitionIndex {
        // As above.
        let staleAt = feed.staleAt.load(ordering: .acquiring)
        if feed.generation.load(ordering: .acquiring) != generation { refresh() }
        let slot = current.snapshot.flatMap { try? $0.lookup.slot(for: key) } ?? .none
        if slot.isActive, MonotonicTime.coarse().nanoseconds < staleAt {
            return PartitionIndex(entry: slot.rawValue, generation: UInt32(truncatingIfNeeded: generation))
        }
        let freshness = observe(at: .coarse())
        return PartitionIndex(
            entry: try entry(key, freshness),
            generation: UInt32(truncatingIfNeeded: generation)
        )
    }

    /// Everything about the partition for a key of one column and one level: ``index(for:)-(Int64)`` and ``partition(of:)`` in one,
    /// so that no new map can come between the two.
    public func partition(for coordinate: Int64) throws(RoutingMiss) -> RoutedPartition {
        try partition(for: coordinate, clock: MonotonicTime.coarse)
    }

    /// The same by any clock, which is read last.
    func partition(for coordinate: Int64, clock: () -> MonotonicTime) throws(RoutingMiss) -> RoutedPartition {
        desk.partition(try index(for: coordinate, clock: clock).entry, current)
    }

    /// Everything about the partition for a key of any shape, as ``index(for:)-([KeyValue])`` takes it.
    public func partition(for key: [KeyValue]) throws(RoutingMiss) -> RoutedPartition {
        desk.partition(try index(for: key).entry, current)
    }

    /// The partition's name as the catalog has it, unquoted.
    ///
    /// - Throws: a miss with ``RoutingMiss/Reason/superseded`` for an index of a map that was replaced since, of another lookup's
    ///   version, or of another table's reader; with ``RoutingMiss/Reason/stale`` when the map has gone stale since, and the
    ///   partition isn't one that ``WhenStale`` serves. Either way: look the key up again.
    public func name(of index: PartitionIndex) throws(RoutingMiss) -> String {
        try check(index)
        return index.isParent ? feed.entity.table : names[Int(index.entry)]
    }

    /// The partition's schema as the catalog has it, unquoted.
    ///
    /// - Throws: as ``name(of:)``.
    public func schema(of index: PartitionIndex) throws(RoutingMiss) -> String {
        try check(index)
        guard !index.isParent, let document = current.snapshot?.document else { return feed.entity.schema }
        return document.entries[Int(index.entry)].schema
    }

    /// Everything about the partition.
    ///
    /// - Throws: as ``name(of:)``.
    public func partition(of index: PartitionIndex) throws(RoutingMiss) -> RoutedPartition {
        try check(index)
        return desk.partition(index.entry, current)
    }
}

@available(*, unavailable)
extension Reader: Sendable {}

extension Reader {
    @inline(never)
    private func refresh() {
        current = feed.current
        generation = current.generation
        table = current.snapshot?.table ?? MapSnapshot.noRanges.table
        names = current.snapshot?.names ?? MapSnapshot.noNames
    }

    /// Whether what was found since ``observe(at:)`` said so is still what would be found. The clock is read last.
    func stands(_ freshness: Freshness, at now: @autoclosure () -> MonotonicTime) -> Bool {
        let staleAt = feed.staleAt.load(ordering: .acquiring)
        let newest = feed.current
        guard newest.generation == generation else { return false }
        let found = Freshness(newest, staleAt: staleAt, at: now())
        // A map that was confirmed meanwhile would serve more, and nothing else.
        return found == freshness || found == .fresh
    }

    /// Takes up the newest map; everything that follows up to the next call rests on it. The clock is read last.
    func observe(at now: @autoclosure () -> MonotonicTime) -> Freshness {
        let staleAt = feed.staleAt.load(ordering: .acquiring)
        // Also when the generation is the same: `keptUntil` may have changed.
        refresh()
        return Freshness(current, staleAt: staleAt, at: now())
    }

    @inline(never)
    private func unusual(
        _ coordinate: Int64,
        _ clock: () -> MonotonicTime
    ) throws(RoutingMiss) -> PartitionIndex {
        let freshness = observe(at: clock())
        return PartitionIndex(
            entry: try entry(coordinate, freshness),
            generation: UInt32(truncatingIfNeeded: generation)
        )
    }

    func entry(_ coordinate: Int64, _ freshness: Freshness) throws(RoutingMiss) -> Int32 {
        guard let lookup = current.snapshot?.lookup, lookup.ranges == nil else {
            let slot = current.snapshot?.lookup.slot(forCoordinate: coordinate) ?? .none
            return try desk.entry(slot, current, freshness, String(coordinate))
        }
        return try entry([.coordinate(coordinate)], freshness)
    }

    func entry(_ key: [KeyValue], _ freshness: Freshness) throws(RoutingMiss) -> Int32 {
        let slot: PartitionSlot
        do {
            slot = try desk.slot(key, current)
        } catch {
            return try desk.answer(error.reason, current, RoutingDesk.text(key))
        }
        return try desk.entry(slot, current, freshness, RoutingDesk.text(key))
    }

    func partition(_ entry: Int32) -> RoutedPartition { desk.partition(entry, current) }

    func miss(_ reason: RoutingMiss.Reason, _ key: String) -> RoutingMiss { desk.miss(reason, current, key) }

    /// An index may have been kept for long: the map that it is of must still be served, and be good for the partition.
    private func check(_ index: PartitionIndex) throws(RoutingMiss) {
        // This order: see MapFeed.
        let staleAt = feed.staleAt.load(ordering: .acquiring)
        // The last is for when four thousand million maps have been taken, and memory is read by the number.
        guard feed.generation.load(ordering: .acquiring) == generation,
            index.generation == UInt32(truncatingIfNeeded: generation), Int(index.entry) < names.count
        else { throw miss(.superseded, "index \(index.entry)") }
        // The table itself always stands.
        if index.isParent || MonotonicTime.coarse().nanoseconds < staleAt { return }
        try checkStale(index)
    }

    /// The lookup has counted what it served, so nothing is counted here but the miss.
    @inline(never)
    private func checkStale(_ index: PartitionIndex) throws(RoutingMiss) {
        let before = generation
        let freshness = observe(at: .coarse())
        guard generation == before, let document = current.snapshot?.document else {
            throw miss(.superseded, "index \(index.entry)")
        }
        let entry = document.entries[Int(index.entry)]
        guard RoutingVerdict.mayServe(entry, of: document, freshness, desk.whenStale) else {
            throw miss(.stale, "index \(index.entry)")
        }
    }

    var snapshot: MapSnapshot? { current.snapshot }
    var options: (whenStale: WhenStale, onMiss: OnMiss) { (desk.whenStale, desk.onMiss) }
}
