// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import LibPQ

/// What the forecasts of all tables in a tablespace come to, against the space that is left there.
package struct SpaceForecast: Hashable, Codable, Sendable {
    /// nil for the database's own.
    package var tablespace: String?
    /// Bytes to come until the end of the buffers.
    package var bytes: Int64
    /// nil where it isn't known.
    package var bytesLeft: Int64?
    package var tables: [GrowthForecast]

    /// nil where the space left isn't known.
    package var fits: Bool? { bytesLeft.map { bytes <= $0 } }

    /// - Throws: `PostgresError`, `CancellationError`.
    package static func of(
        _ observation: Observation,
        quota: QuotaGuard,
        on connection: Connection
    ) async throws -> [SpaceForecast] {
        let tables = try await GrowthForecast.of(observation, on: connection)
        var forecasts: [SpaceForecast] = []
        for (tablespace, tables) in Dictionary(grouping: tables, by: \.tablespace).sorted(by: {
            ($0.key ?? "") < ($1.key ?? "")
        }) {
            forecasts.append(
                SpaceForecast(
                    tablespace: tablespace,
                    bytes: tables.reduce(0) { $0.addingReportingOverflow($1.bytes).partialValue },
                    bytesLeft: try await quota.bytesLeft(in: tablespace, on: connection),
                    tables: tables
                )
            )
        }
        return forecasts
    }
}
