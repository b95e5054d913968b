// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import LibPQ
package import Partitioning

/// A change that needs locks for which applications wait, to be made in one message to the server.
package struct LockedChange: Sendable {
    /// All locks on relations that others use, in the order in which they are to be taken.
    package var locks: [LockUse]
    /// One statement that makes the change, without binds.
    package var body: Statement
    /// Relations that must still be what they were, by the oid that each name must have.
    package var identities: [UInt32: RelationName]
    /// For logs and errors, for example "attach public.events_2026_12".
    package var purpose: String

    package init(locks: [LockUse], body: Statement, identities: [UInt32: RelationName], purpose: String) {
        self.locks = locks
        self.body = body
        self.identities = identities
        self.purpose = purpose
    }

    /// Locks that make readers or writers wait.
    var blocking: [LockUse] { locks.filter(\.mode.stallsApplications) }

    /// The change as one message: a client that stops, or a network that breaks, can't leave a lock behind.
    ///
    /// `lock_timeout` counts for each lock alone. The blocking locks are therefore taken, and the change made, inside one
    /// DO statement, whose `statement_timeout` bounds the sum.
    ///
    /// - Parameters:
    ///   - budget: how long bystanders may have to wait behind us, at the most.
    ///   - lockable: relations on which this role may use LOCK TABLE; the others are locked by the change itself.
    func message(budget: Duration, lockable: Set<UInt32>) -> [Statement] {
        var message: [Statement] = [
            "BEGIN",
            // Waiting for a standby at COMMIT would hold the locks beyond every timeout; never off: a crash must not lose the change.
            "SET LOCAL synchronous_commit = local",
            "SET LOCAL lock_timeout = '5s'",
            "SET LOCAL statement_timeout = '10s'",
        ]
        // Nobody waits for this mode but maintenance: it is a free mutex, and a waiting one ends an autovacuum within a second.
        for lock in locks where lockable.contains(lock.oid) {
            message.append("LOCK TABLE ONLY \(lock.relation) IN SHARE UPDATE EXCLUSIVE MODE")
        }
        if !blocking.isEmpty {
            let milliseconds = Int64(budget / .milliseconds(1))
            message.append("SET LOCAL lock_timeout = \(literal: milliseconds)")
            message.append("SET LOCAL statement_timeout = \(literal: milliseconds)")
        }
        message.append("DO \(quoted: block(lockable: lockable))")
        message.append("COMMIT")
        return message
    }

    private func block(lockable: Set<UInt32>) -> Statement {
        var block: Statement = "BEGIN\n"
        for (oid, name) in identities.sorted(by: { $0.key < $1.key }) {
            block =
                block + """
                    IF to_regclass(\(quoted: Statement(name))) IS DISTINCT FROM \(literal: Int64(oid))::oid THEN
                    RAISE EXCEPTION USING ERRCODE = \(literal: SQLState.catalogChanged.rawValue), MESSAGE = \(literal: "\(name) is not the relation it was when the plan was made");
                    END IF;\n
                    """
        }
        for lock in blocking where lockable.contains(lock.oid) {
            block = block + lock.statement + ";\n"
        }
        return block + body + ";\nEND"
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
    /// The LOCK TABLE statement. A parent is locked alone: its partitions are in use, and none of this concerns them.
    var statement: Statement {
        switch mode {
        case .accessExclusive: "LOCK TABLE \(relation) IN ACCESS EXCLUSIVE MODE"
        case .shareRowExclusive: "LOCK TABLE \(relation) IN SHARE ROW EXCLUSIVE MODE"
        default: "LOCK TABLE ONLY \(relation) IN SHARE UPDATE EXCLUSIVE MODE"
        }
    }
}
