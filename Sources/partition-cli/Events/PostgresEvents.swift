// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Logging
import Provisioning

/// `NOTIFY partition_rotate`, on a connection of its own.
///
/// PostgreSQL keeps no notification for who isn't there: each connection begins with an event.
actor PostgresEvents: EventSource {
    static let channel = "partition_rotate"
    /// A connection can be dead without anybody saying so.
    private static let heartbeat = Duration.seconds(10)
    private static let deadline = Duration.seconds(10)
    /// For what is there already.
    private static let glance = Duration.milliseconds(10)

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
            connection = try await listening()
            return EventBurst(events: [EventBurst.Event()])
        }
        do {
            guard let first = try await connection.notification(within: Self.heartbeat) else {
                _ = try await connection.query("SELECT 1", deadline: Self.deadline)
                return nil
            }
            var events = first.channel == Self.channel ? [EventBurst.Event()] : []
            while events.count < EventWatch.burst,
                try await connection.notification(within: EventWatch.quiet) != nil
            {
                events.append(EventBurst.Event())
            }
            return events.isEmpty ? nil : EventBurst(events: events)
        } catch {
            await leave(connection, after: error)
            throw error
        }
    }

    /// As any session of ours: on a server process that a pooler hands on, the subscription would reach others' sessions.
    private func listening() async throws -> Connection {
        let connection = try await DatabaseSession.reached(configuration, logger: logger).connection
        do {
            try await connection.listen(Self.channel, within: Self.deadline)
            return connection
        } catch {
            await connection.close()
            throw error
        }
    }

    private func leave(_ connection: Connection, after error: PostgresError) async {
        guard error.kind != .cancelled else { return }
        await connection.close()
        self.connection = nil
    }

    func done(_ burst: EventBurst) async throws {}

    /// The coming run answers what came meanwhile, too: whoever waits for hours must not let it pile up between the server and us.
    func keep(_ burst: EventBurst) async throws -> EventBurst? {
        guard let connection else { return burst }
        var burst = burst
        do {
            while try await connection.notification(within: Self.glance) != nil {
                if burst.count < EventWatch.burst { burst.events.append(EventBurst.Event()) }
            }
        } catch {
            // The next connection begins with an event.
            await leave(connection, after: error)
        }
        return burst
    }

    /// Nothing keeps a notification, so trying it again is up to us.
    func again(_ burst: EventBurst) async throws -> EventBurst? {
        var burst = burst
        for index in burst.events.indices { burst.events[index].tries += 1 }
        return burst
    }

    func giveUp(_ burst: EventBurst, reason: String) async throws {}

    func close() async {
        await connection?.close()
        connection = nil
    }
}
