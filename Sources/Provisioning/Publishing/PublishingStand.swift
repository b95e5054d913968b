// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import LibPQ
package import PartitionMap
package import Partitioning

/// Where a map that is made now would come from, and when.
package struct PublishingStand: Sendable {
    package let origin: MapOrigin
    /// The server's `clock_timestamp()`, in microseconds since 1970 UTC.
    package let clock: Int64

    /// - Parameters:
    ///   - connection: on the primary; a standby has no position of its own.
    ///   - systemIdentifier: of the cluster; nil where the role may not know it.
    /// - Throws: `PostgresError`; `PartitionMapError`.
    package init(of database: String, systemIdentifier: String?, on connection: Connection) async throws {
        let rows = try await connection.query(
            """
            SELECT pg_current_wal_flush_lsn()::text AS lsn,
                   ('x' || left(pg_walfile_name(pg_current_wal_flush_lsn()), 8))::bit(32)::bigint AS timeline,
                   (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS clock
            """
        )
        guard let row = rows.first else { throw PostgresError(.decoding, "the server didn't say its WAL position") }
        origin = MapOrigin(
            systemIdentifier: systemIdentifier ?? "",
            database: database,
            timeline: try row.int64("timeline"),
            lsn: try LogSequenceNumber(parsing: try row.string("lsn"))
        )
        clock = try row.int64("clock")
    }

    /// Of the database that the facts are of; nil on a standby, and where the role may not know the cluster: then nothing can be
    /// published from here.
    ///
    /// - Throws: as the other one.
    package init?(of server: ServerFacts, on connection: Connection) async throws {
        guard !server.isInRecovery, let systemIdentifier = server.systemIdentifier else { return nil }
        try await self.init(of: server.database, systemIdentifier: systemIdentifier, on: connection)
    }
}
