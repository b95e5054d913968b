// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import LibPQ
package import Partitioning

/// How much a table will write until the end of its buffer, if it goes on as in its last full partitions.
package struct GrowthForecast: Hashable, Codable, Sendable {
    package var table: RelationName
    /// Of new partitions; nil for the database's own.
    package var tablespace: String?
    /// Bytes from now to the end of the buffer: rows, indexes and TOAST.
    package var bytes: Int64
    /// How many full partitions it rests on, 1 to 3.
    package var sampled: Int

    package init(table: RelationName, tablespace: String? = nil, bytes: Int64, sampled: Int) {
        self.table = table
        self.tablespace = tablespace
        self.bytes = bytes
        self.sampled = sampled
    }

    private static let samples = 3

    /// For each table that is grown and has a partition which is full, that is wholly in the past.
    ///
    /// - Throws: `PostgresError`.
    package static func of(
        _ observation: Observation,
        on connection: Connection
    ) async throws(PostgresError) -> [GrowthForecast] {
        let plans = Dictionary(observation.plan.tables.map { ($0.oid, $0) }, uniquingKeysWith: { first, _ in first })
        let subjects = observation.snapshot.tables.compactMap { table in
            plans[table.oid].flatMap { Subject(table, $0, now: observation.snapshot.server.now) }
        }
        guard !subjects.isEmpty else { return [] }
        let sizes = try await sizes(of: subjects.flatMap { $0.full.map(\.oid) }, on: connection)
        let expected = try await PropertyReader(connection: connection)
            .expectedOfPartitions(of: subjects.map { ($0.table, $0.today) })
        return subjects.compactMap { subject in
            let known = subject.full.compactMap { full in sizes[full.oid].map { (bytes: $0, length: full.length) } }
            let length = known.reduce(0.0) { $0 + $1.length }
            guard length > 0 else { return nil }
            return GrowthForecast(
                table: subject.table.name,
                tablespace: expected[subject.table.oid]?.tablespace,
                bytes: Int64(known.reduce(0.0) { $0 + Double($1.bytes) } / length * subject.ahead),
                sampled: known.count
            )
        }
    }

    private static func sizes(
        of oids: [UInt32],
        on connection: Connection
    ) async throws(PostgresError) -> [UInt32: Int64] {
        let rows = try await connection.query(
            """
            SELECT o::bigint AS oid, pg_total_relation_size(o::oid::regclass) AS bytes
              FROM unnest(\(bind: oids.map(Int64.init))::bigint[]) o
             WHERE pg_total_relation_size(o::oid::regclass) IS NOT NULL
            """
        )
        var sizes: [UInt32: Int64] = [:]
        for row in rows { sizes[try row.oid("oid")] = try row.int64("bytes") }
        return sizes
    }

    private struct Subject {
        var table: PartitionedTable
        /// The newest full partitions, with the length of their ranges in microseconds.
        var full: [(oid: UInt32, length: Double)]
        /// The key's coordinate of now.
        var today: Int64
        /// From now to the end of the buffer, in microseconds.
        var ahead: Double

        init?(_ table: PartitionedTable, _ plan: TablePlan, now: Instant) {
            guard let policy = plan.policy, let coverage = plan.coverage else { return nil }
            let today = policy.coordinate(of: now)
            full = PolicyInference.ranges(of: table)
                .filter { $0.partition.kind == .table && $0.range.upper <= today && $0.range.lower > .min }
                .sorted { $0.range > $1.range }
                .prefix(GrowthForecast.samples)
                .map { ($0.partition.oid, Double($0.range.upper) - Double($0.range.lower)) }
            guard !full.isEmpty else { return nil }
            self.table = table
            self.today = today
            ahead = max(0, Double(coverage.requiredUntil) - Double(today))
        }
    }
}
