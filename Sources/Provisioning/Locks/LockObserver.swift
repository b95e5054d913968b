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

    /// What doesn't depend on who holds a lock.
    struct Facts {
        /// What this role may do to the relations named; nothing where it neither owns nor writes them.
        var rights: [UInt32: LockRight] = [:]
        /// The server's `deadlock_timeout`, after which a waiting session looks for deadlocks, and ends an autovacuum it waits for.
        var deadlockTimeout = Duration.seconds(1)
    }

    /// Asked before every change, also where nobody's locks matter: so it leaves `pg_locks` alone.
    func facts(of locks: [LockUse]) async throws(PostgresError) -> Facts {
        var facts = Facts()
        let rows = try await connection.query(
            """
            SELECT w.oid AS oid, c.relkind IN ('r', 'p') AND has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE') AS lockable,
                   CASE WHEN c.relkind IN ('r', 'p') AND pg_has_role(c.relowner, 'USAGE') THEN pg_get_userbyid(c.relowner) END AS owner,
                   extract(epoch FROM current_setting('deadlock_timeout')::interval)::float8 AS deadlock_timeout
              FROM unnest(\(bind: locks.map { Int64($0.oid) })::bigint[]) w(oid)
              LEFT JOIN pg_class c ON c.oid = w.oid::oid
            """
        )
        for row in rows {
            facts.deadlockTimeout = .seconds(try row.double("deadlock_timeout"))
            let oid = try row.oid("oid")
            if try row.optionalBool("lockable") ?? false {
                facts.rights[oid] = .lockTable
            } else if let owner = try row.optionalString("owner") {
                facts.rights[oid] = .owner(owner)
            }
        }
        return facts
    }

    /// Everybody but us who holds a lock in conflict with one of ours, on the relations named and on those partitions that
    /// are locked with them.
    ///
    /// `virtualtransaction` names holders, since a prepared transaction has no process. An autovacuum worker has no user; a role without
    /// `pg_read_all_stats` isn't shown its `backend_type`, nor the query that tells one against wraparound: for that role each is one where
    /// the table is old enough.
    ///
    /// - Parameter alone: relations of which the partitions stay out of it.
    func holders(of locks: [LockUse], alone: Set<UInt32>) async throws(PostgresError) -> [Holder: Blocker] {
        var holders: [Holder: Blocker] = [:]
        let rows = try await connection.query(
            """
            WITH wanted AS (
                SELECT w.oid::oid AS root, w.mode, w.alone
                  FROM unnest(\(bind: locks.map { Int64($0.oid) })::bigint[], \(bind: locks.map(\.mode.catalogName))::text[],
                              \(bind: locks.map { alone.contains($0.oid) ? "t" : "f" })::bool[]) w(oid, mode, alone)
            ), relations AS (
                -- pg_partition_tree() would lock the partitions, and so wait for those who are to be seen here.
                WITH RECURSIVE tree AS (
                    SELECT root AS oid, mode, alone FROM wanted
                    UNION
                    SELECT i.inhrelid, t.mode, t.alone
                      FROM tree t JOIN pg_inherits i ON i.inhparent = t.oid WHERE NOT t.alone
                )
                SELECT DISTINCT oid, mode FROM tree
            )
            SELECT r.mode AS wanted, l.relation::bigint AS relation, l.relation::regclass::text AS name,
                   l.virtualtransaction AS vxid, l.mode AS held, l.pid, a.usename AS username, a.application_name AS application,
                   a.state, extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS age, \(fragment: Self.query),
                   a.pid IS NOT NULL AND a.usesysid IS NULL
                       AND coalesce(a.backend_type = 'autovacuum worker', true) AS autovacuum,
                   CASE WHEN a.query <> '<insufficient privilege>' THEN a.query LIKE '%to prevent wraparound%'
                        -- Indexes and partitioned tables have 0, which counts as infinitely old.
                        ELSE c.relfrozenxid <> '0' AND age(c.relfrozenxid)
                               >= least(current_setting('autovacuum_freeze_max_age')::int, o.xids)
                          OR c.relminmxid <> '0' AND mxid_age(c.relminmxid)
                               >= least(current_setting('autovacuum_multixact_freeze_max_age')::int, o.multixacts)
                   END AS wraparound
              FROM relations r
              LEFT JOIN pg_class c ON c.oid = r.oid
              LEFT JOIN LATERAL (
                   SELECT max(option_value::int) FILTER (WHERE option_name = 'autovacuum_freeze_max_age') AS xids,
                          max(option_value::int) FILTER (WHERE option_name = 'autovacuum_multixact_freeze_max_age') AS multixacts
                     FROM pg_options_to_table(c.reloptions)) o ON true
              JOIN pg_locks l ON l.locktype = 'relation' AND l.granted AND l.relation = r.oid
                    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                    AND l.pid IS DISTINCT FROM pg_backend_pid()
              LEFT JOIN pg_stat_activity a ON a.pid = l.pid
            """
        )
        for row in rows {
            let held = try row.string("held")
            guard let wanted = LockMode(catalogName: try row.string("wanted")),
                wanted.conflicts.contains(where: { $0.catalogName == held })
            else { continue }
            let holder = Holder(virtualTransaction: try row.string("vxid"), relation: try row.oid("relation"))
            holders[holder] = try blocker(row, held: held)
        }
        return holders
    }

    /// Transactions of this database, other than vacuums, that have a snapshot: `DETACH … FINALIZE` waits for the end of each that is older
    /// than its own (`WaitForOlderSnapshots`).
    func snapshots() async throws(PostgresError) -> [Holder: Blocker] {
        var holders: [Holder: Blocker] = [:]
        let rows = try await connection.query(
            """
            SELECT l.virtualtransaction AS vxid, current_database()::text AS name, a.pid, a.usename AS username,
                   a.application_name AS application, a.state, extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS age,
                   \(fragment: Self.query), false AS autovacuum, false AS wraparound
              FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid AND l.locktype = 'virtualxid' AND l.granted
             WHERE a.backend_xmin IS NOT NULL AND a.pid <> pg_backend_pid() AND a.usesysid IS NOT NULL
               AND a.datid = (SELECT oid FROM pg_database WHERE datname = current_database())
               AND a.pid NOT IN (SELECT pid FROM pg_stat_progress_vacuum)
            """
        )
        for row in rows {
            let holder = Holder(virtualTransaction: try row.string("vxid"), relation: 0)
            holders[holder] = try blocker(row, held: Blocker.snapshot)
        }
        return holders
    }

    /// The columns `query` and `missing` of a session `a` of `pg_stat_activity`.
    static let query: Statement = """
        left(nullif(a.query, '<insufficient privilege>'), 120) AS query,
        CASE WHEN a.query = '<insufficient privilege>' THEN 'GRANT pg_read_all_stats TO ' || quote_ident(current_user) END AS missing
        """

    /// Where this role isn't shown what others' sessions do, and so not who has an old snapshot: what would show it.
    func grantToSeeOthers() async throws(PostgresError) -> String? {
        try await connection.query(
            """
            SELECT 'GRANT pg_read_all_stats TO ' || quote_ident(current_user) AS missing
             WHERE NOT pg_has_role('pg_read_all_stats', 'USAGE')
            """
        ).first?.string("missing")
    }

    private func blocker(_ row: Row, held: String) throws(PostgresError) -> Blocker {
        Blocker(
            relation: try row.string("name"),
            mode: held,
            pid: try row.optionalInt("pid"),
            user: try row.optionalString("username"),
            application: try row.optionalString("application"),
            state: try row.optionalString("state"),
            transactionAge: try row.optionalDouble("age"),
            query: try row.optionalString("query"),
            grant: try row.optionalString("missing"),
            isAutovacuum: try row.optionalBool("autovacuum") ?? false,
            isWraparoundVacuum: try row.optionalBool("wraparound") ?? false
        )
    }
}

extension LockMode {
    init?(catalogName: String) {
        guard let mode = LockMode.allCases.first(where: { $0.catalogName == catalogName }) else { return nil }
        self = mode
    }
}
