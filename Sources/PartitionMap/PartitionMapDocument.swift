// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// The map of one partitioned table: which partition holds which keys.
///
/// A document is immutable and always valid, and it carries its own bytes: every store keeps exactly
/// ``canonicalBytes``, and ``checksum`` is computed from them.
public struct PartitionMapDocument: Sendable {
    /// The largest document that is read or written, in bytes; 100,000 monthly partitions take about 15 MB.
    public static let maximumSize = 64 << 20

    /// The partitioned table.
    public let table: EntityName
    /// The partition key, one element a level: one, unless partitions are partitioned themselves.
    public let key: [Level]
    /// The zone of the plain dates in the bounds; nil when no key column is an instant.
    public let timezone: String?
    /// Which partitions are promised to stay, and for how long.
    public let keep: KeepPromise?
    /// The partitions in key order, a default partition last among its siblings.
    public let entries: [Entry]
    /// The document as every store keeps it: JSON, keys sorted, no insignificant space, UTF-8.
    public let canonicalBytes: [UInt8]
    /// SHA-256 of ``canonicalBytes``, 64 lower-case hexadecimal digits.
    public let checksum: String

    /// Makes a document and its bytes.
    ///
    /// - Throws: ``PartitionMapError/Code/invalid`` when entries overlap, are out of order or don't fit the key;
    ///   ``PartitionMapError/Code/tooLarge`` above ``maximumSize``.
    public init(
        table: EntityName,
        key: [Level],
        timezone: String? = nil,
        keep: KeepPromise? = nil,
        entries: [Entry]
    ) throws(PartitionMapError) {
        try MapValidation(key: key).check(entries)
        if let keep { try MapValidation(key: key).check(keep) }
        self.table = table
        self.key = key
        self.timezone = timezone
        self.keep = keep
        self.entries = entries
        let json = DocumentCoding.json(table: table, key: key, timezone: timezone, keep: keep, entries: entries)
        canonicalBytes = json.canonicalBytes()
        guard canonicalBytes.count <= Self.maximumSize else { throw Self.tooLarge }
        checksum = hexadecimalSHA256(canonicalBytes)
    }

    /// Reads a document written by anybody.
    ///
    /// Members that this version doesn't know are passed over, so that a newer writer doesn't cut off older readers.
    ///
    /// - Throws: ``PartitionMapError`` for anything that this package wouldn't have written.
    public init(parsing bytes: [UInt8]) throws(PartitionMapError) {
        guard bytes.count <= Self.maximumSize else { throw Self.tooLarge }
        let (json, isCanonical) = try JSONReader.read(bytes)
        guard isCanonical else {
            throw PartitionMapError(.notCanonical, "the document isn't in canonical form")
        }
        let parts = try DocumentCoding.parts(of: json)
        try MapValidation(key: parts.key).check(parts.entries)
        if let keep = parts.keep { try MapValidation(key: parts.key).check(keep) }
        (table, key, timezone, keep, entries) = (parts.table, parts.key, parts.timezone, parts.keep, parts.entries)
        canonicalBytes = bytes
        checksum = hexadecimalSHA256(bytes)
    }

    private static var tooLarge: PartitionMapError {
        PartitionMapError(.tooLarge, "the document has more than \(maximumSize) bytes")
    }
}

extension PartitionMapDocument: Hashable {
    /// Two documents are equal when their bytes are.
    public static func == (left: Self, right: Self) -> Bool { left.canonicalBytes == right.canonicalBytes }

    public func hash(into hasher: inout Hasher) { hasher.combine(checksum) }
}
