// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import LibPQ

/// What the forecasts of all tables in a tablespace come to, against the space that is left there.
package struct SpaceForecast: Hashable, Codable, Sendable {
    /// nil for the database's own.
    package var tablespace: String?
    /// Bytes to come until the end of the buffers.
    package var bytes: Int64
    /// The same of other tablespaces on the same file system, which take from the same space.
    package var bytesBeside: Int64 = 0
    /// nil where it isn't known.
    package var bytesLeft: Int64?
    package var tables: [GrowthForecast]

    /// nil where the space left isn't known.
    package var fits: Bool? {
        bytesLeft.map { left in
            let (all, overflow) = bytes.addingReportingOverflow(bytesBeside)
            return !overflow && all <= left
        }
    }

    /// - Throws: `PostgresError`, `CancellationError`.
    package static func of(
        _ observation: Observation,
        quota: QuotaGuard,
        on connection: Connection
    ) async throws -> [SpaceForecast] {
        let own = try await QuotaGuard.defaultTablespace(connection)
        // A table may name the tablespace that others have by saying nothing.
        let tables = try await GrowthForecast.of(observation, on: connection).map { forecast in
            var forecast = forecast
            if forecast.tablespace == own { forecast.tablespace = nil }
            return forecast
        }
        var forecasts: [(SpaceForecast, device: UInt64?)] = []
        for (tablespace, tables) in Dictionary(grouping: tables, by: \.tablespace)
            .sorted(by: { ($0.key ?? "") < ($1.key ?? "") })
        {
            let left = try await quota.spaceLeft(in: tablespace, on: connection)
            let forecast = SpaceForecast(
                tablespace: tablespace,
                bytes: sum(tables.map(\.bytes)),
                bytesLeft: left?.bytes,
                tables: tables
            )
            forecasts.append((forecast, left?.device))
        }
        return forecasts.indices.map { index in
            var (forecast, device) = forecasts[index]
            let beside = forecasts.indices.filter { $0 != index && device != nil && forecasts[$0].device == device }
            forecast.bytesBeside = sum(beside.map { forecasts[$0].0.bytes })
            return forecast
        }
    }

    private static func sum(_ numbers: [Int64]) -> Int64 {
        numbers.reduce(0) { sum, number in
            let (next, overflow) = sum.addingReportingOverflow(number)
            return overflow ? .max : next
        }
    }
}
