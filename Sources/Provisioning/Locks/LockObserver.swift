// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning

/// Looks at who holds locks that would make a change of ours wait.
struct LockObserver {
    let connection: Connection

    /// A transaction on a relation: what has to be gone before we ask for the lock.
    struct Holder: Hashable {
        var virtualTransaction: String
        var relation: UInt32
    }

    struct Look {
        var holders: [Holder: Blocker] = [:]
        /// Relations on which the role may use LOCK TABLE.
        var lockable: Set<UInt32> = []
    }

    /// Everybody but us who holds a lock in conflict with one of ours, on the relations named and on their partitions.
    ///
    /// `virtualtransaction` names holders, since a prepared transaction has no process.
    func look(at locks: [LockUse]) async throws(PostgresError) -> Look {
        var look = Look()
        let rows = try await connection.query(
            """
            WITH wanted AS (
                SELECT w.oid::oid AS root, w.mode
                  FROM unnest(\(bind: locks.map { Int64($0.oid) })::bigint[], \(bind: locks.map(\.mode.catalogName))::text[]) w(oid, mode)
            ), relations AS (
                SELECT root AS oid, root, mode FROM wanted
                UNION
                SELECT t.relid::oid, w.root, w.mode FROM wanted w, pg_partition_tree(w.root) t
                 WHERE w.mode <> 'ShareUpdateExclusiveLock' AND t.level > 0
            )
            SELECT r.root::bigint AS root, r.mode AS wanted, l.relation::bigint AS relation, l.relation::regclass::text AS name,
                   l.virtualtransaction AS vxid, l.mode AS held, l.pid, a.usename AS username, a.application_name AS application,
                   a.state, extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS age, left(a.query, 120) AS query,
                   a.backend_type = 'autovacuum worker' AS autovacuum,
                   a.query LIKE '%to prevent wraparound%' AS wraparound,
                   (SELECT c.relkind IN ('r', 'p') FROM pg_class c WHERE c.oid = r.oid)
                       AND has_table_privilege(r.oid, 'UPDATE, DELETE, TRUNCATE') AS lockable
              FROM relations r
              LEFT JOIN pg_locks l ON l.locktype = 'relation' AND l.granted AND l.relation = r.oid
                    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                    AND l.pid IS DISTINCT FROM pg_backend_pid()
              LEFT JOIN pg_stat_activity a ON a.pid = l.pid
            """
        )
        for row in rows {
            let root = try row.oid("root")
            if try row.optionalBool("lockable") ?? false { look.lockable.insert(root) }
            guard let vxid = try row.optionalString("vxid"), let held = try row.optionalString("held"),
                let wanted = LockMode(catalogName: try row.string("wanted")),
                wanted.conflicts.contains(where: { $0.catalogName == held })
            else { continue }
            let holder = Holder(virtualTransaction: vxid, relation: try row.oid("relation"))
            look.holders[holder] = Blocker(
                relation: try row.string("name"),
                mode: held,
                pid: try row.optionalInt("pid"),
                user: try row.optionalString("username"),
                application: try row.optionalString("application"),
                state: try row.optionalString("state"),
                transactionAge: try row.optionalDouble("age"),
                query: try row.optionalString("query"),
                isAutovacuum: try row.optionalBool("autovacuum") ?? false,
                isWraparoundVacuum: try row.optionalBool("wraparound") ?? false
            )
        }
        return look
    }
}

extension LockMode {
    init?(catalogName: String) {
        guard let mode = LockMode.allCases.first(where: { $0.catalogName == catalogName }) else { return nil }
        self = mode
    }
}
