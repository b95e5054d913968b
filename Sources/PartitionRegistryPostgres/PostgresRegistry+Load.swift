// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
public import PartitionMap
public import PartitionRouter

extension PostgresRegistry {
    /// The header's columns, named as its fields are.
    static let headerColumns: Statement = """
        version, checksum, size, chunks, system_identifier AS "systemIdentifier", database, timeline, lsn::text AS lsn
        """

    public func load(
        _ entity: EntityName,
        _ extent: LoadExtent,
        expecting expected: PartitionMapDocument?
    ) async throws(RegistryError) -> StoredMap? {
        let document: Statement = extent == .header ? "" : ", encode(document, 'hex') AS document"
        let rows = try await query(
            """
            SELECT pg_is_in_recovery() AS standby, \(fragment: Self.headerColumns)\(fragment: document)
            FROM partition_registry.map
            WHERE entity = \(bind: stored(entity))
            """
        )
        guard let row = rows.first else { return nil }
        let header = try Self.header(row)
        let isPrimary = row["standby"]?.text == "f"
        // Of several hosts the next call may find the primary.
        if !isPrimary { await close() }
        guard extent != .header else {
            return StoredMap(header: header, document: nil, isLinearizable: isPrimary)
        }
        guard let bytes = Self.bytes(hexadecimal: row["document"]?.text ?? "") else {
            throw RegistryError(.corrupt, "the published document can't be used: its bytes can't be read")
        }
        return try StoredMap(header: header, bytes: bytes, of: entity, expecting: expected, isLinearizable: isPrimary)
    }

    /// - Throws: ``RegistryError/Code/corrupt``.
    static func header(_ row: Row) throws(RegistryError) -> PartitionMapHeader {
        var fields: [String: String] = [:]
        for name in ["version", "checksum", "size", "chunks", "systemIdentifier", "database", "timeline", "lsn"] {
            fields[name] = row[name]?.text
        }
        do {
            return try PartitionMapHeader(fields: fields)
        } catch {
            throw RegistryError(.corrupt, "the published header can't be read: \(error.message)")
        }
    }

    private static func bytes(hexadecimal text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count / 2)
        var high: UInt8?
        for digit in text.utf8 {
            let value: UInt8
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
            default: return nil
            }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return high == nil ? bytes : nil
    }
}
