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

    /// Builds several new tables in one transaction: what there is to read is read once for all of them. All are built, or none.
    ///
    /// - Parameter creations: none of which adopts a table.
    /// - Returns: their oids, in the same order.
    /// - Throws: `TransactionError`, which doesn't say whose failure it is.
    func build(new creations: [PartitionCreation], createdAt: Instant) async throws -> [UInt32] {
        try await connection.withTransaction { connection in
            _ = try await connection.script(
                creations.map { PartitionSQL.createTable($0.name, like: parent, properties: expected) }
            )
            let oids = try await self.oids(of: creations.map(\.name), connection)
            let properties = try await PropertyReader(connection: connection).properties(of: oids)
            var repairs: [Statement] = []
            for (creation, oid) in zip(creations, oids) {
                guard let actual = properties[oid] else { throw Self.vanished(creation.name) }
                repairs += repair(actual, marker: marker(createdAt, isOurs: true))
            }
            _ = try await connection.script(repairs)
            return oids
        }
    }

    private func buildOnce(_ creation: PartitionCreation, createdAt: Instant) async throws -> UInt32 {
        guard let adopted = creation.adoptedOID else {
            guard let oid = try await build(new: [creation], createdAt: createdAt).first else {
                throw Self.vanished(creation.name)
            }
            return oid
        }
        if let holder = try await AdoptionCheck(connection: connection).longHolder(of: creation.name, oid: adopted) {
            throw PostgresError(.server, "\(creation.name) is in use: \(holder)", sqlState: .lockNotAvailable)
        }
        return try await connection.withTransaction { connection in
            let check = AdoptionCheck(connection: connection)
            try await check.secure(creation.name, oid: adopted)
            guard let actual = try await PropertyReader(connection: connection).properties(of: [adopted])[adopted]
            else {
                throw Self.vanished(creation.name)
            }
            if try await check.obstacle(in: actual, as: expected) != nil {
                throw AdoptionCheck.changed(creation.name)
            }
            // Somebody else's table is none of ours to remove, should it never be attached.
            let isOurs = actual.marker?.isUnattached == true
            _ = try await connection.script(repair(actual, marker: marker(createdAt, isOurs: isOurs)))
            return adopted
        }
    }

    private func marker(_ createdAt: Instant, isOurs: Bool) -> PartitionMarker {
        PartitionMarker(parent: parent.description, createdAt: createdAt, isUnattached: isOurs ? true : nil)
    }

    private func repair(_ actual: RelationProperties, marker: PartitionMarker) -> [Statement] {
        PropertyRepair(actual: actual, expected: expected).statements(marker: marker)
    }

    private static func vanished(_ name: RelationName) -> PostgresError {
        PostgresError(.decoding, "\(name) vanished while it was being built")
    }

    private func oids(of names: [RelationName], _ connection: Connection) async throws(PostgresError) -> [UInt32] {
        var found: [RelationName: UInt32] = [:]
        let rows = try await connection.query(
            """
            SELECT w.schema, w.name, c.oid::bigint AS oid
              FROM unnest(\(bind: names.map(\.schema))::text[], \(bind: names.map(\.name))::text[]) w(schema, name)
              JOIN pg_namespace n ON n.nspname = w.schema
              JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
            """
        )
        for row in rows {
            let name = RelationName(schema: try row.string("schema"), name: try row.string("name"))
            found[name] = try row.oid("oid")
        }
        var oids: [UInt32] = []
        for name in names {
            guard let oid = found[name] else { throw PostgresError(.decoding, "\(name) is not in the catalog") }
            oids.append(oid)
        }
        return oids
    }
}
