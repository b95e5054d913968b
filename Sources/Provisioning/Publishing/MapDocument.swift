// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import PartitionMap
package import Partitioning

/// Makes the document that routers read from what the catalog says of one table.
package enum MapDocument {
    /// - Parameters:
    ///   - table: read after the changes were committed.
    ///   - policy: names the zone in which bounds are local times.
    ///   - now: says until when partitions are promised to stay. See ``MapPromise``.
    /// - Throws: `PartitionMapError` where the table's shape can't be said in a document.
    package static func document(
        of table: PartitionedTable,
        policy: GrowthPolicy,
        now: Instant
    ) throws(PartitionMapError) -> PartitionMapDocument {
        let level = PartitionMapDocument.Level(
            columns: table.key.map { $0.column ?? $0.sql },
            types: table.key.map(\.typeName),
            strategy: .range
        )
        let type = table.key.first?.type ?? .timestamp
        var entries: [PartitionMapDocument.Entry] = []
        // A partition whose detach has begun takes no rows any more.
        for (partition, range) in PolicyInference.ranges(of: table) where !partition.isDetachPending {
            let bound: PartitionMapDocument.Bound = .range(
                partition.bound.begins(with: .minValue) ? .minValue : datum(range.lower, type, policy.zone),
                partition.bound.ends(with: .maxValue)
                    ? .maxValue : datum(range.upper, type, policy.zone, isEnd: true)
            )
            entries.append(entry(of: partition, bound))
        }
        if let partition = table.defaultPartition { entries.append(entry(of: partition, .default)) }
        return try PartitionMapDocument(
            table: EntityName(schema: table.name.schema, table: table.name.name),
            key: [level],
            timezone: type == .timestamptz ? policy.zone.name : nil,
            keep: MapPromise(at: now).promise(of: entries),
            entries: entries
        )
    }

    static func entry(of partition: Partition, _ bound: PartitionMapDocument.Bound) -> PartitionMapDocument.Entry {
        PartitionMapDocument.Entry(
            schema: partition.name.schema,
            name: partition.name.name,
            state: bound == .default ? .default : partition.marker?.retiring == nil ? .active : .draining,
            bound: bound
        )
    }

    /// The infinities are values like others, and no MINVALUE or MAXVALUE.
    ///
    /// - Parameter isEnd: of a range. Where clocks go forward at that very moment, it is the local time that they leave, not the one
    ///   they go on with: the time that is passed over belongs to what begins there, as PostgreSQL takes it.
    static func datum(
        _ coordinate: Int64,
        _ type: KeyType,
        _ zone: ZoneRules,
        isEnd: Bool = false
    ) -> PartitionMapDocument.RangeDatum {
        let isInfinite = coordinate == .min || coordinate == .max
        return switch type {
        case .date: .date(coordinate)
        case .timestamptz:
            .instant(
                microseconds: coordinate,
                utcOffset: isInfinite
                    ? 0
                    : (isEnd ? [coordinate - 1, coordinate] : [coordinate])
                        .map { zone.offset(at: Instant(microseconds: $0)) }.min() ?? 0
            )
        case .int2, .int4, .int8: .integer(coordinate)
        case .timestamp, .other: .timestamp(coordinate)
        }
    }
}

extension Partition.Bound {
    fileprivate func begins(with datum: BoundDatum) -> Bool {
        if case .known(.range(let lower, _)) = self { lower.first == datum } else { false }
    }

    fileprivate func ends(with datum: BoundDatum) -> Bool {
        if case .known(.range(_, let upper)) = self { upper.first == datum } else { false }
    }
}
