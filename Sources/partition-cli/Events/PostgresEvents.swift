// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Logging

/// `NOTIFY partition_rotate`, on a connection of its own.
///
/// PostgreSQL keeps no notification for who isn't there: after each connection a run is due.
actor PostgresEvents: EventSource {
    static let channel = "partition_rotate"
    /// A connection can be dead without anybody saying so.
    private static let heartbeat = Duration.seconds(10)
    private static let deadline = Duration.seconds(10)

    nonisolated let description: String
    private let configuration: ConnectionConfiguration
    private let logger: Logger
    private var connection: Connection?

    init(_ configuration: ConnectionConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        description = "NOTIFY \(Self.channel) on \(configuration.redactedDescription)"
    }

    func next() async throws -> EventBurst? {
        guard let connection else {
            let fresh = try await Connection.open(configuration, logger: logger)
            do {
                try await fresh.listen(Self.channel)
            } catch {
                await fresh.close()
                throw error
            }
            connection = fresh
            return EventBurst(count: 0)
        }
        do {
            guard let first = try await connection.notification(within: Self.heartbeat) else {
                _ = try await connection.query("SELECT 1", deadline: Self.deadline)
                return nil
            }
            var count = first.channel == Self.channel ? 1 : 0
            while try await connection.notification(within: EventWatch.quiet) != nil, count < EventWatch.burst {
                count += 1
            }
            return EventBurst(count: count)
        } catch {
            if error.kind != .cancelled {
                await connection.close()
                self.connection = nil
            }
            throw error
        }
    }

    func done(_ burst: EventBurst) async throws {}

    /// Nothing keeps a notification, so trying it again is up to us.
    func failed(_ burst: EventBurst, reason: String) async throws -> EventBurst? {
        guard burst.attempt < EventWatch.attempts else { return nil }
        var burst = burst
        burst.attempt += 1
        return burst
    }

    func close() async {
        await connection?.close()
        connection = nil
    }
}
