// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// What stands beside a document in every store: which version it is, and of which database.
public struct PartitionMapHeader: Sendable, Hashable {
    /// Versions are below 2^53, so that every client language reads them exactly.
    public static let versionLimit: Int64 = 1 << 53

    /// Grows with every publish; at least 1.
    public let version: Int64
    /// SHA-256 of the document's bytes, 64 lower-case hexadecimal digits.
    public let checksum: String
    /// The document's size in bytes.
    public let size: Int
    /// In how many pieces the document is kept. Only drivers that keep it in pieces write another number than 1, which they tell nobody.
    public private(set) var chunks: Int
    /// `pg_control_system().system_identifier` of the cluster that published.
    public let systemIdentifier: String
    /// The database's name.
    public let database: String
    /// The cluster's timeline at the publish.
    public let timeline: Int64
    /// The cluster's log position at the publish.
    public let lsn: LogSequenceNumber

    /// - Throws: ``PartitionMapError/Code/invalid`` for a value out of its bounds.
    public init(
        version: Int64,
        checksum: String,
        size: Int,
        chunks: Int = 1,
        systemIdentifier: String,
        database: String,
        timeline: Int64,
        lsn: LogSequenceNumber
    ) throws(PartitionMapError) {
        let isHexadecimal = checksum.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        guard (1..<Self.versionLimit).contains(version), checksum.utf8.count == 64, isHexadecimal,
            (1...PartitionMapDocument.maximumSize).contains(size), (1...size).contains(chunks),
            !systemIdentifier.isEmpty, systemIdentifier.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            !database.isEmpty, timeline >= 1
        else { throw PartitionMapError(.invalid, "a value of the header is out of its bounds") }
        self.version = version
        self.checksum = checksum
        self.size = size
        self.chunks = chunks
        self.systemIdentifier = systemIdentifier
        self.database = database
        self.timeline = timeline
        self.lsn = lsn
    }

    /// The version that follows: it grows through a flush, a failover and a restore of the store, because the clock does.
    ///
    /// - Parameters:
    ///   - stored: The version being replaced; nil when the store has none.
    ///   - microseconds: The primary's `clock_timestamp()`, in microseconds since 1970 UTC.
    /// - Throws: ``PartitionMapError/Code/invalid`` when that leaves ``versionLimit``.
    public static func version(
        after stored: Int64?,
        clock microseconds: Int64
    ) throws(PartitionMapError) -> Int64 {
        // A stored version is below 2^53: adding one can't overflow; a stored one beyond it is refused below.
        let version = max(min(stored ?? 0, versionLimit) + 1, microseconds, 1)
        guard version < versionLimit else {
            throw PartitionMapError(
                .invalid,
                "the registry holds a version that none can follow (53 bits), which no publish wrote: remove the map from the registry by "
                    + "hand, publish it anew, and restart the routers that have read it"
            )
        }
        return version
    }
}

extension PartitionMapHeader {
    /// Reads a header from a store's fields, as ``fields`` names them.
    ///
    /// - Throws: ``PartitionMapError`` when one is missing, isn't of its form or is out of its bounds.
    package init(fields: [String: String]) throws(PartitionMapError) {
        try self.init(
            version: try Self.number(fields, "version"),
            checksum: try Self.text(fields, "checksum"),
            size: Int(try Self.number(fields, "size")),
            chunks: Int(try Self.number(fields, "chunks")),
            systemIdentifier: try Self.text(fields, "systemIdentifier"),
            database: try Self.text(fields, "database"),
            timeline: try Self.number(fields, "timeline"),
            lsn: try LogSequenceNumber(parsing: try Self.text(fields, "lsn"))
        )
    }

    /// The header as names and texts, in a fixed order.
    package var fields: [(name: String, text: String)] {
        [
            ("version", String(version)), ("checksum", checksum), ("size", String(size)), ("chunks", String(chunks)),
            ("systemIdentifier", systemIdentifier), ("database", database), ("timeline", String(timeline)),
            ("lsn", lsn.description),
        ]
    }

    /// The same header of a document in so many pieces.
    ///
    /// - Parameter chunks: from 1 to ``size``.
    package func inChunks(_ chunks: Int) -> PartitionMapHeader {
        var header = self
        header.chunks = chunks
        return header
    }

    private static func text(_ fields: [String: String], _ name: String) throws(PartitionMapError) -> String {
        guard let text = fields[name] else { throw PartitionMapError(.malformed, "the header has no \(name)") }
        return text
    }

    private static func number(_ fields: [String: String], _ name: String) throws(PartitionMapError) -> Int64 {
        // Written back it must be the same: no sign, no leading zero.
        guard let value = Int64(try text(fields, name)), String(value) == fields[name] else {
            throw PartitionMapError(.malformed, "the header's \(name) isn't a number")
        }
        return value
    }
}
