// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Testing
import TestSupport

@testable import partition_cli

/// What is made of the runs that events ask for, with real sources.
@Suite("Events and the runs they ask for", .temporaryDatabase)
struct EventWatchTests {
    /// Ends as it is told, and then well.
    private actor Runs {
        private var coming: [partition_cli.ExitStatus]
        private(set) var made = 0

        init(_ coming: [partition_cli.ExitStatus]) { self.coming = coming }

        func next() -> partition_cli.ExitStatus {
            made += 1
            return coming.isEmpty ? .success : coming.removeFirst()
        }
    }

    private static func watching(
        _ source: any EventSource,
        _ runs: Runs,
        _ body: () async throws -> Void
    ) async throws {
        let pauses = EventWatch.Pauses(first: .milliseconds(1), longest: .milliseconds(5))
        let watch = EventWatch(source: source, logger: .test, pauses: pauses) { await runs.next() }
        let task = Task { try await watch.watch() }
        do {
            try await body()
        } catch {
            task.cancel()
            _ = await task.result
            throw error
        }
        task.cancel()
        #expect(try await task.value == .success)
    }

    private static func source(_ server: RedisServer, deadline: Duration = .seconds(270)) throws -> RedisEvents {
        try RedisEvents(
            "redis://127.0.0.1:\(server.port)/rotations",
            deadline: deadline,
            environment: [:],
            logger: .test
        )
    }

    /// Entries that another process took so many times, and hasn't touched for longer than any run takes.
    private static func abandon(_ server: RedisServer, _ deliveries: Int) async throws {
        _ = try? await server.command("XGROUP", "CREATE", "rotations", "partition-cli", "0", "MKSTREAM")
        let id = try await server.command("XADD", "rotations", "*", "tried", "\(deliveries)")
        _ = try await server.command(
            "XREADGROUP",
            "GROUP",
            "partition-cli",
            "gone",
            "COUNT",
            "1",
            "STREAMS",
            "rotations",
            ">"
        )
        try await age(server, id, deliveries)
    }

    private static func age(_ server: RedisServer, _ id: String, _ deliveries: Int) async throws {
        _ = try await server.command(
            "XCLAIM",
            "rotations",
            "partition-cli",
            "gone",
            "0",
            id,
            "IDLE",
            "100000000",
            "RETRYCOUNT",
            "\(deliveries)",
            "JUSTID"
        )
    }

    private static func isEmpty(_ server: RedisServer) async throws -> Bool {
        let isPending = try await !server.command("XPENDING", "rotations", "partition-cli").hasPrefix("0")
        let isRead = try await server.command("XINFO", "GROUPS", "rotations").contains("lag\n0")
        return isRead && !isPending
    }

    @Test(
        "what only passes is waited for, however often: nothing is given up, and nothing counts as a try",
        arguments: [partition_cli.ExitStatus.busy, .deferred]
    )
    func waits(_ status: partition_cli.ExitStatus) async throws {
        let server = try await RedisServer.start()
        _ = try await server.command("XADD", "rotations", "*", "a", "b")
        let runs = Runs(Array(repeating: status, count: 7) + [.failed, .failed, .failed, .failed])
        try await Self.watching(try Self.source(server), runs) {
            try await eventually("the entry is answered") { try await Self.isEmpty(server) }
        }
        #expect(await runs.made == 12)
        #expect(try await server.command("EXISTS", "rotations:dead") == "0")
        await server.stop()

        let notifications = Runs(Array(repeating: status, count: 7))
        let configuration = try ConnectionConfiguration(EventsTable.url(of: try TemporaryDatabase.current))
        try await Self.watching(PostgresEvents(configuration, logger: .test), notifications) {
            try await eventually("the connection's event is answered") { await notifications.made == 8 }
        }
    }

