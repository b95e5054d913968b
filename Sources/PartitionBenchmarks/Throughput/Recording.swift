// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import BenchmarkReport
import LibPQ
import LocalPostgres

/// What a first run sent to the server, and what it made.
struct Recording: Sendable {
    struct Partition: Sendable {
        var oid: UInt32
        /// Qualified and quoted, where need be.
        var name: String
        var parent: String
        /// As `pg_get_expr` writes it: `FOR VALUES FROM (…) TO (…)`.
        var bound: String
    }

    var messages: [LoggedMessage]
    /// Those that the run made, in its order.
    var partitions: [Partition]
    /// Partitions of all tables in the end, with those that were there before.
    var countAfter: Int

    private static let application = "partition-cli"

    static func make(_ bench: Bench, _ server: Server, template: String) async throws -> Recording {
        let database = "recording"
        try await server.create(database, from: template)
        let before = try await partitions(server, database)
        _ = try await server.admin.query("ALTER DATABASE \(identifier: database) SET log_statement = 'all'")
        _ = try await bench.rotate(server.conninfo(database)).run(expecting: [0])
        let known = Set(before.map(\.oid))
        let after = try await partitions(server, database)
        try await server.drop(database)
        let messages = ServerLog.messages(
            in: Machine.text(server.cluster.logFile),
            application: application,
            database: database
        )
        guard !messages.isEmpty else { throw BenchmarkError("the server's log has no statement of the recorded run") }
        return Recording(
            messages: messages,
            partitions: after.filter { !known.contains($0.oid) },
            countAfter: after.count
        )
    }

    static func partitionCount(_ server: Server, _ database: String) async throws -> Int {
        try await partitions(server, database).count
    }

    private static func partitions(_ server: Server, _ database: String) async throws -> [Partition] {
        let connection = try await server.connect(database)
        let rows = try await connection.query(
            """
            SELECT c.oid::bigint AS oid, c.oid::regclass::text AS name, i.inhparent::regclass::text AS parent,
                   pg_get_expr(c.relpartbound, c.oid) AS bound
              FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid AND c.relkind = 'r'
             ORDER BY c.oid
            """
        )
        let partitions = try rows.map { row in
            Partition(
                oid: UInt32(truncatingIfNeeded: try row.int64("oid")),
                name: "public." + (try row.string("name")),
                parent: "public." + (try row.string("parent")),
                bound: try row.string("bound")
            )
        }
        await connection.close()
        return partitions
    }
}
