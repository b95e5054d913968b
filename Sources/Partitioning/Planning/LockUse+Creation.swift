// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension LockUse {
    /// The locks that attaching a new, empty partition takes, beyond those on the new table, in our order: the parent,
    /// its default partition, then tables tied by foreign keys by their oid.
    ///
    /// Measured on PostgreSQL 15, 16 and 18: `ATTACH PARTITION` takes SHARE UPDATE EXCLUSIVE on the parent, ACCESS EXCLUSIVE on
    /// the default partition always, SHARE ROW EXCLUSIVE on tables at either end of a foreign key.
    package static func ofCreation(in table: PartitionedTable, receivesWritesNow: Bool) -> [LockUse] {
        // Writers that wait for the default partition have already been routed there, and would be refused (23514) once
        // their range belongs to a new partition: where such rows can arrive now, the parent is locked first.
        let parentMode: LockMode =
            receivesWritesNow && table.defaultPartition != nil ? .accessExclusive : .shareUpdateExclusive
        var locks = [LockUse(relation: table.name, oid: table.oid, mode: parentMode)]
        if let partition = table.defaultPartition {
            locks.append(LockUse(relation: partition.name, oid: partition.oid, mode: .accessExclusive))
        }
        let peers = Dictionary(
            (table.references + table.referencedBy).map { ($0.oid, $0.name) },
            uniquingKeysWith: { first, _ in first }
        )
        for (oid, name) in peers.sorted(by: { $0.key < $1.key }) where oid != table.oid {
            locks.append(LockUse(relation: name, oid: oid, mode: .shareRowExclusive))
        }
        return locks
    }
}
