// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Where a map comes from.
public struct MapOrigin: Sendable, Hashable {
    /// `pg_control_system().system_identifier`, in decimal digits.
    public let systemIdentifier: String
    public let database: String
    /// At least 1.
    public let timeline: Int64
    public let lsn: LogSequenceNumber

    public init(systemIdentifier: String, database: String, timeline: Int64, lsn: LogSequenceNumber) {
        self.systemIdentifier = systemIdentifier
        self.database = database
        self.timeline = timeline
        self.lsn = lsn
    }
}

/// A document and the header that belongs to it.
public struct PublishedMap: Sendable, Hashable {
    public let header: PartitionMapHeader
    public let document: PartitionMapDocument

    /// Puts the two together as a store returned them.
    ///
    /// - Throws: ``PartitionMapError/Code/mismatch`` when size or checksum differ.
    public init(header: PartitionMapHeader, document: PartitionMapDocument) throws(PartitionMapError) {
        guard header.size == document.canonicalBytes.count, header.checksum == document.checksum else {
            throw PartitionMapError(.mismatch, "size or checksum in the header isn't the document's")
        }
        self.header = header
        self.document = document
    }

    /// Makes the header for a new version.
    ///
    /// - Throws: ``PartitionMapError/Code/invalid`` for a version or an origin out of bounds.
    public init(
        document: PartitionMapDocument,
        version: Int64,
        origin: MapOrigin
    ) throws(PartitionMapError) {
        self.document = document
        header = try PartitionMapHeader(
            version: version,
            checksum: document.checksum,
            size: document.canonicalBytes.count,
            systemIdentifier: origin.systemIdentifier,
            database: origin.database,
            timeline: origin.timeline,
            lsn: origin.lsn
        )
    }
}
