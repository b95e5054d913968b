// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Logging
import Partitioning

/// Gives a partition the valid child that a parent's index lacks there, without blocking writers.
struct IndexRepair {
    let connection: Connection
    let ladder: LockLadder
    /// Of what is done beside readers and writers, which takes as long as the partition is big and others' transactions are open.
    let onlineDeadline: ContinuousClock.Instant
    let runDeadline: ContinuousClock.Instant
    let logger: Logger

    /// What stands there now.
    struct Situation {
        /// `pg_get_indexdef` of the parent's index from `USING` on.
        var definition: String
        var isUnique: Bool
        /// `p` or `u` where a constraint owns the parent's index; `x` can't be built online. With what follows it there.
        var constraint: String
        var tablespace: String?
        /// A valid index with the same definition, attached to nothing.
        var candidate: String?
        /// The constraint that owns the candidate already.
        var candidateConstraint = ""
        /// An invalid one, and whether it is attached.
        var remnant: String?
        var isRemnantAttached: Bool
        var isHealthy: Bool
        /// Who may be building the invalid one at this moment.
        var builder: Blocker?
    }

    /// - Parameter deadline: of the locks that applications wait for. What was built first is given ten more seconds, if the run has them.
    /// - Returns: nil where somebody else has put it right in the meantime.
    /// - Throws: `PostgresError`, `OnlineTimeout`, `CancellationError`.
    func repair(_ gap: IndexGap, until deadline: ContinuousClock.Instant) async throws -> LockLadder.Outcome? {
        var locks: ContinuousClock.Instant { min(runDeadline, max(deadline, .now + .seconds(10))) }
        var situation = try await situation(gap)
        if situation.isHealthy { return nil }
        if situation.constraint.hasPrefix("x") {
            throw PostgresError(
                .server,
                "\(gap.parentIndex) belongs to an exclusion constraint, which PostgreSQL can't build without blocking writers",
                hint: "ALTER TABLE \(gap.partition) ADD CONSTRAINT … EXCLUDE in a maintenance window"
            )
        }
        if let builder = situation.builder { return .deferred(attempts: 0, blockers: [builder]) }
        if let remnant = situation.remnant {
            let name = RelationName(schema: gap.partition.schema, name: remnant)
            if situation.isRemnantAttached {
                try await online("REINDEX INDEX CONCURRENTLY \(name)", gap, work: "rebuilding the index \(name)")
                // Attaching it once more has the parent's index looked at, and become valid with its last child.
                return try await attach(remnant, gap, until: locks)
            }
            try await online(
                "DROP INDEX CONCURRENTLY IF EXISTS \(name)",
                gap,
                work: "dropping the invalid index \(name)"
            )
        }
        if situation.candidate == nil {
            situation.candidate = try await build(gap, situation)
            await PausePoint.indexBuilt.reach()
        }
        guard let child = situation.candidate else { return nil }
        if !situation.constraint.isEmpty && situation.candidateConstraint.isEmpty {
            let made = try await makeConstraint(of: child, gap, situation, until: locks)
            if case .deferred = made { return made }
        }
        let outcome = try await attach(child, gap, until: locks)
        await PausePoint.indexAttached.reach()
        return outcome
    }

    /// A CONCURRENTLY statement waits for older transactions, which may take long and blocks nobody.
    ///
    /// - Parameters:
    ///   - work: the statement for people, as in ``OnlineTimeout``.
    ///   - end: nil for ``onlineDeadline``.
    /// - Throws: `PostgresError`, `OnlineTimeout`.
    private func online(
        _ statement: Statement,
        _ gap: IndexGap,
        work: String,
        tablespace: String? = nil,
        until end: ContinuousClock.Instant? = nil
    ) async throws {
        let clock = ContinuousClock.now
        _ = try await connection.script([
            "SET lock_timeout = 0", "SET statement_timeout = 0",
            "SET default_tablespace = \(literal: tablespace ?? "")",
        ])
        do throws(PostgresError) {
            _ = try await connection.query(statement, deadline: max(.milliseconds(1), (end ?? onlineDeadline) - .now))
        } catch {
            await restoreSettings()
            guard error.kind == .deadlineExceeded, !error.isConnectionLoss else { throw error }
            throw OnlineTimeout(
                work: work,
                after: ContinuousClock.now - clock,
                blockers: (try? await longTransactions(gap)) ?? [],
                grant: try? await LockObserver(connection: connection).grantToSeeOthers()
            )
        }
        await restoreSettings()
    }

