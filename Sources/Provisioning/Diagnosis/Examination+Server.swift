// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

extension Examination {
    /// Clock, slots, minor version.
    func lookAtServer(_ result: inout Result) async throws {
        try await look("the server's clock", &result) { result in
            if let skew = Hazard.hazard(of: try await clock()) { result.hazards.append(skew) }
        }
        try await look("replication slots", &result) { result in
            result.hazards += Hazard.hazards(of: try await replicationSlots())
        }
        try await look("foreign keys between partitions", &result) { result in
            result.hazards += Hazard.hazards(ofVersion: session.connection.serverVersion, try await foreignKeys())
        }
    }

    /// The server's time is that of the middle of the round trip, give or take half of it.
    func clock() async throws(PostgresError) -> ClockReading {
        let before = Self.machineTime()
        let rows = try await rows("SELECT extract(epoch FROM clock_timestamp())::float8 AS now")
        let after = Self.machineTime()
        guard let row = rows.first else { throw PostgresError(.decoding, "clock_timestamp() gave no row") }
        return ClockReading(skew: try row.double("now") - (before + after) / 2, uncertainty: (after - before) / 2)
    }

    /// Seconds since 1970.
    private static func machineTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private func replicationSlots() async throws(PostgresError) -> [ReplicationSlot] {
        let rows = try await rows(
            """
            SELECT s.slot_name AS name, s.active, s.wal_status,
                   greatest(CASE WHEN s.xmin IS NOT NULL THEN age(s.xmin) END,
                            CASE WHEN s.catalog_xmin IS NOT NULL THEN age(s.catalog_xmin) END) AS age,
                   CASE WHEN s.restart_lsn IS NOT NULL THEN pg_wal_lsn_diff(
                        CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
                        s.restart_lsn)::bigint END AS retained
              FROM pg_replication_slots s WHERE NOT s.temporary ORDER BY s.slot_name
            """
        )
        var slots: [ReplicationSlot] = []
        for row in rows {
            slots.append(
                ReplicationSlot(
                    name: try row.string("name"),
                    isActive: try row.bool("active"),
                    snapshotAge: try row.optionalInt64("age"),
                    retainedBytes: try row.optionalInt64("retained"),
                    walStatus: try row.optionalString("wal_status")
                )
            )
        }
        return slots
    }

    /// A foreign key to a partitioned table has a part for each of its partitions, and one of a partitioned table for each of that one's.
    private func foreignKeys() async throws(PostgresError) -> ForeignKeyFacts {
        let rows = try await rows(
            """
            SELECT k.conrelid::regclass::text AS table, k.conname AS constraint, k.conrelid = k.confrelid AS itself,
                   c.relkind = 'p' AS partitioned, m.missing, pg_get_constraintdef(k.oid) AS definition
              FROM pg_constraint k
              JOIN pg_class c ON c.oid = k.conrelid
              JOIN pg_partitioned_table f ON f.partrelid = k.confrelid
             CROSS JOIN LATERAL (
                   SELECT count(*) AS missing
                     FROM pg_inherits i
                    WHERE i.inhparent = k.confrelid AND NOT i.inhdetachpending
                      AND NOT EXISTS (SELECT FROM pg_constraint d WHERE d.conparentid = k.oid AND d.confrelid = i.inhrelid)) m
             WHERE k.contype = 'f' AND k.conparentid = 0
             ORDER BY 1, 2
            """
        )
        var facts = ForeignKeyFacts()
        for row in rows {
            let (table, constraint) = (try row.string("table"), try row.string("constraint"))
            let (isItself, missing) = (try row.bool("itself"), try row.int("missing"))
            if isItself {
                facts.selfReferential.append("\(constraint) of \(table)")
            } else if try row.bool("partitioned") {
                facts.betweenPartitioned.append("\(constraint) of \(table)")
            }
            guard missing > 0 else { continue }
            let name = Hazard.quoted(constraint)
            let definition = try row.string("definition")
            facts.broken.append(
                ForeignKeyFacts.Broken(
                    table: table,
                    constraint: constraint,
                    missing: missing,
                    isSelfReferential: isItself,
                    repair:
                        "ALTER TABLE \(table) DROP CONSTRAINT \(name); ALTER TABLE \(table) ADD CONSTRAINT \(name) \(definition);"
                )
            )
        }
        return facts
    }
}
