// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import LibPQ
import Partitioning

/// Refuses to create partitions where the space they would live in is nearly used up: DDL on a full tablespace ends in
/// failed writes.
///
/// PostgreSQL can't say how much room is left. Sources, in this order: a declared capacity; `statvfs` where the
/// server runs on this machine. Otherwise the answer is "unknown", which is said and stops nothing.
package struct QuotaGuard: Sendable {
    /// Used share at which creation stops, inclusive; 0 to 1.
    package var threshold: Double
    /// What the space may hold in all, in bytes, where the caller declared it.
    package var declaredCapacity: Int64?

    package init(threshold: Double, declaredCapacity: Int64? = nil) {
        self.threshold = threshold
        self.declaredCapacity = declaredCapacity
    }

    package enum Source: String, Hashable, Codable, Sendable {
        case declaredCapacity = "declared-capacity"
        case fileSystem = "file-system"
    }

    /// What is known of one tablespace.
    package enum Reading: Hashable, Codable, Sendable {
        /// 0 for empty, 1 for full; more than 1 where a declared capacity is exceeded.
        case known(ratio: Double, source: Source)
        /// A sentence's end: why nothing is known.
        case unknown(String)
    }

    package func isExceeded(_ reading: Reading) -> Bool {
        if case .known(let ratio, _) = reading { ratio >= threshold } else { false }
    }

    /// The used share of a tablespace.
    ///
    /// - Parameter tablespace: nil for the database's default.
    /// - Throws: `PostgresError`.
    package func reading(of tablespace: String?, on connection: Connection) async throws(PostgresError) -> Reading {
        if let declaredCapacity {
            guard let used = try await usedBytes(of: tablespace, on: connection) else {
                return .unknown(
                    "this role may not read the tablespace's size; GRANT pg_read_all_stats TO it, or CREATE ON TABLESPACE"
                )
            }
            return .known(ratio: Double(used) / Double(max(declaredCapacity, 1)), source: .declaredCapacity)
        }
        return try await fileSystemReading(of: tablespace, on: connection)
    }

    private func usedBytes(of tablespace: String?, on connection: Connection) async throws(PostgresError) -> Int64? {
        let rows = try await connection.query(
            """
            SELECT CASE WHEN s.oid = (SELECT dattablespace FROM pg_database WHERE datname = current_database())
                          OR has_tablespace_privilege(s.oid, 'CREATE') OR pg_has_role('pg_read_all_stats', 'USAGE')
                        THEN pg_tablespace_size(s.oid) END AS bytes
              FROM pg_tablespace s
             WHERE s.spcname = coalesce(\(bind: tablespace)::text,
                   (SELECT t.spcname FROM pg_database d JOIN pg_tablespace t ON t.oid = d.dattablespace
                     WHERE d.datname = current_database())::text)
            """
        )
        return try rows.first?.optionalInt64("bytes")
    }

    private func fileSystemReading(
        of tablespace: String?,
        on connection: Connection
    ) async throws(PostgresError) -> Reading {
        let rows = try await connection.query(
            """
            SELECT inet_server_addr() IS NULL OR inet_server_addr() <<= '127.0.0.0/8' OR inet_server_addr() = '::1' AS local,
                   pg_backend_pid() AS process, inet_client_port() AS port,
                   CASE WHEN l.path LIKE '/%' THEN l.path
                        WHEN pg_has_role('pg_read_all_settings', 'USAGE') THEN current_setting('data_directory', true) || '/' || l.path
                   END AS path
              FROM pg_tablespace s CROSS JOIN LATERAL pg_tablespace_location(s.oid) l(path)
             WHERE s.spcname = coalesce(\(bind: tablespace)::text,
                   (SELECT t.spcname FROM pg_database d JOIN pg_tablespace t ON t.oid = d.dattablespace
                     WHERE d.datname = current_database())::text)
            """
        )
        guard let row = rows.first, try row.optionalBool("local") ?? false else {
            return .unknown("the server runs on another machine; declare its size with --quota-capacity")
        }
        let backend = LocalBackend(process: try row.int("process"), clientPort: try row.optionalInt("port"))
        guard backend.isHere else {
            return .unknown(
                "the server's process isn't found on this machine (behind a tunnel, a pooler or in a container?); declare its size with "
                    + "--quota-capacity"
            )
        }
        guard let path = try row.optionalString("path") else {
            return .unknown(
                "this role may not read data_directory; GRANT pg_read_all_settings TO it, or use --quota-capacity"
            )
        }
        guard let usage = FileSystemUsage(ofDirectory: path) else {
            return .unknown("the data directory can't be looked at from here; use --quota-capacity")
        }
        return .known(ratio: usage.ratio, source: .fileSystem)
    }
}
