// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import LibPQ
package import Logging

/// Whether a pooler stands between us and the server, for those who only want to know.
package enum PoolerStanding: Sendable {
    /// None that could be noticed.
    case direct
    /// One that leaves us our server process: as good as none.
    case session
    /// One through which nothing must be done; the error says why, and what to do.
    case unusable(PostgresError)

    /// Looks with a connection of its own, on which nothing is set.
    ///
    /// - Throws: `PostgresError` where there is no connection.
    package static func look(
        _ configuration: ConnectionConfiguration,
        logger: Logger
    ) async throws(PostgresError) -> PoolerStanding {
        let connection = try await Connection.open(configuration, logger: logger)
        do throws(PostgresError) {
            let verdict = try await PoolerProbe(configuration: configuration, logger: logger)
                .verdict(
                    of: connection,
                    reading: PoolerProbe.process(of: connection, within: configuration.connectTimeout)
                )
            await connection.close()
            return switch verdict {
            case .direct: .direct
            case .session: .session
            case .shared: .unusable(PoolerProbe.refusal)
            case .unknown: .unusable(PoolerProbe.uncertainty)
            }
        } catch {
            await connection.close()
            throw error
        }
    }
}
