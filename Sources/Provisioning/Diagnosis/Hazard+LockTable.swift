// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import Partitioning

/// The size of the server's lock table, and what the partitioned tables would take of it.
package struct LockTableFacts: Hashable, Sendable {
    package struct Table: Hashable, Sendable {
        package var name: RelationName
        /// Attached at whatever depth.
        package var partitions: Int
        /// Every relation that a query without pruning locks: the table, its partitions, and the indexes of all.
        package var relations: Int

        package init(name: RelationName, partitions: Int, relations: Int) {
            self.name = name
            self.partitions = partitions
            self.relations = relations
        }
    }

    /// `server_version_num`.
    package var version: Int
    package var maxLocksPerTransaction: Int
    package var maxConnections: Int
    package var maxPreparedTransactions: Int
    /// Sessions that wait for the lock table itself at this moment.
    package var waiters: Int
    package var tables: [Table]

    package init(
        version: Int,
        maxLocksPerTransaction: Int,
        maxConnections: Int,
        maxPreparedTransactions: Int = 0,
        waiters: Int = 0,
        tables: [Table]
    ) {
        self.version = version
        self.maxLocksPerTransaction = maxLocksPerTransaction
        self.maxConnections = maxConnections
        self.maxPreparedTransactions = maxPreparedTransactions
        self.waiters = waiters
        self.tables = tables
    }

    /// How many locks the table is sure to hold, as the documentation of `max_locks_per_transaction` counts them.
    package var capacity: Int { maxLocksPerTransaction * (maxConnections + maxPreparedTransactions) }

    /// Locks that a session keeps outside the shared table: 16, and from PostgreSQL 18 on as many as `max_locks_per_transaction` rounded up to
    /// a power of two, 16 at least.
    package var fastPathSlots: Int {
        guard version >= 180_000 else { return 16 }
        var slots = 16
        while slots < min(maxLocksPerTransaction, 16_384) { slots *= 2 }
        return slots
    }
}

extension Hazard {
    /// - Returns: an error where one query fills the table, a warning where four do or sessions wait for it now, a note where
    ///   many locks don't fit into the fast-path slots.
    package static func hazards(of facts: LockTableFacts) -> [Hazard] {
        facts.tables.compactMap { table in
            let need = table.relations
            let isCongested = facts.waiters > 0 && need > facts.fastPathSlots
            let severity: Finding.Severity
            if need > facts.capacity {
                severity = .error
            } else if need * 4 > facts.capacity || isCongested {
                severity = .warning
            } else if need > max(facts.fastPathSlots, 256) {
                severity = .note
            } else {
                return nil
            }
            let partitions = table.partitions == 1 ? "1 partition" : "\(table.partitions) partitions"
            var evidence = [
                "the lock table is sure to hold \(facts.capacity): max_locks_per_transaction \(facts.maxLocksPerTransaction) × "
                    + "(max_connections \(facts.maxConnections) + max_prepared_transactions \(facts.maxPreparedTransactions))",
                "a session has \(facts.fastPathSlots) fast-path slots",
            ]
            if facts.waiters > 0 {
                evidence.append(
                    "\(facts.waiters == 1 ? "1 session waits" : "\(facts.waiters) sessions wait") for the lock table now"
                )
            }
            return Hazard(
                severity,
                .lockTableSize,
                table: table.name,
                "a query of \(table.name) that isn't pruned takes \(need) locks, on \(partitions) and all indexes",
                evidence: evidence,
                remedy: severity == .note
                    ? "see that queries name the partition key; fewer, larger or retired partitions take fewer locks"
                    : "raise max_locks_per_transaction (a restart), to \(suggestion(facts, need)) say; or keep fewer partitions, and queries pruned"
            )
        }
    }

    /// A value with which four such queries fit, a power of two.
    private static func suggestion(_ facts: LockTableFacts, _ need: Int) -> Int {
        let sessions = max(1, facts.maxConnections + facts.maxPreparedTransactions)
        var value = 64
        while value * sessions < need * 4, value < 1 << 20 { value *= 2 }
        return max(value, facts.maxLocksPerTransaction * 2)
    }
}
