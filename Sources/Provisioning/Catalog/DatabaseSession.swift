// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import LibPQ
package import Logging

/// A connection prepared for our work: results don't depend on how server, database or role are configured.
package struct DatabaseSession: Sendable {
    package let connection: Connection
    /// The TimeZone this session had before ours was set: what the application's sessions of this role get.
    package let originalTimeZone: String

    /// Connects and prepares.
    ///
    /// - Throws: `PostgresError`.
    package static func open(
        _ configuration: ConnectionConfiguration,
        logger: Logger
    ) async throws(PostgresError) -> DatabaseSession {
        let connection = try await Connection.open(configuration, logger: logger)
        let zone = try await connection.query("SELECT current_setting('TimeZone') AS zone")
        _ = try await connection.script(Self.preparation)
        return DatabaseSession(
            connection: connection,
            originalTimeZone: zone.first.flatMap { try? $0.string("zone") } ?? "UTC"
        )
    }

    /// Nothing here is inherited from role or database settings, and nothing outside pg_catalog can be meant by a bare name.
    private static let preparation: [Statement] = [
        "SET TimeZone = 'UTC'",
        "SET DateStyle = 'ISO, YMD'",
        "SET IntervalStyle = 'postgres'",
        "SET bytea_output = 'hex'",
        "SET extra_float_digits = 1",
        "SET standard_conforming_strings = on",
        "SET search_path = pg_catalog, pg_temp",
        "SET default_transaction_isolation = 'read committed'",
        "SET default_transaction_deferrable = off",
        "SET row_security = off",
        "SET lock_timeout = '5s'",
        "SET statement_timeout = '30s'",
        "SET idle_in_transaction_session_timeout = '10s'",
        "SET client_min_messages = 'warning'",
    ]
}
