// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Logging
import PartitionRegistryRedis
import PartitionRouter
import Testing
import TestSupport

@Suite("RedisEventQueue")
struct RedisEventQueueTests {
    private static func queue(_ server: RedisServer, consumer: String) throws -> RedisEventQueue {
        try RedisEventQueue(
            try RegistryURL(parsing: "redis://127.0.0.1:\(server.port)", environment: [:]),
            stream: "events",
            consumer: consumer,
            logger: .test
        )
    }

    @Test("each entry is one consumer's; what a dead one left goes to another, and counts as a try")
    func takenOver() async throws {
        let server = try await RedisServer.start()
        for _ in 1...3 { _ = try await server.command("XADD", "events", "*", "a", "b") }
        let first = try Self.queue(server, consumer: "first")
        let second = try Self.queue(server, consumer: "second")
        let taken = try await first.entries(within: .seconds(1), abandoned: .seconds(600))
        #expect(taken.map(\.deliveries) == [1, 1, 1])
        // Nobody's business but the first's, as long as it isn't away for long.
        #expect(try await second.entries(within: .milliseconds(50), abandoned: .seconds(600)) == [])
        await first.close()
        let inherited = try await second.entries(within: .milliseconds(50), abandoned: .zero)
        #expect(inherited.map(\.id) == taken.map(\.id))
        #expect(inherited.map(\.deliveries) == [2, 2, 2])
        let again = try await second.again(inherited)
        #expect(again.map(\.deliveries) == [3, 3, 3])
        try await second.acknowledge(Array(again.prefix(2)))
        try await second.bury([again[2]], reason: "none")
        #expect(try await server.command("XPENDING", "events", "partition-cli").hasPrefix("0"))
        // A second burial of the same does nothing.
        try await second.bury([again[2]], reason: "none")
        #expect(try await server.command("XLEN", "events:dead") == "1")
        await second.close()
        await server.stop()
    }

    @Test("an entry that was deleted meanwhile isn't tried again, and its letter says at least its name")
    func deleted() async throws {
        let server = try await RedisServer.start()
        let id = try await server.command("XADD", "events", "*", "a", "b")
        let queue = try Self.queue(server, consumer: "one")
        let taken = try await queue.entries(within: .seconds(1), abandoned: .seconds(600))
        #expect(taken.map(\.id) == [id])
        _ = try await server.command("XDEL", "events", id)
        try await queue.bury(taken, reason: "none")
        #expect(try await server.command("XRANGE", "events:dead", "-", "+").contains(id))
        await queue.close()
        await server.stop()
    }
}
