// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import LibPQ
package import Partitioning

/// A change that needs locks for which applications wait, to be made in one message to the server.
package struct LockedChange: Sendable {
    /// All locks on relations that others use, in the order in which they are to be taken.
    package var locks: [LockUse]
    /// Relations that are locked without their partitions: a parent, whose partitions are in use and not concerned.
    package var alone: Set<UInt32>
    /// One or more statements of PL/pgSQL that make the change, without binds and without the last semicolon.
    package var body: Statement
    /// Made in the same transaction before any of the ``locks`` is asked for: what nobody waits for, under the session's own timeouts.
    package var preparation: [Statement] = []
    /// Relations that must be what they were before and after the change, by the oid that each name must have. Those in ``locks`` are checked
    /// before it in any case.
    package var identities: [UInt32: RelationName]
    /// The default partition that the locks were planned for; nil where it doesn't matter.
    package var plannedDefault: PlannedDefault?
    /// The change waits, with its locks, for every transaction of the database that has a snapshot.
    package var outlivesSnapshots = false
    /// For logs and errors, for example "attach public.events_2026_12".
    package var purpose: String

    package init(
        locks: [LockUse],
        alone: Set<UInt32> = [],
        body: Statement,
        identities: [UInt32: RelationName],
        plannedDefault: PlannedDefault? = nil,
        purpose: String
    ) {
        self.locks = locks
        self.alone = alone
        self.body = body
        self.identities = identities
        self.plannedDefault = plannedDefault
        self.purpose = purpose
    }

    /// A parent with the default partition that it must have: ATTACH locks that one, planned or not.
    package struct PlannedDefault: Hashable, Sendable {
        package var parent: RelationName
        package var parentOID: UInt32
        /// 0 for none, as in `pg_partitioned_table.partdefid`.
        package var partitionOID: UInt32

        package init(of table: PartitionedTable) {
            parent = table.name
            parentOID = table.oid
            partitionOID = table.defaultPartition?.oid ?? 0
        }
    }

    /// Locks that make readers or writers wait.
    var blocking: [LockUse] { locks.filter(\.mode.stallsApplications) }

    /// How long an attempt may take.
    package struct Limits: Hashable, Sendable {
        /// What bystanders may have to wait behind us, at the most: for all blocking locks and the change together.
        package var budget: Duration
        /// For each lock that only maintenance waits for.
        package var gentle: Duration

        package init(budget: Duration, gentle: Duration) {
            self.budget = budget
            self.gentle = gentle
        }
    }

    /// The change as one message: a client that stops, or a network that breaks, can't leave a lock behind.
    ///
    /// `lock_timeout` counts for each lock alone. The blocking locks are therefore taken, and the change made, inside one
    /// DO statement, whose `statement_timeout` bounds the sum: also where no blocking lock was planned, for a foreign key or a default partition
    /// that came after the plan brings one with it.
    ///
    /// - Parameter rights: what this role may do; locks it can't ask for by themselves are taken by the change.
    package func message(_ limits: Limits, rights: [UInt32: LockRight]) -> [Statement] {
        let gentle = Int64(limits.gentle / .milliseconds(1))
        let named = identities.merging(locks.map { ($0.oid, $0.relation) }, uniquingKeysWith: { first, _ in first })
        var message: [Statement] = ["BEGIN"]
        if !preparation.isEmpty {
            message.append("DO \(quoted: Self.declaration + checks(of: named) + "END")")
            message += preparation
        }
        message += [
            // Waiting for a standby at COMMIT would hold the locks beyond every timeout; never off: a crash must not lose the change.
            "SET LOCAL synchronous_commit = local",
            "SET LOCAL lock_timeout = \(literal: gentle)",
            "SET LOCAL statement_timeout = \(literal: 2 * gentle)",
        ]
        // Before the first lock, so that no stranger is locked.
        message.append("DO \(quoted: Self.declaration + checks(of: named) + "END")")
        // Nobody waits for this mode but maintenance: it is a free mutex, and a waiting one ends an autovacuum within a second.
        for lock in locks where rights[lock.oid] == .lockTable {
            let table: Statement = alone.contains(lock.oid) ? "ONLY \(lock.relation)" : "\(lock.relation)"
            message.append("LOCK TABLE \(fragment: table) IN SHARE UPDATE EXCLUSIVE MODE")
        }
        let milliseconds = Int64(limits.budget / .milliseconds(1))
        let work = Int64(work(limits) / .milliseconds(1))
        // A little less than for the whole: what ends one wait is then told from what ends the work.
        let wait = milliseconds < work ? milliseconds : max(1, milliseconds - milliseconds / 10)
        message.append("SET LOCAL lock_timeout = \(literal: wait)")
        message.append("SET LOCAL statement_timeout = \(literal: work)")
        message.append("DO \(quoted: block(rights: rights, named: named))")
        message.append("COMMIT")
        return message
    }

    /// How long the change may take with its locks. Where nobody is to wait behind us, longer: a parent with many indexes, a slow disk.
    func work(_ limits: Limits) -> Duration {
        blocking.isEmpty ? max(limits.budget, .seconds(2)) : limits.budget
    }

    private static let declaration: Statement = "DECLARE stranger text;\nBEGIN\n"

    /// What has changed while we waited for a lock shows after it, and once more at the end, when everything is locked.
    private func block(rights: [UInt32: LockRight], named: [UInt32: RelationName]) -> Statement {
        var block = Self.declaration + checks(of: named)
        let statements = blocking.compactMap { lock in
            rights[lock.oid].flatMap { lock.statement($0, alone: alone.contains(lock.oid)) }
        }
        for statement in statements { block = block + statement + ";\n" }
        if !statements.isEmpty { block = block + checks(of: named) }
        return block + body + ";\n" + checks(of: identities) + "END"
    }

    /// Read from the catalog, since `to_regclass` asks for USAGE on the schema, which the change itself may not need.
    private func checks(of relations: [UInt32: RelationName]) -> Statement {
        var checks: Statement = ""
        if !relations.isEmpty {
            let values = relations.sorted { $0.key < $1.key }.map { oid, name -> Statement in
                "(\(literal: Int64(oid))::oid, \(literal: name.schema), \(literal: name.name), \(literal: name.description))"
            }
            checks = """
                SELECT w.display INTO stranger
                  FROM (VALUES \(fragment: Statement.joined(values, separator: ", "))) w(oid, schema, name, display)
                 WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                                    WHERE c.oid = w.oid AND c.relname = w.name AND n.nspname = w.schema)
                 LIMIT 1;
                IF stranger IS NOT NULL THEN
                RAISE EXCEPTION USING ERRCODE = \(literal: SQLState.catalogChanged.rawValue), MESSAGE = stranger || ' is not the relation it was when the plan was made';
                END IF;\n
                """
        }
        guard let planned = plannedDefault else { return checks }
        return checks + """
            IF (SELECT partdefid FROM pg_catalog.pg_partitioned_table WHERE partrelid = \(literal: Int64(planned.parentOID))::oid)
               IS DISTINCT FROM \(literal: Int64(planned.partitionOID))::oid THEN
            RAISE EXCEPTION USING ERRCODE = \(literal: SQLState.catalogChanged.rawValue), MESSAGE = \(literal: "\(planned.parent) has another default partition than when the plan was made");
            END IF;\n
            """
    }
}

