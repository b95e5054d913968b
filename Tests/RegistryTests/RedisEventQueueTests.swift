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
        let taken = try await first.fresh(within: .seconds(1))
        #expect(taken.map(\.deliveries) == [1, 1, 1])
        // Nobody's business but the first's, as long as it isn't away for long.
        #expect(try await second.abandoned(for: .seconds(600)) == [])
        #expect(try await second.fresh(within: .milliseconds(50)) == [])
        await first.close()
        let inherited = try await second.abandoned(for: .zero)
        #expect(inherited.map(\.id) == taken.map(\.id))
        #expect(inherited.map(\.deliveries) == [2, 2, 2])
        // Nobody tried anything.
        #expect(try await second.keep(inherited) == inherited)
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

    @Test("of many that were left behind each has its own count, also where others of the consumer's lie between them")
    func countsOfMany() async throws {
        let server = try await RedisServer.start()
        let add = "for i = 1, 1500 do redis.call('XADD', KEYS[1], '*', 'a', i) end"
        _ = try await server.command("EVAL", add, "1", "events")
        let queue = try Self.queue(server, consumer: "one")
        var taken: [RedisEventQueue.Entry] = []
        while taken.count < 1500 { taken += try await queue.fresh(within: .seconds(1)) }
        let last = try #require(taken.last)
        // Only the first and the last are old; the last was tried before.
        for (id, count) in [(taken[0].id, "1"), (last.id, "4")] {
            _ = try await server.command(
                "XCLAIM",
                "events",
                "partition-cli",
                "one",
                "0",
                id,
                "IDLE",
                "700000",
                "RETRYCOUNT",
                count,
                "JUSTID"
            )
        }
        let old = try await queue.abandoned(for: .seconds(600))
        #expect(old.map(\.id) == [taken[0].id, last.id])
        #expect(old.map(\.deliveries) == [2, 5])
        await queue.close()
        await server.stop()
    }

    @Test("an entry that was deleted meanwhile isn't tried again, and its letter says at least its name")
    func deleted() async throws {
        let server = try await RedisServer.start()
        let id = try await server.command("XADD", "events", "*", "a", "b")
        let queue = try Self.queue(server, consumer: "one")
        let taken = try await queue.fresh(within: .seconds(1))
        #expect(taken.map(\.id) == [id])
        _ = try await server.command("XDEL", "events", id)
        try await queue.bury(taken, reason: "none")
        #expect(try await server.command("XRANGE", "events:dead", "-", "+").contains(id))
        await queue.close()
        await server.stop()
    }
}
