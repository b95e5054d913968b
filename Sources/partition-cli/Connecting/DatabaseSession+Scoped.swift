// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Logging
import Provisioning

extension DatabaseSession {
    /// A session for the body, closed whatever comes of it.
    ///
    /// - Parameter deadline: until when a server that is starting, stopping or full is asked again.
    /// - Throws: ``CommandFailure`` where there is no connection; what the body throws.
    static func scoped<R: Sendable>(
        _ configuration: ConnectionConfiguration,
        logger: Logger,
        until deadline: ContinuousClock.Instant = .now,
        _ body: (DatabaseSession) async throws -> R
    ) async throws -> R {
        let session = try await reached(configuration, logger: logger, until: deadline)
        do {
            let result = try await body(session)
            await session.connection.close()
            return result
        } catch {
            await session.connection.close()
            throw error
        }
    }

    /// A session that the caller closes.
    ///
    /// - Parameter deadline: until when a server that is starting, stopping or full is asked again.
    /// - Throws: ``CommandFailure`` where there is no connection; `CancellationError`.
    static func reached(
        _ configuration: ConnectionConfiguration,
        logger: Logger,
        until deadline: ContinuousClock.Instant = .now
    ) async throws -> DatabaseSession {
        do {
            return try await open(configuration, logger: logger, until: deadline)
        } catch let error as PostgresError {
            throw CommandFailure(connecting: error, to: configuration)
        }
    }
}
