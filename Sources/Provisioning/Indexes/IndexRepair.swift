// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Logging
import Partitioning

/// Gives a partition the valid child that a parent's index lacks there, without blocking writers.
struct IndexRepair {
    let connection: Connection
    let ladder: LockLadder
    let logger: Logger

    /// What stands there now.
    private struct Situation {
        /// `pg_get_indexdef` of the parent's index from `USING` on.
        var definition: String
        var isUnique: Bool
        /// `p` or `u` where a constraint owns the parent's index; `x` can't be built online.
        var constraint: String
        var tablespace: String?
        /// A valid index with the same definition, attached to nothing.
        var candidate: String?
        /// An invalid one, and whether it is attached.
        var remnant: String?
        var isRemnantAttached: Bool
        var isHealthy: Bool
    }

    /// - Returns: nil where somebody else has put it right in the meantime.
    /// - Throws: `PostgresError`, `CancellationError`.
    func repair(_ gap: IndexGap, until deadline: ContinuousClock.Instant) async throws -> LockLadder.Outcome? {
        var situation = try await situation(gap)
        if situation.isHealthy { return nil }
        if situation.constraint == "x" {
            throw PostgresError(
                .server,
                "\(gap.parentIndex) belongs to an exclusion constraint, which PostgreSQL can't build without blocking writers",
                hint: "ALTER TABLE \(gap.partition) ADD CONSTRAINT … EXCLUDE in a maintenance window"
            )
        }
        if let remnant = situation.remnant {
            let name = RelationName(schema: gap.partition.schema, name: remnant)
            if situation.isRemnantAttached {
                try await online("REINDEX INDEX CONCURRENTLY \(name)", until: deadline)
                return .done(attempts: 1)
            }
            try await online("DROP INDEX CONCURRENTLY IF EXISTS \(name)", until: deadline)
        }
        if situation.candidate == nil {
            situation.candidate = try await build(gap, situation, until: deadline)
            await PausePoint.indexBuilt.reach()
        }
        guard let child = situation.candidate else { return nil }
        let outcome = try await attach(child, gap, situation, until: deadline)
        await PausePoint.indexAttached.reach()
        return outcome
    }

    /// A CONCURRENTLY statement waits for older transactions, which may take long and blocks nobody; the run's deadline ends it.
    private func online(_ statement: Statement, until deadline: ContinuousClock.Instant) async throws(PostgresError) {
        _ = try await connection.query("SET lock_timeout = 0")
        _ = try await connection.query("SET statement_timeout = 0")
        do {
            _ = try await connection.query(statement, deadline: max(.milliseconds(1), deadline - ContinuousClock.now))
        } catch {
            try? await restoreTimeouts()
            throw error
        }
        try await restoreTimeouts()
    }

    private func restoreTimeouts() async throws(PostgresError) {
        _ = try await connection.script(["SET lock_timeout = '5s'", "SET statement_timeout = '30s'"])
    }

    private func build(
        _ gap: IndexGap,
        _ situation: Situation,
        until deadline: ContinuousClock.Instant
    ) async throws(PostgresError) -> String {
        let suffix = "_" + gap.parentIndex.name
        let base = IdentifierName.truncated(gap.partition.name + suffix, suffixKept: String(suffix.suffix(20)))
        let kind: Statement = situation.isUnique ? "UNIQUE " : ""
        let definition = Statement(trustedCatalogSQL: situation.definition, "pg_get_indexdef")
        let tablespace = situation.tablespace ?? ""
        _ = try await connection.query("SET default_tablespace = \(literal: tablespace)")
        var attempt = 0
        while true {
            let name = IdentifierName.disambiguated(base, attempt: attempt)
            do {
                try await online(
                    """
                    CREATE \(fragment: kind)INDEX CONCURRENTLY \(identifier: name) ON \(gap.partition) \(fragment: definition)
                    """,
                    until: deadline
                )
                _ = try await connection.query("RESET default_tablespace")
                return name
            } catch {
                guard error.sqlState == .duplicateTable, attempt < 20 else { throw error }
                attempt += 1
            }
        }
    }

