// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Logging
import PartitionRouter

extension PostgresRegistry {
    /// How often a quiet connection is asked whether it still lives.
    static let heartbeat: Duration = .seconds(10)
    /// Bounds of the pause before listening begins anew, which doubles from one to the other.
    static let pauses: (first: Duration, longest: Duration) = (.milliseconds(100), .seconds(5))

    public func run() async {
        var pause = Self.pauses.first
        while !Task.isCancelled {
            do throws(PostgresError) {
                let connection = try await Connection.open(configuration, logger: logger)
                let failure = await watch(connection) { pause = Self.pauses.first }
                await connection.close()
                if let failure { throw failure }
            } catch {
                guard !Task.isCancelled else { return }
                logger.warning("not listening for changes of partition maps", metadata: ["reason": "\(error.message)"])
            }
            // Jitter, so that a fleet doesn't come back in one moment.
            try? await Task.sleep(for: pause * Double.random(in: 0.5...1))
            pause = min(pause * 2, Self.pauses.longest)
        }
    }

    /// Listens until the connection breaks or the task is cancelled. `LISTEN` works only on a primary; a standby may be promoted.
    private func watch(_ connection: Connection, _ started: () -> Void) async -> PostgresError? {
        do throws(PostgresError) {
            guard try await !isStandby(connection) else {
                return PostgresError(.connectionRefused, "the registry's server is a standby")
            }
            try await listen(connection, started)
            return nil
        } catch {
            return error
        }
    }

    private func isStandby(_ connection: Connection) async throws(PostgresError) -> Bool {
        try await connection.query("SELECT pg_is_in_recovery() AS standby", deadline: Self.deadline)
            .first?.bool("standby") ?? false
    }

    private func listen(_ connection: Connection, _ started: () -> Void) async throws(PostgresError) {
        try await connection.listen(Self.channel, within: Self.deadline)
        started()
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
