// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A part of a table's plan that takes as long as something is big. All else takes milliseconds.
package struct OnlineWork: Hashable, Codable, Sendable {
    package enum Kind: String, Hashable, Codable, Sendable {
        /// The default partition is read beside its readers and writers: for rows of the new ranges, and to validate a CHECK if it is big.
        case readDefault = "read-default-partition"
        /// ATTACH reads the default partition under its lock: no CHECK can stand where rows arrive now.
        case scanDefaultUnderLock = "scan-default-partition-under-lock"
        /// An index is built beside the table's readers and writers.
        case buildIndex = "build-index"
    }

    package var kind: Kind
    /// What is read.
    package var relation: RelationName
    /// Of the relation; nil where it could not be measured.
    package var bytes: Int64?
    /// How often it is read from its beginning to its end.
    package var passes: Int

    package init(kind: Kind, relation: RelationName, bytes: Int64?, passes: Int) {
        self.kind = kind
        self.relation = relation
        self.bytes = bytes
        self.passes = passes
    }

    /// A default partition of up to this many bytes is scanned by ATTACH within the attempt's budget.
    package static let scanLimit: Int64 = 8 << 20

    /// Bytes a second, rounded down, measured with a table of 5 million rows (422 MB) in memory, on PostgreSQL 15 and two busy cores: the look for
    /// rows took 2.3 s, VALIDATE 1.4 to 2.1 s; `CREATE INDEX CONCURRENTLY`, with both its passes, 11 to 16 s, on a text column 31 s.
    package static let scanRate: Int64 = 200_000_000
    package static let buildRate: Int64 = 25_000_000

    /// An estimate from the size alone; nil where that is unknown. Old transactions can make an index wait longer.
    package var seconds: Double? {
        guard let bytes else { return nil }
        return kind == .buildIndex
            ? Double(bytes) / Double(Self.buildRate) : Double(bytes) * Double(passes) / Double(Self.scanRate)
    }

    /// The relations whose sizes are wanted for the plan: few, where the tables are many.
    package static func relations(of plan: TablePlan, in table: PartitionedTable) -> [UInt32] {
        let creates = plan.steps.contains { if case .createPartition = $0.action { true } else { false } }
        let gaps = plan.steps.compactMap { if case .repairIndex(let gap) = $0.action { gap.partitionOID } else { nil } }
        return (creates ? table.defaultPartition.map { [$0.oid] } ?? [] : []) + Array(Set(gaps)).sorted()
    }

    /// The work of a table's plan, in the order in which it is done.
    ///
    /// - Parameter sizes: in bytes, by oid.
    package static func of(_ plan: TablePlan, in table: PartitionedTable, sizes: [UInt32: Int64]) -> [OnlineWork] {
        defaultPartition(plan, table, sizes)
            + plan.steps.compactMap { step in
                guard case .repairIndex(let gap) = step.action else { return nil }
                // CREATE INDEX CONCURRENTLY reads the table twice.
                return OnlineWork(kind: .buildIndex, relation: gap.partition, bytes: sizes[gap.partitionOID], passes: 2)
            }
    }

    private static func defaultPartition(
        _ plan: TablePlan,
        _ table: PartitionedTable,
        _ sizes: [UInt32: Int64]
    ) -> [OnlineWork] {
        let creations = plan.steps.compactMap {
            if case .createPartition(let creation) = $0.action { creation } else { nil }
        }
        guard !creations.isEmpty, let partition = table.defaultPartition else { return [] }
        let size = sizes[partition.oid]
        let urgent = creations.filter(\.receivesWritesNow).count
        let isBig = size.map { $0 > scanLimit } ?? true
        // A small one is scanned by each ATTACH, which is over before anybody notices.
        guard isBig else { return [OnlineWork(kind: .readDefault, relation: partition.name, bytes: size, passes: 1)] }
        let looks = OnlineWork(
            kind: .readDefault,
            relation: partition.name,
            bytes: size,
            passes: urgent < creations.count ? 2 : 1
        )
        guard urgent > 0 else { return [looks] }
        return [
            looks, OnlineWork(kind: .scanDefaultUnderLock, relation: partition.name, bytes: size, passes: urgent),
        ]
    }
}