    /// Those that CONCURRENTLY waits for: whoever holds a lock on the table against its writers, and whoever has an old snapshot.
    private func longTransactions(_ gap: IndexGap) async throws(PostgresError) -> [Blocker] {
        let observer = LockObserver(connection: connection)
        let lock = LockUse(relation: gap.partition, oid: gap.partitionOID, mode: .share)
        let holders = try await observer.holders(of: [lock], alone: [])
        let snapshots = try await observer.snapshots()
        // One line for each transaction; short ones come and go, and nothing waits long for them.
        let blockers = Dictionary(
            (holders.map { ($0.virtualTransaction, $1) } + snapshots.map { ($0.virtualTransaction, $1) }),
            uniquingKeysWith: { lock, _ in lock }
        )
        return blockers.values.filter { $0.transactionAge ?? .infinity >= 1 }.sortedByAge
    }

    /// Also after a cancellation, for what still has to be done then. Where this fails the connection is gone.
    private func restoreSettings() async {
        await Task {
            _ = try? await connection.script(DatabaseSession.standingSettings)
        }.value
    }

    static func name(of gap: IndexGap, attempt: Int = 0) -> String {
        let suffix = "_" + gap.parentIndex.name
        let base = IdentifierName.truncated(gap.partition.name + suffix, suffixKept: String(suffix.suffix(20)))
        return IdentifierName.disambiguated(base, attempt: attempt)
    }

    static func creation(of name: String, _ gap: IndexGap, _ situation: Situation) -> Statement {
        let kind: Statement = situation.isUnique ? "UNIQUE " : ""
        let definition = Statement(trustedCatalogSQL: situation.definition, "pg_get_indexdef")
        return """
            CREATE \(fragment: kind)INDEX CONCURRENTLY \(identifier: name) ON \(gap.partition) \(fragment: definition)
            """
    }

    /// Makes a finished index the constraint that the parent's is.
    static func constraint(from child: String, _ gap: IndexGap, _ situation: Situation) -> Statement {
        let kind: Statement = situation.constraint.hasPrefix("p") ? "PRIMARY KEY" : "UNIQUE"
        let timing = Statement(trustedCatalogSQL: String(situation.constraint.dropFirst()), "made by PropertyReader")
        return """
            ALTER TABLE \(gap.partition) ADD CONSTRAINT \(identifier: child) \(fragment: kind)
            USING INDEX \(identifier: child)\(fragment: timing)
            """
    }

    private func build(_ gap: IndexGap, _ situation: Situation) async throws -> String {
        var attempt = 0
        while true {
            let name = Self.name(of: gap, attempt: attempt)
            let before = try await indexes(of: gap)
            do {
                try await online(
                    Self.creation(of: name, gap, situation),
                    gap,
                    work: "building the index \(gap.parentIndex.name) on \(gap.partition)",
                    tablespace: situation.tablespace
                )
                return name
            } catch {
                if error.sqlState == .duplicateTable, attempt < 20 {
                    attempt += 1
                    continue
                }
                // What a failed build leaves is of no use. Where there is no time for this now, the next run does it.
                if error is OnlineTimeout || (error as? PostgresError)?.kind == .server {
                    try? await dropRemnant(name, gap, before: before)
                }
                throw error
            }
        }
    }

    /// Drops what our own failed build left: an invalid index of this partition that was not there before. A build can fail before it looks at
    /// the name, and under that name may stand somebody's index.
    private func dropRemnant(_ name: String, _ gap: IndexGap, before: [UInt32: Bool]) async throws {
        let remnant = RelationName(schema: gap.partition.schema, name: name)
        guard let oid = try await connection.query(Self.oidQuery(remnant)).first?.oid("oid"), before[oid] == nil,
            try await indexes(of: gap)[oid] == false, try await builder(on: gap) == nil
        else { return }
        // Writers maintain it meanwhile; a transaction that is open on the table would be waited for.
        try await online(
            "DROP INDEX CONCURRENTLY IF EXISTS \(remnant)",
            gap,
            work: "dropping the invalid index \(remnant)",
            until: min(runDeadline, .now + .seconds(5))
        )
    }