    private func attach(
        _ child: String,
        _ gap: IndexGap,
        _ situation: Situation,
        until deadline: ContinuousClock.Instant
    ) async throws -> LockLadder.Outcome {
        let index = RelationName(schema: gap.partition.schema, name: child)
        if gap.isConstraint {
            let kind: Statement = situation.constraint == "p" ? "PRIMARY KEY" : "UNIQUE"
            let made = try await ladder.perform(
                LockedChange(
                    locks: [LockUse(relation: gap.partition, oid: gap.partitionOID, mode: .accessExclusive)],
                    body: """
                        ALTER TABLE \(gap.partition) ADD CONSTRAINT \(identifier: child) \(fragment: kind) USING INDEX \(identifier: child)
                        """,
                    identities: [gap.partitionOID: gap.partition],
                    purpose: "make \(index) a constraint of \(gap.partition)"
                ),
                on: connection,
                until: deadline,
                logger: logger
            )
            if case .deferred = made { return made }
        }
        return try await ladder.perform(
            LockedChange(
                locks: [
                    LockUse(relation: gap.parentIndex, oid: gap.parentIndexOID, mode: .shareUpdateExclusive),
                    LockUse(relation: index, oid: try await oid(of: index), mode: .accessExclusive),
                ],
                body: "ALTER INDEX \(gap.parentIndex) ATTACH PARTITION \(index)",
                identities: [gap.parentIndexOID: gap.parentIndex],
                purpose: "attach \(index) to \(gap.parentIndex)"
            ),
            on: connection,
            until: deadline,
            logger: logger
        )
    }

    private func oid(of name: RelationName) async throws(PostgresError) -> UInt32 {
        let rows = try await connection.query(
            """
            SELECT c.oid::bigint AS oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = \(bind: name.schema) AND c.relname = \(bind: name.name)
            """
        )
        guard let row = rows.first else { throw PostgresError(.decoding, "the index \(name) is not in the catalog") }
        return try row.oid("oid")
    }

    private func situation(_ gap: IndexGap) async throws(PostgresError) -> Situation {
        let properties = try await PropertyReader(connection: connection).properties(of: [gap.partitionOID])
        let parentOID = try await parentOID(gap)
        let parents = try await PropertyReader(connection: connection).properties(of: [parentOID])
        guard let parent = parents[parentOID]?.indexes.first(where: { $0.name == gap.parentIndex.name }) else {
            throw PostgresError(.decoding, "the index \(gap.parentIndex) is gone")
        }
        let definition = parent.definition
        let isUnique = definition.hasPrefix("UNIQUE ")
        let constraint = parent.constraint
        let own = properties[gap.partitionOID]?.indexes ?? []
        let attached = own.first { $0.parentIndex == gap.parentIndex.name }
        let twins = own.filter { $0.parentIndex == nil && $0.definition == definition }
        let busy = try await beingBuilt(on: gap.partitionOID)
        let remnant = ([attached].compactMap { $0 } + twins).first { !$0.isValid && !busy.contains($0.name) }
        return Situation(
            definition: isUnique ? String(definition.dropFirst("UNIQUE ".count)) : definition,
            isUnique: isUnique,
            constraint: constraint,
            tablespace: parent.tablespace,
            candidate: twins.first {
                $0.isValid && (!gap.isConstraint || $0.constraint.isEmpty || $0.constraint == constraint)
            }?.name,
            remnant: remnant?.name,
            isRemnantAttached: remnant != nil && remnant?.name == attached?.name,
            isHealthy: attached?.isValid == true
        )
    }

    private func parentOID(_ gap: IndexGap) async throws(PostgresError) -> UInt32 {
        let rows = try await connection.query(
            "SELECT indrelid::bigint AS oid FROM pg_index WHERE indexrelid = \(bind: Int64(gap.parentIndexOID))::oid"
        )
        guard let row = rows.first else { throw PostgresError(.decoding, "the index \(gap.parentIndex) is gone") }
        return try row.oid("oid")
    }

    /// Indexes that somebody is building at this moment look invalid, and must be left alone.
    private func beingBuilt(on partition: UInt32) async throws(PostgresError) -> Set<String> {
        let rows = try await connection.query(
            """
            SELECT c.relname AS name FROM pg_stat_progress_create_index g JOIN pg_class c ON c.oid = g.index_relid
             WHERE g.relid = \(bind: Int64(partition))::oid
            """
        )
        var names: Set<String> = []
        for row in rows { names.insert(try row.string("name")) }
        return names
    }
}