    @Test("what came while a run was waited for is answered by the same run")
    func drained() async throws {
        let database = try TemporaryDatabase.current
        let connection = try await database.connect()
        let source = PostgresEvents(
            try ConnectionConfiguration(EventsTable.url(of: database)),
            logger: .test
        )
        let burst = try #require(try await source.next())
        for _ in 1...3 { _ = try await connection.query("NOTIFY partition_rotate") }
        var kept: EventBurst? = burst
        try await eventually("they came") {
            kept = try await source.keep(try #require(kept))
            return kept?.count == 4
        }
        #expect(kept?.attempt == 1)
        await source.close()
    }

    /// The first entry is again of the consumer that is gone, with this said of it.
    ///
    /// - Returns: its ID.
    private static func claimOldest(_ server: RedisServer, _ option: String, _ value: String) async throws -> String {
        let oldest = try await server.command("XRANGE", "rotations", "-", "+", "COUNT", "1")
        let id = try #require(oldest.split(whereSeparator: \.isWhitespace).first.map(String.init))
        _ = try await server.command("XCLAIM", "rotations", "partition-cli", "gone", "0", id, option, value, "JUSTID")
        return id
    }

    @Test("an entry that was tried often and new ones are no burst: what fails with it isn't theirs")
    func apart() async throws {
        let server = try await RedisServer.start()
        try await Self.abandon(server, 4)
        // Not for long yet: so it isn't the first to be taken.
        let id = try await Self.claimOldest(server, "RETRYCOUNT", "4")
        let runs = Runs([.failed])
        try await Self.watching(try Self.source(server), runs) {
            try await eventually("it waits for entries") {
                try await server.command("CLIENT", "LIST").contains("cmd=xreadgroup")
            }
            // In one step: the old one is abandoned while the new ones are gathered.
            _ = try await server.command(
                "EVAL",
                """
                for i = 1, 3 do redis.call('XADD', KEYS[1], '*', 'new', i) end
                redis.call('XCLAIM', KEYS[1], 'partition-cli', 'gone', 0, ARGV[1], 'IDLE', 100000000, 'RETRYCOUNT', 4, 'JUSTID')
                """,
                "1",
                "rotations",
                id
            )
            try await eventually("all are answered") { try await Self.isEmpty(server) }
        }
        #expect(try await server.command("EXISTS", "rotations:dead") == "0")
        #expect(await runs.made == 3)
        await server.stop()
    }

    @Test("of entries that fail together those are given up that were tried five times, and the others tried again")
    func eachByItself() async throws {
        let server = try await RedisServer.start()
        try await Self.abandon(server, 4)
        try await Self.abandon(server, 1)
        let runs = Runs([.failed])
        try await Self.watching(try Self.source(server), runs) {
            try await eventually("none is left") { try await Self.isEmpty(server) }
        }
        #expect(await runs.made == 2)
        let letters = try await server.command("XRANGE", "rotations:dead", "-", "+")
        #expect(letters.contains("tried\n4") && letters.contains("tries\n5"), "\(letters)")
        #expect(!letters.contains("tried\n1"), "\(letters)")
        await server.stop()
    }

    @Test("an entry that five runs were begun for, and none ended, is given up before a sixth")
    func deadly() async throws {
        let server = try await RedisServer.start()
        try await Self.abandon(server, 5)
        let runs = Runs([])
        try await Self.watching(try Self.source(server), runs) {
            try await eventually("it is given up") { try await Self.isEmpty(server) }
        }
        #expect(await runs.made == 0)
        let letters = try await server.command("XRANGE", "rotations:dead", "-", "+")
        #expect(letters.contains("none ended") && letters.contains("tries\n5"), "\(letters)")
        await server.stop()
    }

    @Test("an entry is abandoned when nobody has touched it for longer than a run may take")
    func longRuns() async throws {
        #expect(RedisEvents.abandoned(after: .seconds(270)) == .seconds(600))
        for deadline in [600, 3600, 86_400] {
            #expect(RedisEvents.abandoned(after: .seconds(deadline)) > .seconds(deadline + 60))
        }
        let server = try await RedisServer.start()
        try await Self.abandon(server, 1)
        let id = try await Self.claimOldest(server, "IDLE", "700000")
        let new = try await server.command("XADD", "rotations", "*", "a", "b")
        let patient = try Self.source(server, deadline: .seconds(3600))
        #expect(try await patient.next()?.events.map(\.id) == [new])
        let ordinary = try Self.source(server)
        #expect(try await ordinary.next() == EventBurst(events: [EventBurst.Event(id: id, tries: 2)]))
        await patient.close()
        await ordinary.close()
        await server.stop()
    }
}
