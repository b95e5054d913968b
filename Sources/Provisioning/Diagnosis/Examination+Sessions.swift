// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning

extension Examination {
    /// Convoys, long transactions, prepared ones.
    func lookAtSessions(_ result: inout Result, role: String) async throws {
        let prepared = try await look("prepared transactions", &result) { result in
            let prepared = try await preparedTransactions()
            result.hazards += Hazard.hazards(of: prepared, threshold: limits.longTransaction)
            return prepared
        }
        try await look("who waits for whom", &result) { result in
            let queue = try await lockQueue(prepared: prepared ?? [])
            result.convoys = LockConvoy.convoys(in: queue, patience: limits.convoy)
            result.hazards += Hazard.hazards(of: result.convoys)
        }
        try await look("sessions", &result) { result in
            let sessions = try await sessions()
            result.exclusiveHolders = sessions.flatMap { facts in
                facts.tables.filter { $0.hasPrefix(LockMode.accessExclusive.catalogName) }
                    .map { "\(Hazard.who(facts.session)), holding \($0)" }
            }
            result.hazards += Hazard.hazards(
                of: sessions,
                besides: result.convoys,
                threshold: limits.longTransaction
            )
            if let blind = Hazard.blindSpot(among: sessions, role: role) { result.hazards.append(blind) }
        }
    }

    /// Partitioned tables with all below them and the targets of their foreign keys. Not by `pg_partition_tree()`, which locks what it lists.
    static let trees: Statement = """
        trees AS (
            SELECT p.partrelid AS oid FROM pg_partitioned_table p
            UNION SELECT i.inhrelid FROM pg_inherits i JOIN pg_partitioned_table p ON p.partrelid = i.inhparent
            UNION SELECT x.confrelid FROM pg_constraint x JOIN pg_partitioned_table p ON p.partrelid = x.conrelid
                   WHERE x.contype = 'f'
        )
        """

    private static let database: Statement = "(SELECT oid FROM pg_database WHERE datname = current_database())"

    /// What is known of a session; `a` is `pg_stat_activity`.
    private static let sessionColumns: Statement = """
        a.usename AS username, a.application_name AS application, a.state,
        extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS age,
        CASE WHEN a.query <> '<insufficient privilege>' THEN left(regexp_replace(a.query, '\\s+', ' ', 'g'), 120) END AS query,
        a.query = '<insufficient privilege>' AS hidden,
        a.pid IS NOT NULL AND a.usesysid IS NULL AND coalesce(a.backend_type = 'autovacuum worker', true) AS autovacuum,
        a.query LIKE '%to prevent wraparound%' AS wraparound
        """

    private func preparedTransactions() async throws(PostgresError) -> [PreparedTransaction] {
        let rows = try await rows(
            """
            WITH \(fragment: Self.trees)
            SELECT x.gid, x.owner, extract(epoch FROM clock_timestamp() - x.prepared)::float8 AS age,
                   ARRAY(SELECT DISTINCT l.mode || ' on ' || l.relation::regclass::text
                           FROM pg_locks i
                           JOIN pg_locks l ON l.pid IS NULL AND l.virtualtransaction = i.virtualtransaction AND l.granted
                           JOIN trees t ON t.oid = l.relation
                          WHERE i.pid IS NULL AND i.locktype = 'transactionid' AND i.transactionid = x.transaction
                            AND l.database = \(fragment: Self.database) ORDER BY 1 LIMIT 20) AS tables
              FROM pg_prepared_xacts x WHERE x.database = current_database() ORDER BY x.prepared
            """
        )
        var prepared: [PreparedTransaction] = []
        for row in rows {
            prepared.append(
                PreparedTransaction(
                    identifier: try row.string("gid"),
                    owner: try row.string("owner"),
                    age: try row.double("age"),
                    tables: try row.stringArray("tables")
                )
            )
        }
        return prepared
    }

    /// `pg_blocking_pids()` holds up the lock manager for a moment: it is asked for those only who wait, and for so many at the most.
    private static let waiters: Int64 = 200

