// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// One partition of a partitioned table, as the catalog shows it.
package struct Partition: Hashable, Codable, Sendable {
    /// What the partition is: the kinds that `pg_class.relkind` tells apart below a partitioned table.
    package enum Kind: String, Hashable, Codable, Sendable {
        case table, partitionedTable, foreignTable
    }

    /// The partition's bound, or why it could not be read.
    package enum Bound: Hashable, Codable, Sendable {
        case known(PartitionBound)
        /// The text PostgreSQL printed, which this version doesn't understand. The partition is left alone and reported.
        case unreadable(String)
    }

    package var oid: UInt32
    package var name: RelationName
    package var kind: Kind
    package var bound: Bound
    /// Set when the partition's comment carries our ownership marker.
    package var marker: PartitionMarker?
    /// `pg_inherits.inhdetachpending`: a `DETACH … CONCURRENTLY` that was begun and has not finished.
    package var isDetachPending: Bool
    /// A temporary table of another session can't be touched.
    package var isTemporary: Bool
    /// Rows by `pg_class.reltuples`; -1 where it was never measured.
    package var estimatedRows: Int

    package init(
        oid: UInt32,
        name: RelationName,
        kind: Kind = .table,
        bound: Bound,
        marker: PartitionMarker? = nil,
        isDetachPending: Bool = false,
        isTemporary: Bool = false,
        estimatedRows: Int = 0
    ) {
        self.oid = oid
        self.name = name
        self.kind = kind
        self.bound = bound
        self.marker = marker
        self.isDetachPending = isDetachPending
        self.isTemporary = isTemporary
        self.estimatedRows = estimatedRows
    }

    package var isDefault: Bool { bound == .known(.default) }
}

/// What our comment on a partition says: that this program made it, and for which table.
///
/// The marker lives on the object itself, so that it survives a rename, a dump and a point-in-time restore.
package struct PartitionMarker: Hashable, Codable, Sendable {
    /// The newest version of the marker this program understands.
    package static let currentVersion = 1

    package var version: Int
    /// The parent at the time of creation. Decides nothing but whose run removes a table that was never attached.
    package var parent: String
    package var createdAt: Instant
    /// True from the table's creation until the very transaction that attaches it; nil afterwards, also when it is detached one day.
    /// What still says so was left by an interrupted run.
    package var isUnattached: Bool?
    /// nil unless it is to be retired. Maps that are made from the catalog say `draining` of it.
    package var retiring: RetiringMarker?

    package init(
        version: Int = PartitionMarker.currentVersion,
        parent: String,
        createdAt: Instant,
        isUnattached: Bool? = nil,
        retiring: RetiringMarker? = nil
    ) {
        self.version = version
        self.parent = parent
        self.createdAt = createdAt
        self.isUnattached = isUnattached
        self.retiring = retiring
    }
}
