// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
public import PartitionMap
public import PartitionRouter

extension PostgresRegistry {
    /// The channel of `NOTIFY`; its payload is the version, a space and the stored key.
    static let channel = "partition_map_updated"

    public func publish(
        _ map: PublishedMap,
        replacing replaced: PartitionMapHeader?
    ) async throws(RegistryError) -> PublishOutcome {
        try map.header.mustFollow(replaced)
        let key = stored(map.document.table)
        return try await transaction { connection in
            switch try await Self.compare(key, replaced, on: connection) {
            case .lostRace(let current): return .lostRace(current: current)
            case .absent:
                // Somebody else's insert, even one that isn't committed yet, makes this one do nothing.
                let inserted = try await connection.query(
                    """
                    INSERT INTO partition_registry.map (entity, version, checksum, size, chunks, system_identifier, database,
                      timeline, lsn, key_kind, timezone, document) VALUES (\(bind: key), \(fragment: Self.values(map)))
                    ON CONFLICT (entity) DO NOTHING
                    """,
                    deadline: Self.deadline
                )
                guard inserted.affected == 1 else {
                    return .lostRace(current: try await Self.current(key, on: connection))
                }
            case .same:
                _ = try await connection.query(
                    """
                    UPDATE partition_registry.map SET (version, checksum, size, chunks, system_identifier, database,
                      timeline, lsn, key_kind, timezone, document, published_at)
                      = (\(fragment: Self.values(map)), clock_timestamp())
                    WHERE entity = \(bind: key)
                    """,
                    deadline: Self.deadline
                )
                _ = try await connection.query(
                    "DELETE FROM partition_registry.entry WHERE entity = \(bind: key)",
                    deadline: Self.deadline
                )
            }
            try await Self.insertEntries(of: map.document, key, on: connection)
            try await Self.notify(map.header.version, key, on: connection)
            return .published
        }
    }

    public func remove(
        _ entity: EntityName,
        replacing replaced: PartitionMapHeader
    ) async throws(RegistryError) -> PublishOutcome {
        let key = stored(entity)
        return try await transaction { connection in
            switch try await Self.compare(key, replaced, on: connection) {
            case .lostRace(let current): return .lostRace(current: current)
            case .absent: return .lostRace(current: nil)
            case .same: break
            }
            _ = try await connection.query(
                "DELETE FROM partition_registry.map WHERE entity = \(bind: key)",
                deadline: Self.deadline
            )
            try await Self.notify(replaced.version, key, on: connection)
            return .published
        }
    }

    private enum Comparison {
        case absent, same
        case lostRace(current: PartitionMapHeader?)
    }

    /// Locks the row, so that nothing changes between here and the commit.
    private static func compare(
        _ key: String,
        _ replaced: PartitionMapHeader?,
        on connection: Connection
    ) async throws -> Comparison {
        let rows = try await connection.query(
            """
            SELECT \(fragment: headerColumns) FROM partition_registry.map WHERE entity = \(bind: key) FOR UPDATE
            """,
            deadline: deadline
        )
        guard let row = rows.first else { return replaced == nil ? .absent : .lostRace(current: nil) }
        // A header that can't be read counts as none, so that damage can be repaired.
        let current = try? header(row)
        return current == replaced ? .same : .lostRace(current: current)
    }

    private static func current(_ key: String, on connection: Connection) async throws -> PartitionMapHeader? {
        let rows = try await connection.query(
            "SELECT \(fragment: headerColumns) FROM partition_registry.map WHERE entity = \(bind: key)",
            deadline: deadline
        )
        return rows.first.flatMap { try? header($0) }
    }

    /// The columns from `version` to `document`.
    private static func values(_ map: PublishedMap) -> Statement {
        let header = map.header
        return """
            \(bind: header.version)::bigint, \(bind: header.checksum)::text, \(bind: header.size)::bigint,
            \(bind: header.chunks)::integer, \(bind: header.systemIdentifier)::text, \(bind: header.database)::text,
            \(bind: header.timeline)::bigint, \(bind: header.lsn.description)::pg_lsn,
            \(bind: map.document.lookupKind)::text, \(bind: map.document.timezone)::text,
            decode(\(bind: hexadecimal(map.document.canonicalBytes)), 'hex')
            """
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func insertEntries(
        of document: PartitionMapDocument,
        _ key: String,
        on connection: Connection
    ) async throws {
        let rows = document.lookupRows
        guard !rows.isEmpty else { return }
        // A null can't stand in a bound array, so a number beside it says which elements are null.
        _ = try await connection.query(
            """
            INSERT INTO partition_registry.entry (entity, schema_name, table_name, lower_key, upper_key, list_value)
            SELECT \(bind: key), schema_name, table_name, lower_key, CASE bounded WHEN 1 THEN upper_key END,
              CASE listed WHEN 1 THEN list_value END
            FROM unnest(\(bind: rows.map(\.schema))::text[], \(bind: rows.map(\.name))::text[],
              \(bind: rows.map(\.lower))::bigint[], \(bind: rows.map { $0.upper ?? 0 })::bigint[],
              \(bind: rows.map { $0.upper == nil ? Int64(0) : 1 })::bigint[],
              \(bind: rows.map { $0.value ?? "" })::text[], \(bind: rows.map { $0.value == nil ? Int64(0) : 1 })::bigint[])
              AS u (schema_name, table_name, lower_key, upper_key, bounded, list_value, listed)
            """,
            deadline: deadline
        )
    }

    private static func notify(_ version: Int64, _ key: String, on connection: Connection) async throws {
        _ = try await connection.query(
            "SELECT pg_notify(\(bind: channel), \(bind: "\(version) \(key)"))",
            deadline: deadline
        )
    }
}
