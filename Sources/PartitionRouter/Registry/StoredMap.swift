// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

public import PartitionMap

/// How much ``Registry/load(_:_:expecting:)`` reads.
public enum LoadExtent: Sendable, Hashable {
    /// The header alone.
    case header
    /// Header and document, validated against each other: what routers read.
    case document
    /// Also whether everything that a publish leaves beside them is still there: what publishers read.
    case all
}

/// What a store holds for a table.
public struct StoredMap: Sendable, Hashable {
    public let header: PartitionMapHeader
    /// Nil when only the header was asked for.
    public let document: PartitionMapDocument?
    /// False, for ``LoadExtent/all`` only, when the same document must be published again: the replicas never confirmed
    /// it, or somebody changed what stands beside it for other clients.
    public let isIntact: Bool
    /// False when a later publish may be missing here, as on a standby: good to look at, no evidence of what is published now.
    public let isLinearizable: Bool

    public init(
        header: PartitionMapHeader,
        document: PartitionMapDocument?,
        isIntact: Bool = true,
        isLinearizable: Bool = true
    ) {
        self.header = header
        self.document = document
        self.isIntact = isIntact
        self.isLinearizable = isLinearizable
    }

    /// The map, for whoever decides by it.
    ///
    /// - Throws: ``RegistryError/Code/unreachable`` when a later publish may be missing here.
    package func linearizable() throws(RegistryError) -> StoredMap {
        guard isLinearizable else {
            throw RegistryError(
                .unreachable,
                "the registry's server is a standby, which can't tell how old its maps are",
                hint: "name the primary in the URL; of several PostgreSQL hosts target_session_attrs=primary takes it"
            )
        }
        return self
    }
}

extension StoredMap {
    /// Puts together what a driver read of one table.
    ///
    /// - Parameters:
    ///   - bytes: As they are stored, by anybody.
    ///   - expected: A document that is probably the stored one. If its bytes are, it needs no decoding.
    /// - Throws: ``RegistryError/Code/corrupt`` when the bytes are no document, another table's, or not the header's.
    package init(
        header: PartitionMapHeader,
        bytes: [UInt8],
        of entity: EntityName,
        expecting expected: PartitionMapDocument? = nil,
        isIntact: Bool = true,
        isLinearizable: Bool = true
    ) throws(RegistryError) {
        do throws(PartitionMapError) {
            let document =
                if let expected, expected.canonicalBytes == bytes { expected } else {
                    try PartitionMapDocument(parsing: bytes)
                }
            guard document.table == entity else {
                throw PartitionMapError(.mismatch, "the document is another table's")
            }
            _ = try PublishedMap(header: header, document: document)
            self.init(header: header, document: document, isIntact: isIntact, isLinearizable: isLinearizable)
        } catch {
            throw RegistryError(.corrupt, "the published document can't be used: \(error.message)")
        }
    }
}

/// What became of a publish or a removal.
public enum PublishOutcome: Sendable, Hashable {
    case published
    /// Somebody else published first, so nothing was changed. Begin again with reading; never submit the same map twice.
    /// `current` is what is there now, nil when nothing is or it can't be read.
    case lostRace(current: PartitionMapHeader?)
}

/// "Read again."
public enum RegistryHint: Sendable, Hashable {
    /// A map may have changed.
    case changed
    /// Listening began anew; hints may have been missed.
    case reconnected
}
