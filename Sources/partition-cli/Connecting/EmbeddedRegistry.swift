// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Provisioning

/// The registry's schema in the database being provisioned.
enum EmbeddedRegistry: Hashable, Sendable {
    case absent
    /// This role can read and write it.
    case usable
    /// This role can only read it.
    case readable(role: String)
    case forbidden(role: String)
    /// The schema is there and its table of maps isn't.
    case incomplete

    /// Looks in the catalog, for which no privilege on the schema is needed.
    static func state(in session: DatabaseSession) async throws(PostgresError) -> EmbeddedRegistry {
        let rows = try await session.connection.query(
            """
            SELECT current_user::text AS role,
                   has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AS readable,
                   (SELECT bool_and(has_table_privilege(t.oid, p.privilege))
                      FROM pg_class t, unnest(ARRAY['INSERT', 'UPDATE', 'DELETE']) p(privilege)
                     WHERE t.relnamespace = n.oid AND t.relname IN ('map', 'entry')) AS writable,
                   c.oid IS NOT NULL AS is_complete
              FROM pg_namespace n LEFT JOIN pg_class c ON n.oid = c.relnamespace AND c.relname = 'map'
             WHERE n.nspname = 'partition_registry'
            """
        )
        guard let row = rows.first else { return .absent }
        guard try row.bool("is_complete") else { return .incomplete }
        let role = try row.string("role")
        guard try row.bool("readable") else { return .forbidden(role: role) }
        return try row.optionalBool("writable") ?? false ? .usable : .readable(role: role)
    }
}
