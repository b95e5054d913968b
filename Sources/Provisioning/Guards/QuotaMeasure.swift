// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import LibPQ

/// How full one tablespace was when a guard asked.
package struct QuotaMeasure: Hashable, Codable, Sendable {
    /// Its name in `pg_tablespace`.
    package var tablespace: String
    /// Used share at which creation stops, inclusive; 0 to 1.
    package var threshold: Double
    package var reading: QuotaGuard.Reading
}

extension QuotaGuard {
    /// Asks about one tablespace.
    ///
    /// - Parameter tablespace: nil for the database's default.
    /// - Throws: `PostgresError`, `CancellationError`.
    package func measure(of tablespace: String?, on connection: Connection) async throws -> QuotaMeasure {
        let name = if let tablespace { tablespace } else { try await Self.defaultTablespace(connection) }
        return QuotaMeasure(
            tablespace: name,
            threshold: threshold,
            reading: try await reading(of: name, on: connection)
        )
    }
}
