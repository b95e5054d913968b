// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning

/// Makes the standalone table that is going to be a partition, complete in every property before it is attached.
struct PartitionBuilder {
    let connection: Connection
    /// What every new partition of the table must be like.
    let expected: RelationProperties
    let parent: RelationName

    /// Builds the table, or brings an adopted one into shape.
    ///
    /// Nobody waits for any of this: the parent is locked in ACCESS SHARE mode, like by a reader. An adopted table is locked against everybody,
    /// for which nobody has to wait longer than 100 ms at a time.
    ///
    /// - Returns: the table's oid.
    /// - Throws: `TransactionError`, with PC001 where the table to be adopted is not what it was, and with 55P03 where it is in use.
    func build(_ creation: PartitionCreation, createdAt: Instant) async throws -> UInt32 {
        var attempts = 1
        while true {
            do {
                return try await buildOnce(creation, createdAt: createdAt)
            } catch {
                guard creation.adoptsExisting, error.sqlState == .lockNotAvailable, attempts < 10 else { throw error }
                attempts += 1
                try await Task.sleep(for: .milliseconds(200))
            }
        }
    }

    private func buildOnce(_ creation: PartitionCreation, createdAt: Instant) async throws -> UInt32 {
        if let adopted = creation.adoptedOID {
            let check = AdoptionCheck(connection: connection)
            if let holder = try await check.longHolder(of: creation.name, oid: adopted) {
                throw PostgresError(.server, "\(creation.name) is in use: \(holder)", sqlState: .lockNotAvailable)
            }
        }
        return try await connection.withTransaction { connection in
            let check = AdoptionCheck(connection: connection)
            let oid: UInt32
            if let adopted = creation.adoptedOID {
                try await check.secure(creation.name, oid: adopted)
                oid = adopted
            } else {
                _ = try await connection.query(
                    PartitionSQL.createTable(creation.name, like: parent, properties: expected)
                )
                oid = try await self.oid(of: creation.name, connection)
            }
            guard let actual = try await PropertyReader(connection: connection).properties(of: [oid])[oid] else {
                throw PostgresError(.decoding, "\(creation.name) vanished while it was being built")
            }
            if creation.adoptsExisting, try await check.obstacle(in: actual, as: expected) != nil {
                throw AdoptionCheck.changed(creation.name)
            }
            // Somebody else's table that is adopted is none of ours to remove, should it never be attached.
            let isOurs = !creation.adoptsExisting || actual.marker?.isUnattached == true
            let marker = PartitionMarker(
                parent: parent.description,
                createdAt: createdAt,
                isUnattached: isOurs ? true : nil
            )
            _ = try await connection.script(
                PropertyRepair(actual: actual, expected: expected).statements(marker: marker)
            )
            return oid
        }
    }

    private func oid(of name: RelationName, _ connection: Connection) async throws(PostgresError) -> UInt32 {
        let rows = try await connection.query(
            """
            SELECT c.oid::bigint AS oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = \(bind: name.schema) AND c.relname = \(bind: name.name)
            """
        )
        guard let row = rows.first else {
            throw PostgresError(.decoding, "\(name) is not in the catalog")
        }
        return try row.oid("oid")
    }
}