    /// The partition's indexes, and whether each is valid.
    private func indexes(of gap: IndexGap) async throws(PostgresError) -> [UInt32: Bool] {
        let rows = try await connection.query(
            "SELECT indexrelid::bigint AS oid, indisvalid AS valid FROM pg_index WHERE indrelid = \(bind: Int64(gap.partitionOID))::oid"
        )
        var indexes: [UInt32: Bool] = [:]
        for row in rows { indexes[try row.oid("oid")] = try row.bool("valid") }
        return indexes
    }

    private func makeConstraint(
        of child: String,
        _ gap: IndexGap,
        _ situation: Situation,
        until deadline: ContinuousClock.Instant
    ) async throws -> LockLadder.Outcome {
        try await ladder.perform(
            LockedChange(
                locks: [LockUse(relation: gap.partition, oid: gap.partitionOID, mode: .accessExclusive)],
                body: Self.constraint(from: child, gap, situation),
                identities: [gap.partitionOID: gap.partition],
                purpose: "make \(child) a constraint of \(gap.partition)"
            ),
            on: connection,
            until: deadline,
            logger: logger
        )
    }

    private func attach(
        _ child: String,
        _ gap: IndexGap,
        until deadline: ContinuousClock.Instant
    ) async throws -> LockLadder.Outcome {
        let index = RelationName(schema: gap.partition.schema, name: child)
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
        guard let row = try await connection.query(Self.oidQuery(name)).first else {
            throw PostgresError(.decoding, "the index \(name) is not in the catalog")
        }
        return try row.oid("oid")
    }

    private static func oidQuery(_ name: RelationName) -> Statement {
        """
        SELECT c.oid::bigint AS oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = \(bind: name.schema) AND c.relname = \(bind: name.name)
        """
    }

    func situation(_ gap: IndexGap) async throws(PostgresError) -> Situation {
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
        let attached = own.child(of: gap.parentIndex.name)
        let twins = own.filter { $0.parentIndex == nil && $0.definition == definition }
        let remnant = ([attached].compactMap { $0 } + twins).first { !$0.isValid }
        let candidate = twins.first { $0.isValid && ($0.constraint.isEmpty || $0.constraint == constraint) }
        return Situation(
            definition: isUnique ? String(definition.dropFirst("UNIQUE ".count)) : definition,
            isUnique: isUnique,
            constraint: constraint,
            tablespace: parent.tablespace,
            candidate: candidate?.name,
            candidateConstraint: candidate?.constraint ?? "",
            remnant: remnant?.name,
            isRemnantAttached: remnant != nil && remnant?.name == attached?.name,
            isHealthy: attached?.isValid == true,
            builder: remnant == nil ? nil : try await builder(on: gap)
        )
    }

    private func parentOID(_ gap: IndexGap) async throws(PostgresError) -> UInt32 {
        let rows = try await connection.query(
            "SELECT indrelid::bigint AS oid FROM pg_index WHERE indexrelid = \(bind: Int64(gap.parentIndexOID))::oid"
        )
        guard let row = rows.first else { throw PostgresError(.decoding, "the index \(gap.parentIndex) is gone") }
        return try row.oid("oid")
    }

    /// An index that somebody is building at this moment looks invalid, and must be left alone. Its builder has the table in SHARE UPDATE
    /// EXCLUSIVE mode throughout; so have VACUUM and ANALYZE, which don't build. (What is built where, other roles aren't shown.)
    private func builder(on gap: IndexGap) async throws(PostgresError) -> Blocker? {
        let rows = try await connection.query(
            """
            SELECT l.pid, l.mode, a.usename AS username, a.application_name AS application, a.state,
                   extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS age, \(fragment: LockObserver.query)
              FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
             WHERE l.locktype = 'relation' AND l.relation = \(bind: Int64(gap.partitionOID))::oid AND l.granted
               AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
               AND l.mode = 'ShareUpdateExclusiveLock' AND l.pid <> pg_backend_pid()
               AND l.pid NOT IN (SELECT pid FROM pg_stat_progress_vacuum UNION ALL SELECT pid FROM pg_stat_progress_analyze)
             LIMIT 1
            """
        )
        guard let row = rows.first else { return nil }
        return Blocker(
            relation: gap.partition.description,
            mode: try row.string("mode"),
            pid: try row.optionalInt("pid"),
            user: try row.optionalString("username"),
            application: try row.optionalString("application"),
            state: try row.optionalString("state"),
            transactionAge: try row.optionalDouble("age"),
            query: try row.optionalString("query"),
            grant: try row.optionalString("missing"),
            isAutovacuum: false,
            isWraparoundVacuum: false
        )
    }
}
