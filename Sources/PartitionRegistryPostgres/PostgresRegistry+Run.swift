// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import PartitionRouter

extension PostgresRegistry {
    /// How often a quiet connection is asked whether it still lives.
    static let heartbeat: Duration = .seconds(10)

    public func run() async {
        await keepListening(logger) {
            do throws(PostgresError) {
                let connection = try await Connection.open(configuration, logger: logger)
                let failure = await watch(connection)
                await connection.close()
                if let failure { throw failure }
                return "the connection ended"
            } catch {
                return error.message
            }
        }
    }

    /// Listens until the connection breaks or the task is cancelled. `LISTEN` works only on a primary; a standby may be promoted.
    private func watch(_ connection: Connection) async -> PostgresError? {
        do throws(PostgresError) {
            guard try await !isStandby(connection) else {
                return PostgresError(.connectionRefused, "the registry's server is a standby")
            }
            try await listen(connection)
            return nil
        } catch {
            return error
        }
    }

    private func isStandby(_ connection: Connection) async throws(PostgresError) -> Bool {
        try await connection.query("SELECT pg_is_in_recovery() AS standby", deadline: Self.deadline)
            .first?.bool("standby") ?? false
    }

    private func listen(_ connection: Connection) async throws(PostgresError) {
        try await connection.listen(Self.channel)
        await board.announceToAll(.reconnected)
        while !Task.isCancelled {
            if let notification = try await connection.notification(within: Self.heartbeat) {
                let key = notification.payload.split(separator: " ", maxSplits: 1).last.map(String.init) ?? ""
                if let entity = entity(stored: key) { await board.announce(.changed, for: entity) }
            } else {
                // A connection can be dead without anybody saying so.
                _ = try await connection.query("SELECT 1", deadline: Self.deadline)
            }
        }
    }
}
