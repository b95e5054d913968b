// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning

/// Whether what stands under a name can become a partition.
///
/// Asked when planning, and once more under the table's lock before anything is done to it.
struct AdoptionCheck {
    let connection: Connection

    /// What has a name.
    struct Occupant {
        var name: RelationName
        /// 0 where only a type has the name.
        var oid: UInt32
        /// Why it can't become a partition, by its kind and its ties; nil where nothing of that stands in the way.
        var obstacle: String?
    }

    /// Those of the names that are taken, by what.
    func occupants(of names: [RelationName]) async throws(PostgresError) -> [Occupant] {
        var occupants: [Occupant] = []
        for row in try await connection.query(Self.occupantsQuery(names)) {
            occupants.append(
                Occupant(
                    name: RelationName(schema: try row.string("schema"), name: try row.string("name")),
                    oid: try row.oid("oid"),
                    obstacle: try row.optionalString("obstacle")
                )
            )
        }
        return occupants
    }

    /// What stands in the way of a table that, by its kind, could be adopted.
    func obstacle(
        in own: RelationProperties,
        as expected: RelationProperties
    ) async throws(PostgresError) -> String? {
        guard let role = try await connection.query("SELECT current_user AS role").first?.string("role") else {
            throw PostgresError(.decoding, "the server didn't say who we are")
        }
        if let obstacle = own.obstacleToAdoption(as: expected, by: role) { return obstacle }
        do {
            return try await hasRows(own.name, own.oid)
                ? "it holds rows, and attaching it would make them part of the table" : nil
        } catch {
            guard error.kind == .server else { throw error }
            return "whether it holds rows could not be seen: \(error.message)"
        }
    }

    /// Who is at work on the table for longer than a moment: seen in two looks one after the other, as in ``LockLadder``. Nil where nobody is.
    func longHolder(of name: RelationName, oid: UInt32) async throws -> Blocker? {
        let observer = LockObserver(connection: connection)
        let lock = LockUse(relation: name, oid: oid, mode: .accessExclusive)
        let first = try await observer.holders(of: [lock], alone: [oid])
        if first.isEmpty { return nil }
        try await Task.sleep(for: LockLadder.standard.lookInterval)
        let second = try await observer.holders(of: [lock], alone: [oid])
        return second.filter { first[$0.key] != nil }.values.sortedByAge.first
    }

    /// Locks a table that was examined for the plan and makes sure that it still is what it was, until the transaction ends.
    ///
    /// The one blocking lock that the ladder doesn't take, since the table is examined under it, in a few round trips: no query is about a
    /// table that is nobody's partition yet, and whoever uses it all the same waits no longer than 100 ms for our asking.
    ///
    /// - Throws: `PostgresError`, with PC001 where another relation has the name now, or the table can't be adopted any more, and with 55P03
    ///   where somebody uses it.
    func secure(_ name: RelationName, oid: UInt32) async throws(PostgresError) {
        // First without the lock: a stranger isn't even locked.
        try await confirm(name, oid: oid)
        guard let row = try await connection.query(Self.rightQuery(oid)).first else { throw Self.changed(name) }
        _ = try await connection.query("SET LOCAL lock_timeout = '100ms'")
        if try row.bool("lockable") {
            _ = try await connection.query("LOCK TABLE ONLY \(name) IN ACCESS EXCLUSIVE MODE")
        } else {
            // An owner without privileges on its table: this changes nothing and takes the same lock.
            _ = try await connection.query(
                "ALTER TABLE ONLY \(name) OWNER TO \(identifier: try row.string("owner"))"
            )
        }
        try await confirm(name, oid: oid)
    }

    private func confirm(_ name: RelationName, oid: UInt32) async throws(PostgresError) {
        let found = try await occupants(of: [name])
        guard found.count == 1, found[0].oid == oid, found[0].obstacle == nil else { throw Self.changed(name) }
    }

    /// The error of a table that isn't what the plan took it for.
    static func changed(_ name: RelationName) -> PostgresError {
        PostgresError(
            .server,
            "\(name) is not the empty table any more that it was when the plan was made",
            sqlState: .catalogChanged
        )
    }

    /// A table without pages has no rows, whatever row security lets this role see of them.
    private func hasRows(_ name: RelationName, _ oid: UInt32) async throws(PostgresError) -> Bool {
        let size = try await connection.query("SELECT pg_relation_size(\(bind: Int64(oid))::oid) AS bytes")
        if try size.first?.optionalInt64("bytes") == 0 { return false }
        let rows = try await connection.query(
            "SELECT EXISTS (SELECT FROM ONLY \(qualified: name.schema, name.name)) AS found"
        )
        return try rows.first?.bool("found") ?? true
    }

    private static func rightQuery(_ oid: UInt32) -> Statement {
        """
        SELECT has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE') AS lockable, pg_get_userbyid(c.relowner) AS owner
          FROM pg_class c WHERE c.oid = \(bind: Int64(oid))::oid
        """
    }

    private static func occupantsQuery(_ wanted: [RelationName]) -> Statement {
        """
        SELECT w.schema, w.name, coalesce(c.oid, 0)::bigint AS oid,
               CASE WHEN c.oid IS NULL THEN 'a type has that name'
                    WHEN c.relkind <> 'r' THEN 'it is not an ordinary table'
                    WHEN c.relispartition THEN 'it is a partition of ' || coalesce(
                         (SELECT i.inhparent::regclass::text FROM pg_inherits i WHERE i.inhrelid = c.oid), 'another table')
                    WHEN c.relhassubclass OR EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid)
                         THEN 'it takes part in table inheritance'
                    WHEN c.relpersistence = 't' THEN 'it is temporary'
                    WHEN c.reloftype <> 0 THEN 'it is a typed table'
                    WHEN NOT pg_has_role(c.relowner, 'USAGE') THEN 'it belongs to ' || pg_get_userbyid(c.relowner)
                    WHEN EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
                         THEN 'it belongs to an extension'
                    WHEN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attidentity <> '' AND NOT a.attisdropped)
                         THEN 'it has an identity column of its own'
                    WHEN EXISTS (SELECT FROM pg_constraint k WHERE k.contype = 'f' AND c.oid IN (k.conrelid, k.confrelid))
                         THEN 'it has foreign keys of its own, or is referenced by some'
                    WHEN c.relhasrules OR EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)
                         THEN 'it has triggers or rules of its own'
               END AS obstacle
          FROM unnest(\(bind: wanted.map(\.schema))::text[], \(bind: wanted.map(\.name))::text[]) w(schema, name)
          JOIN pg_namespace n ON n.nspname = w.schema
          LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
          LEFT JOIN pg_type t ON t.typnamespace = n.oid AND t.typname = w.name
         WHERE c.oid IS NOT NULL OR t.oid IS NOT NULL
        """
    }
}
