// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import LibPQ
package import Partitioning

extension Blocker {
    /// Who holds, at this moment, a lock that one of the steps would wait for. For people: a run looks for itself.
    package static func current(
        of steps: [Step],
        on connection: Connection
    ) async throws(PostgresError) -> [Blocker] {
        let locks = Set(steps.flatMap(\.locks))
        guard !locks.isEmpty else { return [] }
        let holders = try await LockObserver(connection: connection).holders(
            of: Array(locks),
            alone: Set(steps.map(\.tableOID))
        )
        return holders.values.sorted { ($0.transactionAge ?? 0) > ($1.transactionAge ?? 0) }
    }

    /// Who has locked a table, or one of its partitions, against everybody: then not even its definition can be read.
    package static func locking(
        _ table: PartitionedTable,
        on connection: Connection
    ) async throws(PostgresError) -> [Blocker] {
        let lock = LockUse(relation: table.name, oid: table.oid, mode: .accessShare)
        return try await LockObserver(connection: connection).holders(of: [lock], alone: []).values.sortedByAge
    }
}
