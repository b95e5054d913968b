// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

public import PartitionMap

extension Reader {
    /// Sorts rows by the partition that takes them, all by one version of the map: for loading them into the leaves.
    ///
    /// A row that isn't routed stands in ``RoutedRows/misses``; each is counted. With ``OnMiss/parent`` there are none, and
    /// such rows stand in a group of their own.
    ///
    /// However long it takes, what is returned is as of its end: where the map was replaced or has gone stale meanwhile, all rows
    /// are looked up again, and counted again.
    ///
    /// - Parameters:
    ///   - rows: One batch; they are gone through once, in order, before the first is looked up.
    ///   - key: A row's key, as ``index(for:)-(Int64)`` has it. It may be asked for more than once.
    public func group<Row>(_ rows: some Sequence<Row>, by key: (Row) -> Int64) -> RoutedRows<Row> {
        group(rows, by: key, clock: MonotonicTime.coarse)
    }

    /// The same by any clock, which is read last.
    func group<Row>(
        _ rows: some Sequence<Row>,
        by key: (Row) -> Int64,
        clock: () -> MonotonicTime
    ) -> RoutedRows<Row> {
        collect(rows, clock) { (row, freshness) throws(RoutingMiss) in try entry(key(row), freshness) }
    }

    /// The same for keys of any shape, one element a column through all levels.
    public func group<Row>(_ rows: some Sequence<Row>, by key: (Row) -> [KeyValue]) -> RoutedRows<Row> {
        collect(rows, MonotonicTime.coarse) { (row, freshness) throws(RoutingMiss) in try entry(key(row), freshness) }
    }

    /// The partitions from `start` (inclusive) to `end` (exclusive), in key order; the default partition, where it is one of them,
    /// comes last. Which they are depends on what is to be done with them: see ``PartitionUse``.
    ///
    /// With a fresh map gaps are passed over. With a stale one nobody knows whether a gap still is one, so an answer is the whole
    /// interval or none, whatever ``WhenStale`` and ``OnMiss`` say; one that is given is counted.
    ///
    /// - Throws: ``RoutingMiss/Reason/noMap``; ``RoutingMiss/Reason/unplaceable`` for a key that isn't one range column; and
    ///   ``RoutingMiss/Reason/stale`` when the map is stale and a part of the interval has no partition that may be served.
    public func partitions(
        from start: Int64,
        to end: Int64,
        for use: PartitionUse
    ) throws(RoutingMiss) -> [RoutedPartition] {
        try partitions(from: start, to: end, for: use, clock: MonotonicTime.coarse)
    }

    /// The same by any clock, which is read last.
    func partitions(
        from start: Int64,
        to end: Int64,
        for use: PartitionUse,
        clock: () -> MonotonicTime
    ) throws(RoutingMiss) -> [RoutedPartition] {
        let freshness = observe(at: clock())
        let key = "\(start) to \(end)"
        guard let snapshot else { throw miss(.noMap, key) }
        guard let ranges = snapshot.lookup.ranges else { throw miss(.unplaceable, key) }
        guard start < end else { return [] }
        let fallback = snapshot.lookup.fallback
        var found: [Int] = []
        var usesFallback = false
        for segment in ranges.table.segments(from: start, through: end - 1) {
            let slot = PartitionSlot(rawValue: segment)
            switch use {
            case .reading:
                let entry = slot.index.map { snapshot.document.entries[$0] }
                let isKnown = entry.map { entry in
                    RoutingVerdict.mayServe(entry, of: snapshot.document, freshness, options.whenStale)
                }
                guard isKnown ?? (freshness == .fresh) else { throw miss(.stale, key) }
                if let index = slot.index { found.append(index) }
                // Rows of a range whose partition has been detached meanwhile go there, too.
                if !slot.isActive { usesFallback = true }
            case .writing:
                let place = slot == .none ? fallback : slot
                switch RoutingVerdict(place, of: snapshot.document, freshness, options.whenStale, options.onMiss) {
                case .serve(let index), .serveCounted(let index, _):
                    if slot == .none { usesFallback = true } else { found.append(index) }
                case .parent(.stale), .refuse(.stale): throw miss(.stale, key)
                case .parent, .refuse: break
                }
            }
        }
        if usesFallback, let index = fallback.index { found.append(index) }
        if freshness != .fresh { _ = miss(.servedStale, key) }
        return found.map { partition(Int32($0)) }
    }

    private func collect<Row>(
        _ rows: some Sequence<Row>,
        _ clock: () -> MonotonicTime,
        _ entry: (Row, Freshness) throws(RoutingMiss) -> Int32
    ) -> RoutedRows<Row> {
        // A sequence may wait for a network: that is over before the map is asked.
        let rows = Array(rows)
        while true {
            let freshness = observe(at: clock())
            let result = sorted(rows) { (row) throws(RoutingMiss) in try entry(row, freshness) }
            if stands(freshness, at: clock()) { return result }
        }
    }

    private func sorted<Row>(
        _ rows: [Row],
        _ entry: (Row) throws(RoutingMiss) -> Int32
    ) -> RoutedRows<Row> {
        var result = RoutedRows<Row>()
        var groups: [Int32: Int] = [:]
        for row in rows {
            do throws(RoutingMiss) {
                let entry = try entry(row)
                if let group = groups[entry] {
                    result.groups[group].rows.append(row)
                } else {
                    groups[entry] = result.groups.count
                    result.groups.append(.init(partition: partition(entry), rows: [row]))
                }
            } catch {
                result.misses.append((row, error))
            }
        }
        return result
    }
}