extension SQLState {
    /// Raised by our own precondition checks: what the plan was made for has changed. Class PC is none of PostgreSQL's.
    static let catalogChanged = SQLState(rawValue: "PC001")
}

extension Statement {
    /// A relation's quoted name alone.
    init(_ name: RelationName) {
        self = "\(name)"
    }
}

extension Statement.StringInterpolation {
    /// A relation's name, qualified and quoted.
    mutating func appendInterpolation(_ name: RelationName) {
        appendInterpolation(qualified: name.schema, name.name)
    }
}

extension LockUse {
    /// Takes a blocking lock; nil where the right allows no statement for this mode.
    fileprivate func statement(_ right: LockRight, alone: Bool) -> Statement? {
        let table: Statement = alone ? "ONLY \(relation)" : "\(relation)"
        switch right {
        case .lockTable:
            switch mode {
            case .accessExclusive: return "LOCK TABLE \(fragment: table) IN ACCESS EXCLUSIVE MODE"
            case .exclusive: return "LOCK TABLE \(fragment: table) IN EXCLUSIVE MODE"
            case .shareRowExclusive: return "LOCK TABLE \(fragment: table) IN SHARE ROW EXCLUSIVE MODE"
            case .share: return "LOCK TABLE \(fragment: table) IN SHARE MODE"
            case .accessShare, .rowShare, .rowExclusive, .shareUpdateExclusive: return nil
            }
        case .owner(let owner):
            return mode == .accessExclusive ? "ALTER TABLE ONLY \(relation) OWNER TO \(identifier: owner)" : nil
        }
    }
}
