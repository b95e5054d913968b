// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Logging
import Partitioning

/// A CHECK on a big default partition which proves to ATTACH that no row of the new ranges is in it.
///
/// ATTACH scans the default partition under ACCESS EXCLUSIVE unless its constraints exclude the new range: 3 million rows take 380 ms, for each
/// partition. With one validated CHECK for all ranges of a run it takes milliseconds. While the CHECK stands, rows of those ranges are refused: it is
/// used only for ranges ahead of all writes, and dropped in the same run.
struct DefaultShield {
    /// A default partition of up to this many bytes is scanned by ATTACH within the attempt's budget.
    static let scanLimit: Int64 = 8 << 20

    let connection: Connection
    let defaultPartition: Partition
    let key: PartitionedTable.KeyPart
    let ladder: LockLadder
    let logger: Logger

    /// The constraint as it stands, to be dropped.
    struct Raised: Sendable {
        var constraint: String
    }

    enum Outcome {
        case raised(Raised)
        case deferred([Blocker])
    }

    func sizeInBytes() async throws(PostgresError) -> Int64 {
        let rows = try await connection.query(
            """
            SELECT coalesce(sum(pg_relation_size(t.oid)), 0)::bigint AS bytes
              FROM (SELECT \(bind: Int64(defaultPartition.oid))::oid AS oid
                    UNION SELECT relid FROM pg_partition_tree(\(bind: Int64(defaultPartition.oid))::oid)) t
            """
        )
        return try rows.first?.int64("bytes") ?? 0
    }

    /// Which of the ranges have rows in the default partition: these can't be attached before the rows are moved.
    ///
    /// One scan where there are none, which is the usual case; it blocks nobody.
    func occupied(_ creations: [PartitionCreation]) async throws(PostgresError) -> [PartitionCreation] {
        guard let first = creations.map(\.range).min(),
            let last = creations.max(by: { $0.range.upper < $1.range.upper }),
            let lowest = creations.first(where: { $0.range == first })
        else { return [] }
        guard try await hasRows(lowest.lowerBound, lowest.range.lower, last.upperBound, last.range.upper) else {
            return []
        }
        var occupied: [PartitionCreation] = []
        for creation in creations
        where try await hasRows(creation.lowerBound, creation.range.lower, creation.upperBound, creation.range.upper) {
            occupied.append(creation)
        }
        return occupied
    }

    private func hasRows(
        _ lowerBound: String,
        _ lower: Int64,
        _ upperBound: String,
        _ upper: Int64
    ) async throws(PostgresError) -> Bool {
        let column = Statement(trustedCatalogSQL: key.sql, "quote_ident")
        var condition: Statement = "\(fragment: column) IS NOT NULL"
        if lower != .min { condition = condition + " AND \(fragment: column) >= \(literal: lowerBound)" }
        if upper != .max { condition = condition + " AND \(fragment: column) < \(literal: upperBound)" }
        _ = try await connection.query("SET statement_timeout = 0")
        let rows = try await connection.query(
            "SELECT EXISTS (SELECT FROM \(defaultPartition.name) WHERE \(fragment: condition)) AS found"
        )
        _ = try await connection.query("SET statement_timeout = '30s'")
        return try rows.first?.bool("found") ?? true
    }

    /// The name of the CHECK over these ranges.
    static func constraint(over creations: [PartitionCreation]) -> String {
        let lower = creations.min { $0.range.lower < $1.range.lower }?.lowerBound ?? ""
        let upper = creations.max { $0.range.upper < $1.range.upper }?.upperBound ?? ""
        return "partition_cli_ahead_" + String(IdentifierName.hash(lower + upper), radix: 16)
    }

    /// Adds the CHECK and validates it. The first is an instant under ACCESS EXCLUSIVE, the second reads the table beside its writers.
    ///
    /// - Parameter creations: ranges ahead of all writes, none of them with rows in the default partition.
    func raise(over creations: [PartitionCreation], until deadline: ContinuousClock.Instant) async throws -> Outcome? {
        guard let first = creations.min(by: { $0.range.lower < $1.range.lower }),
            let last = creations.max(by: { $0.range.upper < $1.range.upper })
        else { return nil }
        let name = Self.constraint(over: creations)
        let column = Statement(trustedCatalogSQL: key.sql, "quote_ident")
        let outcome = try await ladder.perform(
            change(
                """
                ALTER TABLE \(defaultPartition.name) ADD CONSTRAINT \(identifier: name)
                CHECK (\(fragment: column) < \(literal: first.lowerBound) OR \(fragment: column) >= \(literal: last.upperBound)) NOT VALID
                """,
                purpose: "shield \(defaultPartition.name)"
            ),
            on: connection,
            until: deadline,
            logger: logger
        )
        if case .deferred(_, let blockers) = outcome { return .deferred(blockers) }
        await PausePoint.checkAdded.reach()
        try await validate(name, until: deadline)
        await PausePoint.checkValidated.reach()
        return .raised(Raised(constraint: name))
    }

    /// Reads the whole table, for as long as it takes within the deadline.
    private func validate(_ constraint: String, until deadline: ContinuousClock.Instant) async throws(PostgresError) {
        _ = try await connection.script(
            [
                "SET LOCAL statement_timeout = 0",
                "ALTER TABLE \(defaultPartition.name) VALIDATE CONSTRAINT \(identifier: constraint)",
            ],
            deadline: max(.milliseconds(1), deadline - ContinuousClock.now)
        )
    }

    /// Drops the CHECK, of this run or an earlier one.
    func drop(_ constraint: String, until deadline: ContinuousClock.Instant) async throws -> LockLadder.Outcome {
        try await ladder.perform(
            change(
                "ALTER TABLE \(defaultPartition.name) DROP CONSTRAINT IF EXISTS \(identifier: constraint)",
                purpose: "drop the CHECK \(constraint) of \(defaultPartition.name)"
            ),
            on: connection,
            until: deadline,
            logger: logger
        )
    }

    private func change(_ body: Statement, purpose: String) -> LockedChange {
        LockedChange(
            locks: [
                LockUse(relation: defaultPartition.name, oid: defaultPartition.oid, mode: .accessExclusive)
            ],
            body: body,
            identities: [defaultPartition.oid: defaultPartition.name],
            purpose: purpose
        )
    }
}
