// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import LibPQ
import Partitioning

/// Refuses to create partitions where the space they would live in is nearly used up: DDL on a full tablespace ends in
/// failed writes.
///
/// PostgreSQL can't say how much room is left. Sources, in this order: a query of the caller's monitoring; a declared capacity; `statvfs`
/// where the server runs on this machine. Otherwise the answer is "unknown", which is said, and stops nothing unless
/// ``isRequired``. Each tablespace is asked about by itself, since partitions can live on several.
package struct QuotaGuard: Sendable {
    /// Used share at which creation stops, inclusive; 0 to 1.
    package var threshold: Double
    /// What the space may hold in all, in bytes, where the caller declared it.
    package var declaredCapacity: Int64?
    /// Says the used share, or with a declared capacity the bytes in use.
    package var query: QuotaQuery?
    /// Nothing is created either where it isn't known how full the space is.
    package var isRequired: Bool

    package init(
        threshold: Double,
        declaredCapacity: Int64? = nil,
        query: QuotaQuery? = nil,
        isRequired: Bool = false
    ) {
        self.threshold = threshold
        self.declaredCapacity = declaredCapacity
        self.query = query
        self.isRequired = isRequired
    }

    package enum Source: String, Hashable, Codable, Sendable {
        case declaredCapacity = "declared-capacity"
        case fileSystem = "file-system"
        case prometheus
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

    /// Why nothing is to be created, or nil.
    ///
    /// - Parameter tablespace: nil for the database's default.
    package func obstacle(_ reading: Reading, in tablespace: String?) -> String? {
        let place = tablespace ?? "the database's tablespace"
        switch reading {
        case .known(let ratio, _):
            guard isExceeded(reading) else { return nil }
            let percent = Int((ratio * 100).rounded(.down))
            return "PARTITION_QUOTA_EXCEEDED: \(percent) % of the space of \(place) is used, "
                + "the threshold is \(Int((threshold * 100).rounded())) %"
        case .unknown(let why):
            guard isRequired else { return nil }
            return "PARTITION_QUOTA_EXCEEDED: how full the space of \(place) is, has to be known and isn't: \(why)"
        }
    }

    /// The used share of a tablespace.
    ///
    /// - Parameter tablespace: nil for the database's default.
    /// - Throws: `PostgresError`, `CancellationError`.
    package func reading(of tablespace: String?, on connection: Connection) async throws -> Reading {
        if let query {
            let name = if let tablespace { tablespace } else { try await Self.defaultTablespace(connection) }
            return try await query.reading(of: name, capacity: declaredCapacity)
        }
        if let declaredCapacity {
            guard let used = try await usedBytes(of: tablespace, on: connection) else {
                return .unknown(
                    "this role may not read the tablespace's size; GRANT pg_read_all_stats TO it, or CREATE ON TABLESPACE"
                )
            }
            return .known(ratio: Double(used) / Double(max(declaredCapacity, 1)), source: .declaredCapacity)
        }
        switch try await fileSystem(of: tablespace, on: connection) {
        case .success(let usage): return .known(ratio: usage.ratio, source: .fileSystem)
        case .failure(let unknown): return .unknown(unknown.reason)
        }
    }

    private struct Unknown: Error {
        var reason: String
    }

    /// What can still be written to a tablespace.
    struct SpaceLeft: Sendable {
        var bytes: Int64
        /// The file system, which other tablespaces may be on too; nil for a space that is the tablespace's own.
        var device: UInt64?
    }

    /// nil where it isn't known.
    ///
    /// - Throws: `PostgresError`, `CancellationError`.
    func spaceLeft(in tablespace: String?, on connection: Connection) async throws -> SpaceLeft? {
        if let declaredCapacity {
            guard case .known(let ratio, _) = try await reading(of: tablespace, on: connection) else { return nil }
            return SpaceLeft(bytes: Int64(Double(declaredCapacity) * max(0, 1 - ratio)))
        }
        // A share alone doesn't say of how much.
        guard query == nil, case .success(let usage) = try await fileSystem(of: tablespace, on: connection) else {
            return nil
        }
        return SpaceLeft(bytes: Int64(clamping: usage.available), device: usage.device)
    }

    /// The name of the one in which whatever says nothing else is put.
    static func defaultTablespace(_ connection: Connection) async throws(PostgresError) -> String {
        try await connection.query(
            "SELECT t.spcname AS name FROM pg_database d JOIN pg_tablespace t ON t.oid = d.dattablespace WHERE d.datname = current_database()"
        ).first?.string("name") ?? "pg_default"
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

    private func fileSystem(
        of tablespace: String?,
        on connection: Connection
    ) async throws(PostgresError) -> Result<FileSystemUsage, Unknown> {
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
            return .failure(
                Unknown(reason: "the server runs on another machine; declare its size with --quota-capacity")
            )
        }
        let backend = LocalBackend(process: try row.int("process"), clientPort: try row.optionalInt("port"))
        guard backend.isHere else {
            return .failure(
                Unknown(
                    reason:
                        "the server's process isn't found on this machine (behind a tunnel, a pooler or in a container?); "
                        + "declare its size with --quota-capacity"
                )
            )
        }
        guard let path = try row.optionalString("path") else {
            return .failure(
                Unknown(
                    reason:
                        "this role may not read data_directory; GRANT pg_read_all_settings TO it, or use --quota-capacity"
                )
            )
        }
        guard let usage = FileSystemUsage(ofDirectory: path) else {
            return .failure(Unknown(reason: "the data directory can't be looked at from here; use --quota-capacity"))
        }
        return .success(usage)
    }
}
