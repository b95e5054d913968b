// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

public import PartitionMap

/// Where a lookup leads: four bytes that name a partition of one version of the map, and four that name the version.
///
/// It is good until the next lookup of the same reader, and as long as its map is served and not stale: ``Reader/name(of:)`` and the
/// others refuse it afterwards. Two lookups that lead to the same partition of one version have equal indices.
public struct PartitionIndex: Sendable, Hashable {
    /// The entry's index in the document; -1 for the partitioned table itself.
    let entry: Int32
    let generation: UInt32

    /// The partitioned table itself, which ``OnMiss/parent`` answers with.
    public var isParent: Bool { entry < 0 }
}

/// A table that rows may be written to, or read from.
public struct RoutedPartition: Sendable, Hashable {
    /// The partitioned table.
    public let table: EntityName
    /// As the catalog has them, unquoted.
    public let schema: String
    public let name: String
    /// Nil for the partitioned table itself, which ``OnMiss/parent`` answers with.
    public let state: PartitionMapDocument.State?
    /// The map's version; 0 when there was none.
    public let version: Int64

    /// The partitioned table itself: there the server routes a row.
    public var parent: RoutedPartition {
        RoutedPartition(table: table, schema: table.schema, name: table.table, state: nil, version: version)
    }

    /// Schema and name quoted for SQL.
    public var qualifiedName: String { EntityName.quoted(schema) + "." + EntityName.quoted(name) }
}

/// A batch of rows by where they belong, all by one version of the map.
public struct RoutedRows<Row> {
    public struct Group {
        public let partition: RoutedPartition
        /// In the order in which they came.
        public internal(set) var rows: [Row]
    }

    /// In the order in which each partition's first row came.
    public internal(set) var groups: [Group] = []
    /// The rows that weren't routed.
    public internal(set) var misses: [(row: Row, miss: RoutingMiss)] = []
}

extension RoutedRows: Sendable where Row: Sendable {}
extension RoutedRows.Group: Sendable where Row: Sendable {}
