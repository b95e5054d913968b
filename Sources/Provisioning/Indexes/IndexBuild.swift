// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import LibPQ

/// How far an index has come that is being built at this moment. For progress, never to decide.
package struct IndexBuild: Hashable, Sendable {
    /// In PostgreSQL's words (documentation, "CREATE INDEX Progress Reporting"), such as `building index: scanning table`.
    package var phase: String
    /// Of this phase, in blocks, rows or lock holders; 0 of 0 where the phase doesn't count.
    package var done: Int64
    package var total: Int64

    package init(phase: String, done: Int64, total: Int64) {
        self.phase = phase
        self.done = done
        self.total = total
    }

    /// - Returns: nil where nothing is built on the table, or by a role whose doings aren't shown to this one.
    package static func current(on table: UInt32, _ connection: Connection) async throws(PostgresError) -> IndexBuild? {
        let rows = try await connection.query(
            """
            SELECT phase,
                   CASE WHEN blocks_total > 0 THEN blocks_done WHEN tuples_total > 0 THEN tuples_done ELSE lockers_done END AS done,
                   CASE WHEN blocks_total > 0 THEN blocks_total WHEN tuples_total > 0 THEN tuples_total ELSE lockers_total END AS total
              FROM pg_stat_progress_create_index
             WHERE relid = \(bind: Int64(table))::oid AND datname = current_database() AND phase IS NOT NULL
             LIMIT 1
            """
        )
        guard let row = rows.first else { return nil }
        return IndexBuild(phase: try row.string("phase"), done: try row.int64("done"), total: try row.int64("total"))
    }
}
