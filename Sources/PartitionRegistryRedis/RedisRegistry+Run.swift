// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Logging
import PartitionRouter

extension RedisRegistry {
    /// How often a quiet connection is asked whether it still lives.
    static let heartbeat: Duration = .seconds(10)
    /// Bounds of the pause before listening begins anew, which doubles from one to the other.
    static let pauses: (first: Duration, longest: Duration) = (.milliseconds(100), .seconds(5))
    /// Channels of messages that aren't taken yet; beyond that the oldest are dropped, as hints may be.
    static let messageBuffer = 1 << 16

    public func run() async {
        var pause = Self.pauses.first
        while !Task.isCancelled {
            do throws(RegistryError) {
                try await listen { pause = Self.pauses.first }
            } catch {
                guard !Task.isCancelled else { return }
                logger.warning("not listening for changes of partition maps", metadata: ["reason": "\(error.message)"])
            }
            // Jitter, so that a fleet doesn't come back in one moment.
            try? await Task.sleep(for: pause * Double.random(in: 0.5...1))
            pause = min(pause * 2, Self.pauses.longest)
        }
    }

    /// Listens on a connection of its own until it breaks or the task is cancelled.
    private func listen(_ started: () -> Void) async throws(RegistryError) {
        let (messages, continuation) = AsyncStream.makeStream(
            of: String.self,
            bufferingPolicy: .bufferingNewest(Self.messageBuffer)
        )
        let link = try await connect(messages: continuation)
        defer { link.close() }
        _ = try await link.send(RedisCommand("PSUBSCRIBE", RedisKeys.channelPattern(prefix))).orThrow()
        started()
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
