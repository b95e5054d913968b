// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning

extension PropertyReader {
    /// What new partitions of tables must be like, read for all of them at once.
    ///
    /// - Parameter tables: each with its key's coordinate of now; nil where there is no policy.
    /// - Returns: by the table's oid; nothing of a table that is gone.
    /// - Throws: `PostgresError`.
    func expectedOfPartitions(
        of tables: [(table: PartitionedTable, today: Int64?)]
    ) async throws(PostgresError) -> [UInt32: RelationProperties] {
        let models = tables.map { table, today in (table: table.oid, siblings: table.models(today: today).map(\.oid)) }
        let properties = try await properties(of: models.flatMap { [$0.table] + $0.siblings })
        var expected: [UInt32: RelationProperties] = [:]
        for (table, siblings) in models {
            expected[table] = properties[table]?.expectedOfPartition(likeMostOf: siblings.compactMap { properties[$0] })
        }
        return expected
    }

    /// The same for one table.
    ///
    /// - Returns: nil where it is gone.
    func expectedOfPartition(
        of table: PartitionedTable,
        today: Int64?
    ) async throws(PostgresError) -> RelationProperties? {
        try await expectedOfPartitions(of: [(table, today)])[table.oid]
    }
}
