// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning

extension PropertyReader {
    /// Of a table with thousands of partitions ahead not all are asked.
    private static let mostModels = 16

    /// What a new partition of the table must be like.
    ///
    /// - Parameter today: the key's coordinate of now; nil where there is no policy.
    /// - Returns: nil where the table is gone.
    /// - Throws: `PostgresError`.
    func expectedOfPartition(
        of table: PartitionedTable,
        today: Int64?
    ) async throws(PostgresError) -> RelationProperties? {
        let models = table.models(today: today).prefix(Self.mostModels).map(\.oid)
        let properties = try await properties(of: [table.oid] + models)
        return properties[table.oid]?.expectedOfPartition(likeMostOf: models.compactMap { properties[$0] })
    }
}
