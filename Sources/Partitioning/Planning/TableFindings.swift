// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// What is wrong or remarkable about a table apart from its coverage.
enum TableFindings {
    static func of(_ table: PartitionedTable) -> [Finding] {
        overlaps(table) + pendingDetaches(table, ofOthers: true) + leftoverChecks(table) + indexes(table)
            + publications(table)
    }

    /// What interrupted runs of ours left, also on tables that aren't grown.
    static func residue(of table: PartitionedTable) -> [Finding] {
        pendingDetaches(table, ofOthers: false) + leftoverChecks(table)
    }

    private static func leftoverChecks(_ table: PartitionedTable) -> [Finding] {
        table.leftoverChecks.map { name in
            Finding(
                .error,
                .leftoverCheck,
                table: table.name,
                object: name,
                "the default partition of \(table.name) still has the CHECK \(name) of an interrupted run, and refuses rows because of it",
                remedy: "partition-cli rotate drops it first of all"
            )
        }
    }

    private static func overlaps(_ table: PartitionedTable) -> [Finding] {
        let ranges = PolicyInference.ranges(of: table)
        return Coverage(ranges.map(\.range)).overlaps.map { first, second in
            Finding(
                .error,
                .overlap,
                table: table.name,
                "the partitions \(ranges[first].partition.name) and \(ranges[second].partition.name) overlap",
                remedy:
                    "PostgreSQL doesn't allow this: the catalog is damaged or was read while it changed; run verify again"
            )
        }
    }

    private static func pendingDetaches(_ table: PartitionedTable, ofOthers: Bool) -> [Finding] {
        table.partitions.filter { $0.isDetachPending && (ofOthers || $0.marker != nil) }.map { partition in
            let isOurs = partition.marker != nil
            return Finding(
                .error,
                .pendingDetach,
                table: table.name,
                object: partition.name.description,
                "the detach of \(partition.name) was begun and not completed: its rows are gone from \(table.name), and new ones are refused",
                remedy: isOurs
                    ? "partition-cli rotate completes it"
                    : "ALTER TABLE \(table.name) DETACH PARTITION \(partition.name) FINALIZE, once nobody is at it"
            )
        }
    }

    private static func indexes(_ table: PartitionedTable) -> [Finding] {
        table.indexGaps.map { gap in
            let repairable = gap.partitionKind == .table
            return Finding(
                .error,
                .missingIndex,
                table: table.name,
                object: gap.partition.description,
                gap.invalidRemnant.map { "the index \($0) on \(gap.partition) is invalid: no query can use it" }
                    ?? "\(gap.partition) has no index that belongs to \(gap.parentIndex.name)",
                remedy: repairable
                    ? "partition-cli rotate builds it without blocking writers"
                    : "create the index there by hand and attach it: this kind of partition is left to you"
            )
        }
    }

    private static func publications(_ table: PartitionedTable) -> [Finding] {
        table.publicationsOfLeaves.map { name in
            Finding(
                .warning,
                .leafPublication,
                table: table.name,
                object: name,
                "the publication \(name) publishes the partitions of \(table.name) one by one: the first row of a new partition "
                    + "stops a subscriber that has no table of its name",
                remedy:
                    "ALTER PUBLICATION … SET (publish_via_partition_root = true), or create the tables on the subscriber first"
            )
        }
    }
}
