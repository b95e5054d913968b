// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import PartitionMap
package import Partitioning

/// Makes the document that routers read from what the catalog says of one table.
package enum MapDocument {
    /// - Parameters:
    ///   - table: read after the changes were committed.
    ///   - policy: names the zone in which bounds are local times.
    /// - Throws: `PartitionMapError` where the table's shape can't be said in a document.
    package static func document(
        of table: PartitionedTable,
        policy: GrowthPolicy
    ) throws(PartitionMapError) -> PartitionMapDocument {
        let level = PartitionMapDocument.Level(
            columns: table.key.map { $0.column ?? $0.sql },
            types: table.key.map(\.typeName),
            strategy: .range
        )
        let isInstant = table.key.first?.type == .timestamptz
        var entries: [PartitionMapDocument.Entry] = []
        // A partition whose detach has begun takes no rows any more.
        for (partition, range) in PolicyInference.ranges(of: table) where !partition.isDetachPending {
            entries.append(
                PartitionMapDocument.Entry(
                    schema: partition.name.schema,
                    name: partition.name.name,
                    bound: .range(
                        datum(range.lower, table: table, policy: policy),
                        datum(range.upper, table: table, policy: policy)
                    )
                )
            )
        }
        if let partition = table.defaultPartition {
            entries.append(
                PartitionMapDocument.Entry(
                    schema: partition.name.schema,
                    name: partition.name.name,
                    state: .default,
                    bound: .default
                )
            )
        }
        return try PartitionMapDocument(
            table: EntityName(schema: table.name.schema, table: table.name.name),
            key: [level],
            timezone: isInstant ? policy.zone.name : nil,
            entries: entries
        )
    }

    private static func datum(
        _ coordinate: Int64,
        table: PartitionedTable,
        policy: GrowthPolicy
    ) -> PartitionMapDocument.RangeDatum {
        switch (coordinate, table.key.first?.type) {
        case (.min, _): .minValue
        case (.max, _): .maxValue
        case (_, .date): .date(coordinate)
        case (_, .timestamptz):
            .instant(
                microseconds: coordinate,
                utcOffset: policy.zone.offset(at: Instant(microseconds: coordinate))
            )
        default: .timestamp(coordinate)
        }
    }
}
