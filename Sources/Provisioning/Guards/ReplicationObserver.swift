// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import PartitionMap

/// Reads who follows the write-ahead log, and how far, in one round trip.
struct ReplicationObserver {
    let connection: Connection

    /// - Throws: `PostgresError`.
    func look() async throws(PostgresError) -> ReplicationReading {
        let rows = try await connection.query(Self.query)
        var reading = ReplicationReading(flushed: LogSequenceNumber(rawValue: 0))
        for row in rows {
            let position = try Self.position(row)
            switch try row.string("kind") {
            case "primary":
                reading.flushed = position
                reading.missingGrant = try row.optionalString("name")
            case "standby":
                reading.standbys.append(
                    ReplicationReading.Standby(
                        name: try row.string("name"),
                        address: try row.optionalString("address"),
                        replayed: position,
                        reportedLag: try row.optionalDouble("lag").map { .seconds($0) }
                    )
                )
            default:
                let unconfirmed =
                    reading.flushed.rawValue > position.rawValue ? reading.flushed.rawValue - position.rawValue : 0
                reading.slots.append(
                    ReplicationReading.Slot(
                        name: try row.string("name"),
                        unconfirmed: Int64(clamping: unconfirmed),
                        isActive: try row.bool("active")
                    )
                )
            }
        }
        return reading
    }

    private static func position(_ row: Row) throws(PostgresError) -> LogSequenceNumber {
        let text = try row.string("position")
        do {
            return try LogSequenceNumber(parsing: text)
        } catch {
            throw PostgresError(.decoding, "\(text) is no position in the write-ahead log")
        }
    }

    /// The primary comes first: what standbys have replayed is read after what they could have.
    ///
    /// Skipped are receivers that never replay (archivers, `pg_receivewal`, a base backup), walsenders that serve a logical slot and so count as
    /// that, slots of other databases, and slots that are lost for good.
    private static let query: Statement = """
        WITH here AS MATERIALIZED (
            SELECT pg_current_wal_flush_lsn() AS position, pg_has_role('pg_read_all_stats', 'USAGE') AS sees
        )
        SELECT 'primary' AS kind, position::text,
               CASE WHEN NOT sees AND EXISTS (SELECT FROM pg_stat_replication)
                    THEN format('GRANT pg_monitor TO %I', current_user) END AS name,
               NULL::text AS address, NULL::float8 AS lag, NULL::boolean AS active
          FROM here
        UNION ALL
        SELECT 'standby', r.replay_lsn::text, r.application_name, host(r.client_addr),
               extract(epoch FROM r.replay_lag)::float8, NULL
          FROM here, pg_stat_replication r
         WHERE r.replay_lsn IS NOT NULL
           AND NOT EXISTS (SELECT FROM pg_replication_slots s WHERE s.active_pid = r.pid AND s.slot_type = 'logical')
        UNION ALL
        SELECT 'slot', s.confirmed_flush_lsn::text, s.slot_name, NULL, NULL, s.active
          FROM here, pg_replication_slots s
         WHERE s.slot_type = 'logical' AND s.database = current_database() AND s.confirmed_flush_lsn IS NOT NULL
           AND s.wal_status IS DISTINCT FROM 'lost'
        """
}
