// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A partitioned table with its partitions and what surrounds it, as one reading of the catalog shows them.
package struct PartitionedTable: Hashable, Codable, Sendable {
    /// `pg_partitioned_table.partstrat`.
    package enum Strategy: String, Hashable, Codable, Sendable {
        case range, list, hash
    }

    /// One column, or expression, of the partition key.
    package struct KeyPart: Hashable, Codable, Sendable {
        /// nil for an expression.
        package var column: String?
        /// The column as SQL, quoted by the server, or the expression as `pg_get_partkeydef` prints it.
        package var sql: String
        package var type: KeyType
        /// `format_type` of the key part, for people.
        package var typeName: String

        package init(column: String?, sql: String, type: KeyType, typeName: String) {
            self.column = column
            self.sql = sql
            self.type = type
            self.typeName = typeName
        }
    }

    /// A table at the other end of a foreign key.
    package struct ForeignKeyPeer: Hashable, Codable, Sendable {
        package var oid: UInt32
        package var name: RelationName

        package init(oid: UInt32, name: RelationName) {
            self.oid = oid
            self.name = name
        }
    }

    package var oid: UInt32
    package var name: RelationName
    package var strategy: Strategy
    package var key: [KeyPart]
    package var owner: String
    /// Whether the connected role has the owner's rights (`pg_has_role(…, 'USAGE')`, or superuser).
    package var isOwnedByUs: Bool
    /// Whether the connected role is a member of the owner's, with its rights or without (`NOINHERIT`).
    package var isMemberOfOwner: Bool
    package var isOwnedBySuperuser: Bool
    /// Whether the table is itself a partition of another.
    package var isSubpartitioned: Bool
    /// Name of the extension that owns it, which then maintains it too.
    package var ownedByExtension: String?
    /// Whether pg_partman's `part_config` lists it.
    package var isMaintainedByPartman: Bool
    /// Where pg_partman is installed and this role may not see what it maintains: the statement that would let it.
    package var grantToSeePartman: String?
    /// Where this role, or the owner to whom new partitions are given, may not create tables in the schema, or this role may not copy the table's
    /// definition or use its tablespace: the first statement that would let it.
    package var grantToCreate: String?
    /// In the order of their bounds, as far as these can be read; the default partition last.
    package var partitions: [Partition]
    /// Indexes of the parent without an attached, valid child on some partition.
    package var indexGaps: [IndexGap]
    /// CHECK constraints on the default partition that this program left there in an interrupted run.
    package var leftoverChecks: [String]
    /// Tables that an interrupted run of ours built for this one and never attached.
    package var unattached: [UnattachedTable]
    /// Tables that foreign keys of this table reference.
    package var references: [ForeignKeyPeer]
    /// Tables whose foreign keys reference this table.
    package var referencedBy: [ForeignKeyPeer]
    /// Publications with `publish_via_partition_root = false` that publish this table.
    package var publicationsOfLeaves: [String]

    package init(
        oid: UInt32,
        name: RelationName,
        strategy: Strategy,
        key: [KeyPart],
        owner: String = "postgres",
        isOwnedByUs: Bool = true,
        isMemberOfOwner: Bool = false,
        isOwnedBySuperuser: Bool = false,
        isSubpartitioned: Bool = false,
        ownedByExtension: String? = nil,
        isMaintainedByPartman: Bool = false,
        grantToSeePartman: String? = nil,
        grantToCreate: String? = nil,
        partitions: [Partition],
        indexGaps: [IndexGap] = [],
        leftoverChecks: [String] = [],
        unattached: [UnattachedTable] = [],
        references: [ForeignKeyPeer] = [],
        referencedBy: [ForeignKeyPeer] = [],
        publicationsOfLeaves: [String] = []
    ) {
        self.oid = oid
        self.name = name
        self.strategy = strategy
        self.key = key
        self.owner = owner
        self.isOwnedByUs = isOwnedByUs
        self.isMemberOfOwner = isMemberOfOwner
        self.isOwnedBySuperuser = isOwnedBySuperuser
        self.isSubpartitioned = isSubpartitioned
        self.ownedByExtension = ownedByExtension
        self.isMaintainedByPartman = isMaintainedByPartman
        self.grantToSeePartman = grantToSeePartman
        self.grantToCreate = grantToCreate
        self.partitions = partitions
        self.indexGaps = indexGaps
        self.leftoverChecks = leftoverChecks
        self.unattached = unattached
        self.references = references
        self.referencedBy = referencedBy
        self.publicationsOfLeaves = publicationsOfLeaves
    }

    package var defaultPartition: Partition? { partitions.first { $0.isDefault } }

    /// Whether any partition carries our marker: then this table is ours to keep covered.
    package var carriesOurMarker: Bool { partitions.contains { $0.marker != nil } }
}

/// An index of a partitioned table that has no attached, valid child on one of its partitions.
package struct IndexGap: Hashable, Codable, Sendable {
    package var parentIndexOID: UInt32
    package var parentIndex: RelationName
    /// Whether a constraint (primary key, unique, exclusion) owns the parent's index.
    package var isConstraint: Bool
    package var partitionOID: UInt32
    package var partition: RelationName
    package var partitionKind: Partition.Kind
    /// A child that is attached but not valid, or an invalid index left by an interrupted `CREATE INDEX CONCURRENTLY` of ours.
    package var invalidRemnant: RelationName?

    package init(
        parentIndexOID: UInt32,
        parentIndex: RelationName,
        isConstraint: Bool = false,
        partitionOID: UInt32,
        partition: RelationName,
        partitionKind: Partition.Kind = .table,
        invalidRemnant: RelationName? = nil
    ) {
        self.parentIndexOID = parentIndexOID
        self.parentIndex = parentIndex
        self.isConstraint = isConstraint
        self.partitionOID = partitionOID
        self.partition = partition
        self.partitionKind = partitionKind
        self.invalidRemnant = invalidRemnant
    }
}
