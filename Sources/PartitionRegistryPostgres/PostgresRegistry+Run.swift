// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import PartitionRouter

extension PostgresRegistry {
    /// How often a quiet connection is asked whether it still lives.
    static let heartbeat: Duration = .seconds(10)
    /// How often a standby is asked for versions: `LISTEN` works only on a primary.
    static let pollInterval: Duration = .seconds(5)

    public func run() async {
        await keepListening(logger) {
            do throws(PostgresError) {
                let connection = try await Connection.open(configuration, logger: logger)
                let failure = await watch(connection)
                await connection.close()
                if let failure { throw failure }
                return "the server was promoted"
            } catch {
                return error.message
            }
        }
    }

    /// Listens, or polls, until the connection breaks or the task is cancelled.
    private func watch(_ connection: Connection) async -> PostgresError? {
        do throws(PostgresError) {
            if try await isStandby(connection) {
                try await poll(connection)
            } else {
                try await listen(connection)
            }
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

    private func poll(_ connection: Connection) async throws(PostgresError) {
        var versions: [String: Int64] = [:]
        var isFirst = true
        // Once promoted, the server can be listened to: then this ends, and begins anew.
        while !Task.isCancelled, try await isStandby(connection) {
            let rows = try await connection.query(
                "SELECT entity, version FROM partition_registry.map",
                deadline: Self.deadline
            )
            var current: [String: Int64] = [:]
            for row in rows { current[try row.string("entity")] = try row.int64("version") }
            if isFirst {
                await board.announceToAll(.reconnected)
            } else {
                for key in Set(current.keys).union(versions.keys) where current[key] != versions[key] {
                    if let entity = entity(stored: key) { await board.announce(.changed, for: entity) }
                }
            }
            (versions, isFirst) = (current, false)
            try? await Task.sleep(for: Self.pollInterval)
        }
    }
}
