// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import Partitioning

/// The maps of tables that no run looks after. Routers take a stored map for fresh as long as it stands there, so it has to follow the catalog
/// whoever changes that.
extension MapDocument {
    /// What the catalog says of a table that isn't grown, of whatever key. What can't be said of a bound is left out, and with it the
    /// default partition, which would be taken for its home.
    ///
    /// Nothing is promised but what the stored map did promise, as long as that wasn't broken: whoever looks after the table
    /// promised nothing.
    ///
    /// - Parameters:
    ///   - stored: what it replaces; nil where that can't be read.
    ///   - zone: in which bounds are local times.
    /// - Throws: `PartitionMapError` where the table's shape can't be said in a document.
    static func document(
        of table: PartitionedTable,
        following stored: PartitionMapDocument?,
        zone: ZoneRules
    ) throws(PartitionMapError) -> PartitionMapDocument {
        let columns = table.key.compactMap(\.column)
        guard columns.count == table.key.count else {
            throw PartitionMapError(.invalid, "the key of \(table.name) is an expression")
        }
        let level = PartitionMapDocument.Level(
            columns: columns,
            types: table.key.map(\.typeName),
            strategy: table.strategy.inDocuments
        )
        let entries = entries(of: table, zone: zone)
        return try PartitionMapDocument(
            table: EntityName(schema: table.name.schema, table: table.name.name),
            key: [level],
            timezone: table.key.contains { $0.type == .timestamptz } ? zone.name : nil,
            keep: stored.flatMap { standingPromise(of: $0, for: entries, level) },
            entries: entries
        )
    }

    /// A map that names no partition: routers that took the other one have to be told that it holds no longer, and of a map that isn't
    /// there any more they would learn nothing.
    ///
    /// - Throws: `PartitionMapError`, never for a document that could be read.
    static func withdrawal(
        of stored: PartitionMapDocument
    ) throws(PartitionMapError) -> PartitionMapDocument {
        try PartitionMapDocument(table: stored.table, key: stored.key, timezone: stored.timezone, entries: [])
    }

    private static func entries(of table: PartitionedTable, zone: ZoneRules) -> [PartitionMapDocument.Entry] {
        var entries: [PartitionMapDocument.Entry] = []
        var isWhole = true
        for partition in table.partitions where !partition.isDefault {
            // A partition whose detach has begun takes no rows any more, and another session's temporary one takes none of ours.
            guard !partition.isDetachPending, !partition.isTemporary, let bound = bound(of: partition, table.key, zone)
            else {
                isWhole = false
                continue
            }
            entries.append(entry(of: partition, bound))
        }
        if let partition = table.defaultPartition, isWhole, !partition.isTemporary {
            return sorted(entries) + [entry(of: partition, .default)]
        }
        return sorted(entries)
    }

    private static func bound(
        of partition: Partition,
        _ key: [PartitionedTable.KeyPart],
        _ zone: ZoneRules
    ) -> PartitionMapDocument.Bound? {
        guard case .known(let bound) = partition.bound else { return nil }
        switch bound {
        case .default: return nil
        case .hash(let modulus, let remainder): return .hash(modulus: Int64(modulus), remainder: Int64(remainder))
        case .list(let values):
            let isInteger = key.first?.type.isInteger ?? false
            let list = values.compactMap { listValue($0, isInteger: isInteger) }
            return list.count == values.count ? .list(list) : nil
        case .range(let lower, let upper):
            let start = zip(lower, key).compactMap { datum($0, $1.type, zone) }
            let end = zip(upper, key).compactMap { datum($0, $1.type, zone, isEnd: true) }
            return start.count == key.count && end.count == key.count ? .range(start: start, end: end) : nil
        }
    }

    private static func listValue(_ datum: BoundDatum, isInteger: Bool) -> PartitionMapDocument.ListValue? {
        switch datum {
        case .minValue, .maxValue: nil
        case .null: .null
        case .literal(let text): isInteger ? Int64(text).map { .integer($0) } : .text(text)
        }
    }

    private static func datum(
        _ datum: BoundDatum,
        _ type: KeyType,
        _ zone: ZoneRules,
        isEnd: Bool = false
    ) -> PartitionMapDocument.RangeDatum? {
        switch datum {
        case .null: return nil
        case .minValue: return .minValue
        case .maxValue: return .maxValue
        case .literal(let text):
            guard let codec = CoordinateCodec(type) else { return .text(text) }
            return (try? codec.coordinate(text)).map { self.datum($0, type, zone, isEnd: isEnd) }
        }
    }

    /// In the order of their bounds, as far as these have one.
    private static func sorted(_ entries: [PartitionMapDocument.Entry]) -> [PartitionMapDocument.Entry] {
        let starts = entries.compactMap { entry in
            if case .range(let start, _)? = entry.path.first { start.positions } else { nil }
        }
        guard starts.count == entries.count else { return entries }
        return zip(starts, entries).sorted { $0.0.lexicographicallyPrecedes($1.0) }.map(\.1)
    }

    /// Routers aren't told less than they were promised, unless a partition that was to stay is gone or another one now: who looks
    /// after the table doesn't go by the promise then.
    private static func standingPromise(
        of stored: PartitionMapDocument,
        for entries: [PartitionMapDocument.Entry],
        _ level: PartitionMapDocument.Level
    ) -> PartitionMapDocument.KeepPromise? {
        guard let keep = stored.keep, stored.key == [level] else { return nil }
        let present = Set(entries)
        let promised = stored.entries.filter { $0.state == .active && stored.isKept($0) }
        return promised.allSatisfy(present.contains) ? keep : nil
    }
}

extension PartitionedTable.Strategy {
    fileprivate var inDocuments: PartitionMapDocument.Strategy {
        switch self {
        case .range: .range
        case .list: .list
        case .hash: .hash
        }
    }
}

extension KeyType {
    fileprivate var isInteger: Bool {
        switch self {
        case .int2, .int4, .int8: true
        case .date, .timestamp, .timestamptz, .other: false
        }
    }
}
