// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ

/// One run of this program at a time for each database: an advisory lock on the very connection that does the work, so that the end of the connection,
/// however it comes, is the end of the claim.
struct DatabaseClaim {
    /// "partition" cut to 8 ASCII characters, as a number: advisory locks are already kept apart by database.
    private static let key: Int64 = 0x7061_7274_6974_696f

    let connection: Connection

    /// Takes the claim, or fails at once: for a session without this program.
    static var orError: Statement {
        let body: Statement = """
            BEGIN
            IF NOT pg_try_advisory_lock(\(literal: key)) THEN
            RAISE EXCEPTION USING ERRCODE = 'lock_not_available', MESSAGE = 'a run of partition-cli is at work on this database';
            END IF;
            END
            """
        return "DO \(quoted: body)"
    }

    enum Outcome {
        case taken
        /// Who has it, for people.
        case heldBy(String)
    }

    /// Gives the claim back: a backend takes a moment to end after its client has gone, in which the next run would find
    /// the database taken. Where this fails the connection's end does the same.
    func release() async {
        _ = try? await connection.query("SELECT pg_advisory_unlock_all()")
    }

    /// Never waits.
    func take() async throws(PostgresError) -> Outcome {
        let rows = try await connection.query("SELECT pg_try_advisory_lock(\(bind: Self.key)::bigint) AS taken")
        if try rows.first?.bool("taken") ?? false { return .taken }
        let holders = try await connection.query(
            """
            SELECT l.pid, a.usename AS username, a.client_addr::text AS address, a.backend_start::text AS since
              FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
             WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
               AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
               AND (l.classid::bigint << 32 | l.objid::bigint) = \(bind: Self.key)::bigint
            """
        )
        guard let row = holders.first, let pid = try row.optionalInt("pid") else {
            return .heldBy("a run that has just ended")
        }
        let user = try row.optionalString("username").map { ", user \($0)" } ?? ""
        let address = try row.optionalString("address").map { ", from \($0)" } ?? ""
        let since = try row.optionalString("since").map { ", since \($0)" } ?? ""
        return .heldBy("pid \(pid)\(user)\(address)\(since)")
    }
}
