// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import LibPQ

/// How big tables are. For people: no run decides by it.
package enum RelationSizes {
    /// A table under ACCESS EXCLUSIVE can't be measured; waiting for that is not worth more.
    private static let patience: Duration = .seconds(2)

    /// - Parameter oids: what isn't there any more is left out.
    /// - Returns: bytes of the table with its partitions, without indexes and TOAST, by oid; empty where the server was not done in time.
    package static func read(
        of oids: [UInt32],
        on connection: Connection
    ) async throws(PostgresError) -> [UInt32: Int64] {
        guard !oids.isEmpty else { return [:] }
        do {
            let rows = try await connection.query(
                """
                SELECT t.oid::bigint AS oid, sum(pg_relation_size(coalesce(p.relid, t.oid)))::bigint AS bytes
                  FROM unnest(\(bind: oids.map(Int64.init))::oid[]) t(oid)
                  JOIN pg_class c ON c.oid = t.oid
                  LEFT JOIN LATERAL pg_partition_tree(t.oid) p ON true
                 GROUP BY t.oid
                """,
                deadline: patience
            )
            var sizes: [UInt32: Int64] = [:]
            for row in rows {
                if let bytes = try row.optionalInt64("bytes") { sizes[try row.oid("oid")] = bytes }
            }
            return sizes
        } catch {
            guard error.kind != .cancelled, error.sqlState == .queryCanceled || error.sqlState == .lockNotAvailable
            else { throw error }
            return [:]
        }
    }
}
