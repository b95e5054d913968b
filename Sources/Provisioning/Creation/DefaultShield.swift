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
    static let scanLimit = OnlineWork.scanLimit

    let connection: Connection
    let defaultPartition: Partition
    let key: PartitionedTable.KeyPart
    let ladder: LockLadder
    /// Of what is done beside readers and writers.
    let onlineDeadline: ContinuousClock.Instant
    let logger: Logger

    /// The constraint as it stands, to be dropped.
    struct Raised: Sendable {
        var constraint: String
        /// How long the validation took, beside readers and writers.
        var validation: Duration
    }

    enum Outcome {
        case raised(Raised)
        case deferred([Blocker])
    }

    func sizeInBytes() async throws(PostgresError) -> Int64 {
        let rows = try await connection.query(Self.sizeQuery(defaultPartition.oid))
        return try rows.first?.int64("bytes") ?? 0
    }

    private static func sizeQuery(_ partition: UInt32) -> Statement {
        """
        SELECT coalesce(sum(pg_relation_size(t.oid)), 0)::bigint AS bytes
          FROM (SELECT \(literal: Int64(partition))::oid AS oid
                UNION SELECT relid FROM pg_partition_tree(\(literal: Int64(partition))::oid)) t
        """
    }

    /// The tables that are to get partitions beside a default partition which is read for longer than a moment, by oid. One that can't be
    /// measured at once, since somebody has it locked, can't be read at once either.
    ///
    /// - Throws: only what ends the run's connection, or a cancellation.
    static func longScans(
        in observation: Observation,
        on connection: Connection
    ) async throws(PostgresError) -> Set<UInt32> {
        let growing = Set(observation.plan.steps.filter { $0.creation != nil }.map(\.tableOID))
        var tables: Set<UInt32> = []
        for table in observation.snapshot.tables where growing.contains(table.oid) {
            guard let partition = table.defaultPartition else { continue }
            do throws(PostgresError) {
                let rows = try await connection.script(["SET LOCAL lock_timeout = '100ms'", sizeQuery(partition.oid)])
                if try rows.last?.first?.int64("bytes") ?? 0 > scanLimit { tables.insert(table.oid) }
            } catch {
                guard error.kind == .server, !error.isConnectionLoss else { throw error }
                tables.insert(table.oid)
            }
        }
        return tables
    }

    /// Which of the ranges have rows in the default partition: these can't be attached before the rows are moved.
    ///
    /// One scan where there are none, which is the usual case, and one more for each range that has some; none of them blocks anybody.
    ///
    /// - Throws: `PostgresError`, with 42501 where this role may not see all rows; `OnlineTimeout`.
    func occupied(_ creations: [PartitionCreation]) async throws -> [PartitionCreation] {
        guard let codec = CoordinateCodec(key.type) else { return [] }
        var rest = creations.sorted { $0.range < $1.range }
        var occupied: [PartitionCreation] = []
        while let first = rest.first, let last = rest.last {
            guard let text = try await lowestKey(from: first, to: last) else { break }
            let key: Int64
            do {
                key = try codec.coordinate(text)
            } catch {
                throw PostgresError(.decoding, "a key of \(defaultPartition.name) can't be read: \(error.message)")
            }
            rest.removeAll { $0.range.upper <= key }
            if let found = rest.first, found.range.contains(key) {
                occupied.append(found)
                rest.removeFirst()
            }
        }
        return occupied
    }

    private func lowestKey(
        from first: PartitionCreation,
        to last: PartitionCreation
    ) async throws -> String? {
        let column = Statement(trustedCatalogSQL: key.sql, "quote_ident")
        var condition: Statement = "\(fragment: column) IS NOT NULL"
        if first.range.lower != .min {
            condition = condition + " AND \(fragment: column) >= \(literal: first.lowerBound)"
        }
        if last.range.upper != .max { condition = condition + " AND \(fragment: column) < \(literal: last.upperBound)" }
        let rows = try await online(
            "SELECT min(\(fragment: column))::text AS key FROM \(defaultPartition.name) WHERE \(fragment: condition)",
            work: "looking for rows in the default partition \(defaultPartition.name)"
        )
        return try rows.last?.first?.optionalString("key")
    }

    /// The name of the CHECK over these ranges.
    static func constraint(over creations: [PartitionCreation]) -> String {
        let lower = creations.min { $0.range.lower < $1.range.lower }?.lowerBound ?? ""
        let upper = creations.max { $0.range.upper < $1.range.upper }?.upperBound ?? ""
        return "partition_cli_ahead_" + String(IdentifierName.hash(lower + upper), radix: 16)
    }

    /// Adds the CHECK and validates it. The first is an instant under ACCESS EXCLUSIVE, the second reads the table beside its writers.
    ///
    /// - Parameters:
    ///   - creations: ranges ahead of all writes, none of them with rows in the default partition.
    ///   - occupied: ranges of which it has rows, and may get more.
    ///   - retrying: does the reading, again where its error passes.
    func raise(
        over creations: [PartitionCreation],
        sparing occupied: [PartitionCreation],
        until deadline: ContinuousClock.Instant,
        retrying: (() async throws -> Void) async throws -> Void
    ) async throws -> Outcome? {
        let runs = Self.runs(of: creations, between: occupied)
        guard !runs.isEmpty else { return nil }
        let name = Self.constraint(over: creations)
        let outcome = try await ladder.perform(
            addition(over: creations, sparing: occupied),
            on: connection,
            until: deadline,
            logger: logger
        )
        if case .deferred(_, let blockers) = outcome { return .deferred(blockers) }
        await PausePoint.checkAdded.reach()
        let clock = ContinuousClock.now
        try await retrying { try await validate(name) }
        let validation = ContinuousClock.now - clock
        await PausePoint.checkValidated.reach()
        return .raised(Raised(constraint: name, validation: validation))
    }

    /// The CHECK, not yet validated.
    func addition(over creations: [PartitionCreation], sparing occupied: [PartitionCreation] = []) -> LockedChange {
        let runs = Self.runs(of: creations, between: occupied)
        return change(
            """
            ALTER TABLE \(defaultPartition.name) ADD CONSTRAINT \(identifier: Self.constraint(over: creations))
            CHECK (\(fragment: Statement.joined(runs.map(outside), separator: " AND "))) NOT VALID
            """,
            purpose: "shield \(defaultPartition.name)"
        )
    }

    /// Reads the whole table, beside its readers and writers.
    func validation(of constraint: String) -> Statement {
        "ALTER TABLE \(defaultPartition.name) VALIDATE CONSTRAINT \(identifier: constraint)"
    }

    func removal(of constraint: String) -> LockedChange {
        change(
            "ALTER TABLE \(defaultPartition.name) DROP CONSTRAINT IF EXISTS \(identifier: constraint)",
            purpose: "drop the CHECK \(constraint) of \(defaultPartition.name)"
        )
    }

    /// The creations in key order, cut where an occupied range lies between them. What else lies between has partitions
    /// already, so that the default one can't have rows of it.
    private static func runs(
        of creations: [PartitionCreation],
        between occupied: [PartitionCreation]
    ) -> [[PartitionCreation]] {
        var runs: [[PartitionCreation]] = []
        for creation in creations.sorted(by: { $0.range < $1.range }) {
            let isCut = occupied.contains { hole in
                hole.range < creation.range && (runs.last?.last.map { $0.range < hole.range } ?? true)
            }
            if isCut || runs.isEmpty { runs.append([]) }
            runs[runs.count - 1].append(creation)
        }
        return runs
    }

    /// One of the forms from which PostgreSQL concludes that a range is empty; joined by AND each still is.
    private func outside(_ run: [PartitionCreation]) -> Statement {
        let column = Statement(trustedCatalogSQL: key.sql, "quote_ident")
        let lower = run.first.map(\.lowerBound) ?? ""
        let upper = run.last.map(\.upperBound) ?? ""
        return "(\(fragment: column) < \(literal: lower) OR \(fragment: column) >= \(literal: upper))"
    }

    private func validate(_ constraint: String) async throws {
        _ = try await online(
            validation(of: constraint),
            work: "validating a CHECK on the default partition \(defaultPartition.name)"
        )
    }

    /// Reads the whole table, for as long as it takes within its share of the run.
    ///
    /// - Throws: `PostgresError`, `OnlineTimeout`.
    private func online(_ statement: Statement, work: String) async throws -> [Rows] {
        let clock = ContinuousClock.now
        do throws(PostgresError) {
            // One message is one transaction: the timeout comes back by itself, whatever happens.
            return try await connection.script(
                ["SET LOCAL statement_timeout = 0", statement],
                deadline: max(.milliseconds(1), onlineDeadline - clock)
            )
        } catch {
            guard error.kind == .deadlineExceeded, !error.isConnectionLoss else { throw error }
            // Scans wait for nobody; for the locks that they need, by `lock_timeout`.
            throw OnlineTimeout(work: work, after: ContinuousClock.now - clock, blockers: [])
        }
    }

    /// Drops the CHECK, of this run or an earlier one.
    func drop(_ constraint: String, until deadline: ContinuousClock.Instant) async throws -> LockLadder.Outcome {
        try await ladder.perform(
            removal(of: constraint),
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
