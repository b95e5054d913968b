// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionRouter

extension RedisRegistry {
    /// How often a quiet connection is asked whether it still lives.
    static let heartbeat: Duration = .seconds(10)
    /// Channels of messages that aren't taken yet; beyond that the oldest are dropped, as hints may be.
    static let messageBuffer = 1 << 16

    public func run() async {
        await keepListening(logger) {
            do throws(RegistryError) {
                try await listen()
                return "the connection to Redis ended"
            } catch {
                return error.message
            }
        }
    }

    /// Listens on a connection of its own until it breaks or the task is cancelled.
    private func listen() async throws(RegistryError) {
        let (messages, continuation) = AsyncStream.makeStream(
            of: String.self,
            bufferingPolicy: .bufferingNewest(Self.messageBuffer)
        )
        let link = try await connect(messages: continuation)
        defer { link.close() }
        _ = try await link.send(RedisCommand("PSUBSCRIBE", RedisKeys.channelPattern(prefix))).orThrow()
        await board.announceToAll(.reconnected)
        let (board, prefix) = (board, prefix)
        let failure = await withTaskGroup(of: RegistryError?.self) { group in
            group.addTask {
                for await channel in messages {
                    if let entity = RedisKeys.entity(channel: channel, prefix: prefix) {
                        await board.announce(.changed, for: entity)
                    }
                }
                return RegistryError(.unreachable, "the connection to Redis broke")
            }
            group.addTask {
                // A connection can be dead without anybody saying so, and a primary can become a replica. Before Redis 6 a subscriber
                // may only ask whether somebody is there.
                while !Task.isCancelled {
                    do throws(RegistryError) {
                        try? await Task.sleep(for: Self.heartbeat)
                        if link.speaksRESP3 {
                            try await link.mustBePrimary()
                        } else {
                            _ = try await link.send(RedisCommand("PING")).orThrow()
                        }
                    } catch {
                        return error
                    }
                }
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        if let failure { throw failure }
    }
}