    private func lockQueue(prepared: [PreparedTransaction]) async throws(PostgresError) -> LockQueue {
        var queue = LockQueue()
        let waits = try await rows(
            """
            SELECT w.pid, CASE w.locktype WHEN 'relation' THEN w.mode ELSE w.mode || ' on a ' || w.locktype END AS mode,
                   CASE w.locktype WHEN 'relation' THEN w.relation::regclass::text ELSE '' END AS relation,
                   CASE w.locktype WHEN 'relation' THEN w.relation::bigint END AS oid,
                   extract(epoch FROM clock_timestamp() - w.waitstart)::float8 AS waited,
                   pg_blocking_pids(w.pid)::bigint[] AS blockers, \(fragment: Self.sessionColumns)
              FROM (SELECT DISTINCT ON (l.pid) l.* FROM pg_locks l WHERE NOT l.granted ORDER BY l.pid, l.waitstart) w
              JOIN pg_stat_activity a ON a.pid = w.pid
             WHERE a.datid = \(fragment: Self.database)
             ORDER BY w.waitstart LIMIT \(literal: Self.waiters)
            """
        )
        var blockers: Set<Int64> = []
        var relations: Set<Int64> = []
        for row in waits {
            if let oid = try row.optionalInt64("oid") { relations.insert(oid) }
            let blockedBy = try row.int64Array("blockers")
            blockers.formUnion(blockedBy)
            queue.waits.append(
                LockWait(
                    waiter: try Self.session(row, relation: try row.string("relation"), mode: try row.string("mode")),
                    waited: try row.optionalDouble("waited"),
                    blockedBy: blockedBy.map { Int($0) }
                )
            )
        }
        guard !blockers.isEmpty else { return queue }
        try await addHolders(Array(blockers), of: Array(relations), to: &queue, prepared: prepared)
        return queue
    }

    /// The sessions that are waited for, each with the strongest lock it has on something that is waited for.
    private func addHolders(
        _ pids: [Int64],
        of relations: [Int64],
        to queue: inout LockQueue,
        prepared: [PreparedTransaction]
    ) async throws(PostgresError) {
        let rows = try await rows(
            """
            SELECT a.pid, l.mode, l.relation::regclass::text AS relation, \(fragment: Self.sessionColumns)
              FROM pg_stat_activity a
              LEFT JOIN pg_locks l ON l.pid = a.pid AND l.granted AND l.locktype = 'relation'
                   AND l.relation = any(\(bind: relations)::bigint[]::oid[])
             WHERE a.pid = any(\(bind: pids)::bigint[])
            """
        )
        for row in rows {
            let mode = try row.optionalString("mode") ?? ""
            let session = try Self.session(row, relation: try row.optionalString("relation") ?? "", mode: mode)
            guard let pid = session.pid else { continue }
            if let known = queue.holders[pid], Self.strength(known.mode) >= Self.strength(mode) { continue }
            queue.holders[pid] = session
        }
        // Whose rows are waited for a lock of a relation doesn't say; with one prepared transaction there is no doubt.
        if prepared.count == 1 { queue.prepared[""] = prepared[0] }
        for transaction in prepared {
            for lock in transaction.tables {
                guard let relation = lock.firstRange(of: " on ").map({ String(lock[$0.upperBound...]) }) else {
                    continue
                }
                queue.prepared[relation] = queue.prepared[relation] ?? transaction
            }
        }
    }

    private static func strength(_ mode: String) -> Int {
        LockMode(catalogName: mode).flatMap { LockMode.allCases.firstIndex(of: $0) } ?? -1
    }

    private func sessions() async throws(PostgresError) -> [SessionFacts] {
        let rows = try await rows(
            """
            WITH \(fragment: Self.trees), held AS (
                SELECT l.pid, array_agg(DISTINCT l.mode || ' on ' || l.relation::regclass::text) AS tables
                  FROM pg_locks l JOIN trees t ON t.oid = l.relation
                 WHERE l.locktype = 'relation' AND l.granted AND l.pid IS NOT NULL AND l.database = \(fragment: Self.database)
                 GROUP BY l.pid
            )
            SELECT a.pid, \(fragment: Self.sessionColumns), coalesce(h.tables[1:20], '{}') AS tables
              FROM pg_stat_activity a LEFT JOIN held h ON h.pid = a.pid
             WHERE a.datid = \(fragment: Self.database) AND a.pid <> pg_backend_pid() AND a.leader_pid IS NULL
             ORDER BY a.xact_start NULLS LAST, a.pid
            """
        )
        var sessions: [SessionFacts] = []
        for row in rows {
            sessions.append(
                SessionFacts(
                    session: try Self.session(row, relation: "", mode: ""),
                    isHidden: try row.optionalBool("hidden") ?? false,
                    tables: try row.stringArray("tables")
                )
            )
        }
        return sessions
    }

    private static func session(_ row: Row, relation: String, mode: String) throws(PostgresError) -> Blocker {
        Blocker(
            relation: relation,
            mode: mode,
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
}
