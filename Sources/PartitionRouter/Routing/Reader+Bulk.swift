// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

public import PartitionMap

extension Reader {
    /// Sorts rows by the partition that takes them, all by one version of the map: for loading them into the leaves.
    ///
    /// A row that isn't routed stands in ``RoutedRows/misses``; each is counted. With ``OnMiss/parent`` there are none, and
    /// such rows stand in a group of their own.
    ///
    /// - Parameters:
    ///   - rows: One batch; they are gone through once, in order.
    ///   - key: A row's key, as ``index(for:)-(Int64)`` has it.
    public func group<Row>(_ rows: some Sequence<Row>, by key: (Row) -> Int64) -> RoutedRows<Row> {
        let freshness = observe(at: .coarse())
        return collect(rows) { (row) throws(RoutingMiss) in try entry(key(row), freshness) }
    }

    /// The same for keys of any shape, one element a column through all levels.
    public func group<Row>(_ rows: some Sequence<Row>, by key: (Row) -> [KeyValue]) -> RoutedRows<Row> {
        let freshness = observe(at: .coarse())
        return collect(rows) { (row) throws(RoutingMiss) in try entry(key(row), freshness) }
    }

    /// The partitions that hold keys from `start` (inclusive) to `end` (exclusive), in key order: for reading. The default
    /// partition, which may hold such keys too, comes last. Gaps are passed over.
    ///
    /// - Parameter includingDraining: Also those that are about to be retired. They hold rows still, but may be detached at any
    ///   moment, the present one included: whoever reads them straight must expect that, or read through the table itself.
    /// - Throws: ``RoutingMiss/Reason/noMap``; ``RoutingMiss/Reason/unplaceable`` for a key that isn't one range column; and
    ///   ``RoutingMiss/Reason/stale`` when one of the partitions may be gone: with a stale map a draining one always.
    public func partitions(
        from start: Int64,
        to end: Int64,
        includingDraining: Bool = false
    ) throws(RoutingMiss) -> [RoutedPartition] {
        try partitions(from: start, to: end, includingDraining: includingDraining, clock: MonotonicTime.coarse)
    }

    /// The same by any clock, which is read last.
    func partitions(
        from start: Int64,
        to end: Int64,
        includingDraining: Bool,
        clock: () -> MonotonicTime
    ) throws(RoutingMiss) -> [RoutedPartition] {
        let freshness = observe(at: clock())
        let key = "\(start) to \(end)"
        guard let snapshot else { throw miss(.noMap, key) }
        guard let ranges = snapshot.lookup.ranges else { throw miss(.unplaceable, key) }
        var slots: [PartitionSlot] = []
        if start < end {
            slots = ranges.table.payloads(from: start, through: end - 1).map(PartitionSlot.init(rawValue:))
            if snapshot.lookup.fallback != .none { slots.append(snapshot.lookup.fallback) }
        }
        var found: [RoutedPartition] = []
        for index in slots.compactMap(\.index) {
            let entry = snapshot.document.entries[index]
            if entry.state == .draining, !includingDraining { continue }
            let mayServe = RoutingVerdict.mayServe(entry, of: snapshot.document, freshness, options.whenStale)
            guard mayServe else { throw miss(.stale, key) }
            found.append(partition(Int32(index)))
        }
        return found
    }

    private func collect<Row>(
        _ rows: some Sequence<Row>,
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
