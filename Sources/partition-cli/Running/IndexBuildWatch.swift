// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Logging
import Provisioning

/// Asks the server, beside a run, how far the index has come that the run is building, and keeps the progress line alive.
enum IndexBuildWatch {
    private static let pause: Duration = .milliseconds(500)

    /// Runs the body, watching it where somebody watches the progress.
    static func following<R: Sendable>(
        _ configuration: ConnectionConfiguration,
        _ console: Console,
        _ body: () async throws -> R
    ) async throws -> R {
        guard let progress = console.progress else { return try await body() }
        // What isn't awaited is cancelled when the body has ended, and then waited for.
        async let _: Void = watch(configuration, progress, console.logger)
        return try await body()
    }

    /// Until it is cancelled. A connection of its own, and only while an index takes long: the run's is busy with it. Where there is none to be
    /// had the line shows the elapsed time alone.
    @concurrent
    private static func watch(
        _ configuration: ConnectionConfiguration,
        _ progress: ProgressLine,
        _ logger: Logger
    ) async {
        var connection: Connection?
        var mayConnect = true
        while !Task.isCancelled {
            do { try await Task.sleep(for: pause) } catch { break }
            if let table = progress.indexedTable, mayConnect {
                do throws(PostgresError) {
                    if connection == nil { connection = try await Connection.open(configuration, logger: logger) }
                    if let connection { progress.note(try await IndexBuild.current(on: table, connection)) }
                } catch {
                    mayConnect = false
                }
            }
            progress.repaint()
        }
        await connection?.close()
    }
}
