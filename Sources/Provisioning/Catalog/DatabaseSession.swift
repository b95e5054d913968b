// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import LibPQ
package import Logging

/// A connection prepared for our work: results don't depend on how server, database or role are configured.
package struct DatabaseSession: Sendable {
    package let connection: Connection
    /// The TimeZone this session had before ours was set: what the application's sessions of this role get.
    package let originalTimeZone: String

    /// Where the setting comes from that makes this session's transactions read-only unless they say otherwise; nil where none does.
    package let readOnlySource: String?

    /// For each statement that says nothing else. The server ends one after 30 s by itself (``standingSettings``): where no answer has come by then, none will.
    static let statementLimit = Duration.seconds(40)

    /// Connects and prepares.
    ///
    /// Each step of it may take as long as connecting: `connectTimeout`.
    ///
    /// - Throws: `PostgresError`; of kind `deadlineExceeded` where a server, or what stands before it, takes connections and says nothing; of kind `protocolMisuse` where a pooler is in between that shares the server's session, on
    ///   which nothing was set then.
    package static func open(
        _ configuration: ConnectionConfiguration,
        logger: Logger
    ) async throws(PostgresError) -> DatabaseSession {
        var limited = configuration
        limited.statementLimit = limited.statementLimit ?? statementLimit
        let connection = try await Connection.open(limited, logger: logger)
        do throws(PostgresError) {
            let rows = try await connection.query(
                """
                SELECT current_setting('TimeZone') AS zone, pg_backend_pid() AS process,
                       (SELECT source FROM pg_settings WHERE name = 'default_transaction_read_only' AND setting = 'on') AS read_only
                """,
                deadline: configuration.connectTimeout
            )
            guard let row = rows.first else { throw PostgresError(.decoding, "a SELECT of settings gave no row") }
            let zone = try row.string("zone")
            // Before anything is set: a setting would outlive us on a server process that a pooler hands on.
            try await PoolerProbe(configuration: configuration, logger: logger)
                .check(connection, reading: Int32(truncatingIfNeeded: try row.int("process")))
            _ = try await connection.script(Self.settings, deadline: configuration.connectTimeout)
            return DatabaseSession(
                connection: connection,
                originalTimeZone: zone,
                readOnlySource: try row.optionalString("read_only")
            )
        } catch {
            await connection.close()
            throw error.kind == .deadlineExceeded ? silence(configuration.connectTimeout) : error
        }
    }

    private static func silence(_ limit: Duration) -> PostgresError {
        PostgresError(
            .deadlineExceeded,
            "the connection was taken, and then nothing was answered within \(limit / .seconds(1)) s",
            hint:
                "see whether the server is up, and whether a proxy or firewall in between passes on what is sent; run again then"
        )
    }

    /// Connects and prepares; tries again while the server says that it is starting, stopping or full.
    ///
    /// - Parameter deadline: no further try begins after it.
    /// - Throws: `PostgresError`; `CancellationError`.
    package static func open(
        _ configuration: ConnectionConfiguration,
        logger: Logger,
        until deadline: ContinuousClock.Instant
    ) async throws -> DatabaseSession {
        var failures = 0
        while true {
            do {
                return try await open(configuration, logger: logger)
            } catch {
                failures += 1
                let left = deadline - ContinuousClock.now
                // A server that isn't there at all may be a wrong address: that is said at once.
                guard error.sqlState != nil, Recovery(after: error) == .reconnect,
                    let pause = Backoff.reconnecting.pause(after: failures, left: left, random: .random(in: 0..<1))
                else { throw error }
                try await Task.sleep(for: pause)
            }
        }
    }

    /// What a statement that needs other settings, and can't have them for its transaction alone, puts back afterwards.
    static let standingSettings: [Statement] = [
        "SET lock_timeout = '5s'",
        "SET statement_timeout = '30s'",
        // Empty: the database's own tablespace, where neither parent nor sibling names one.
        "SET default_tablespace = ''",
    ]

    /// Nothing here is inherited from role or database settings, and nothing outside pg_catalog can be meant by a bare name.
    static let settings: [Statement] =
        standingSettings + [
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
            "SET quote_all_identifiers = off",
            "SET array_nulls = on",
            // A client that is stopped in a transaction loses it within a second, and with it the locks.
            "SET idle_in_transaction_session_timeout = '1s'",
            // No COMMIT of ours hangs on a standby; see LockedChange for why never off.
            "SET synchronous_commit = local",
            "SET idle_session_timeout = 0",
            "SET client_min_messages = 'warning'",
            // From PostgreSQL 17 on; it would end a long CREATE INDEX CONCURRENTLY.
            "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'transaction_timeout'",
        ]
}
