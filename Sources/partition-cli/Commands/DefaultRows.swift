// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning
import Provisioning

/// How many rows a table's default partition holds: counted up to a bound, else the planner's estimate.
enum DefaultRows: Hashable, Sendable {
    case noDefaultPartition
    case exactly(Int64)
    /// Too many to count; the estimate is nil where the partition was never analyzed.
    case more(than: Int64, estimate: Int64?)
    /// Not counted.
    case estimated(Int64)
    case unknown(String)

    /// A scan of more rows than that is more than a look.
    private static let bound: Int64 = 10_000
    private static let patience: Duration = .seconds(2)

    /// Without a look at the rows.
    static func estimate(of table: PartitionedTable) -> DefaultRows {
        guard let partition = table.defaultPartition else { return .noDefaultPartition }
        return partition.estimatedRows < 0 ? .unknown("not counted") : .estimated(Int64(partition.estimatedRows))
    }

    static func count(in table: PartitionedTable, _ session: DatabaseSession) async throws -> DefaultRows {
        guard let partition = table.defaultPartition else { return .noDefaultPartition }
        let estimate = partition.estimatedRows < 0 ? nil : Int64(partition.estimatedRows)
        do {
            let rows = try await session.connection.query(
                """
                SELECT count(*) AS count
                  FROM (SELECT FROM \(qualified: partition.name.schema, partition.name.name) LIMIT \(literal: Self.bound + 1)) r
                """,
                deadline: Self.patience
            )
            let count = try rows.first?.int64("count") ?? 0
            return count <= Self.bound ? .exactly(count) : .more(than: Self.bound, estimate: estimate)
        } catch {
            // The server stopped the count, or refused it: the estimate is better than nothing.
            guard error.sqlState == .queryCanceled || error.sqlState == .insufficientPrivilege, error.kind != .cancelled
            else { throw error }
            if let estimate { return .estimated(estimate) }
            return .unknown(
                error.sqlState == .insufficientPrivilege
                    ? "GRANT SELECT ON \(partition.name) to see" : "not counted within \(Self.patience)"
            )
        }
    }
}
