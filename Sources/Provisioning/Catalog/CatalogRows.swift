// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning

/// What one reading of the catalog returned, and how it becomes values.
struct CatalogRows {
    var server: ServerFacts
    var partman: PartmanConfiguration
    var tableRows: Rows
    var partitions: Rows
    var indexGaps: Rows
    var unattached: Rows
    /// Those of ``unattached`` to which a row was ever written.
    var used: Set<UInt32> = []

    /// Every partitioned table with all that belongs to it, by name.
    ///
    /// - Throws: kind `decoding` where the server's answer isn't what the queries ask for.
    func assembled() throws(PostgresError) -> [PartitionedTable] {
        var tables: [UInt32: PartitionedTable] = [:]
        for row in tableRows {
            let table = try partitionedTable(row)
            tables[table.oid] = table
        }
        try addPartitions(to: &tables)
        try addIndexGaps(to: &tables)
        try addUnattached(to: &tables)
        return tables.values.sorted { $0.name < $1.name }
    }

    private func partitionedTable(_ row: Row) throws(PostgresError) -> PartitionedTable {
        let name = RelationName(schema: try row.string("schema"), name: try row.string("name"))
        let strategy: PartitionedTable.Strategy =
            switch try row.string("strategy") {
            case "r": .range
            case "l": .list
            default: .hash
            }
        var key: [PartitionedTable.KeyPart] = []
        let types = try row.nullableStringArray("key_types")
        let quoted = try row.nullableStringArray("key_quoted")
        for (index, column) in try row.nullableStringArray("key_columns").enumerated() {
            let type = (types.indices.contains(index) ? types[index] : nil) ?? "an expression"
            let sql = (quoted.indices.contains(index) ? quoted[index] : nil) ?? ""
            key.append(
                PartitionedTable.KeyPart(column: column, sql: sql, type: KeyType(typeName: type), typeName: type)
            )
        }
        return PartitionedTable(
            oid: try row.oid("oid"),
            name: name,
            strategy: strategy,
            key: key,
            owner: try row.string("owner"),
            isOwnedByUs: try row.bool("owned"),
            isMemberOfOwner: try row.bool("member"),
            isOwnedBySuperuser: try row.bool("super"),
            isSubpartitioned: try row.bool("subpartitioned"),
            ownedByExtension: try row.optionalString("extension"),
            isMaintainedByPartman: partman.tables.contains(name),
            grantToSeePartman: partman.missingGrant,
            grantToCreate: try row.optionalString("grant_to_create"),
            partitions: [],
            leftoverChecks: try row.stringArray("leftovers"),
            references: try row.peers("references_oids", "references_schemas", "references_names"),
            referencedBy: try row.peers("referenced_oids", "referenced_schemas", "referenced_names"),
            publicationsOfLeaves: try row.stringArray("publications")
        )
    }

    private func addPartitions(to tables: inout [UInt32: PartitionedTable]) throws(PostgresError) {
        for row in partitions {
            // A child without a bound is no partition.
            guard try row.optionalString("bound") != nil else { continue }
            let parent = try row.oid("parent")
            tables[parent]?.partitions.append(try partition(row))
        }
        for oid in tables.keys {
            guard let table = tables[oid] else { continue }
            tables[oid]?.partitions = Self.ordered(table)
        }
    }

    private func partition(_ row: Row) throws(PostgresError) -> Partition {
        let kind: Partition.Kind =
            switch try row.string("kind") {
            case "p": .partitionedTable
            case "f": .foreignTable
            default: .table
            }
        let text = try row.optionalString("bound") ?? ""
        let bound: Partition.Bound =
            if let parsed = try? PartitionBound(parsing: text) { .known(parsed) } else { .unreadable(text) }
        return Partition(
            oid: try row.oid("oid"),
            name: RelationName(schema: try row.string("schema"), name: try row.string("name")),
            kind: kind,
            bound: bound,
            marker: MarkerComment(parsing: try row.optionalString("comment")).marker,
            isDetachPending: try row.bool("pending"),
            isTemporary: try row.bool("temporary"),
            estimatedRows: Int(try row.double("tuples"))
        )
    }

    /// By bound where it can be read, else by name; the default partition last.
    private static func ordered(_ table: PartitionedTable) -> [Partition] {
        let ranges = Dictionary(
            PolicyInference.ranges(of: table).map { ($0.partition.oid, $0.range) },
            uniquingKeysWith: { first, _ in first }
        )
        return table.partitions.sorted { left, right in
            if left.isDefault != right.isDefault { return right.isDefault }
            switch (ranges[left.oid], ranges[right.oid]) {
            case (let first?, let second?): return first < second
            case (_?, nil): return true
            case (nil, _?): return false
            case (nil, nil): return left.name < right.name
            }
        }
    }

    private func addIndexGaps(to tables: inout [UInt32: PartitionedTable]) throws(PostgresError) {
        for row in indexGaps {
            let remnant: RelationName? =
                if let name = try row.optionalString("remnant") {
                    RelationName(schema: try row.string("partition_schema"), name: name)
                } else {
                    nil
                }
            let gap = IndexGap(
                parentIndexOID: try row.oid("parent_index"),
                parentIndex: RelationName(schema: try row.string("schema"), name: try row.string("index_name")),
                isConstraint: try row.bool("is_constraint"),
                partitionOID: try row.oid("partition"),
                partition: RelationName(
                    schema: try row.string("partition_schema"),
                    name: try row.string("partition_name")
                ),
                partitionKind: try row.string("kind") == "p" ? .partitionedTable : .table,
                invalidRemnant: remnant
            )
            tables[try row.oid("parent")]?.indexGaps.append(gap)
        }
    }

    /// Ordinary tables of ours whose marker says that they were built and never attached. A marker that moved with a table
    /// that somebody detached says nothing of the kind.
    ///
    /// A table to which a row was ever written has pages; looking for rows would need a privilege that an owner can lack.
    private func addUnattached(to tables: inout [UInt32: PartitionedTable]) throws(PostgresError) {
        for row in unattached {
            let marker = MarkerComment(parsing: try row.optionalString("comment")).marker
            guard let marker, marker.isUnattached == true,
                let parent = tables.values.first(where: { $0.name.description == marker.parent })
            else { continue }
            let oid = try row.oid("oid")
            tables[parent.oid]?.unattached.append(
                UnattachedTable(
                    oid: oid,
                    name: RelationName(schema: try row.string("schema"), name: try row.string("name")),
                    isUsed: used.contains(oid)
                )
            )
        }
    }
}

extension Row {
    fileprivate func peers(
        _ oids: String,
        _ schemas: String,
        _ names: String
    ) throws(PostgresError) -> [PartitionedTable.ForeignKeyPeer] {
        let oids = try int64Array(oids)
        let schemas = try stringArray(schemas)
        let names = try stringArray(names)
        return zip(oids, zip(schemas, names)).map { oid, name in
            PartitionedTable.ForeignKeyPeer(
                oid: UInt32(truncatingIfNeeded: oid),
                name: RelationName(schema: name.0, name: name.1)
            )
        }
    }
}
