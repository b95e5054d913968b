// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import Testing
import TestSupport

@Suite("rotate --on-event", .temporaryDatabase)
struct EventTriggerTests {
    private static func start(
        _ events: EventsTable,
        _ source: String,
        url: String? = nil,
        options: [String] = []
    ) throws -> Running {
        try Tool.start(
            [
                "rotate", "--on-event=\(source)", "--db-url=\(url ?? events.url)", "--registry-url=none",
                "--log-format=json",
            ] + options
        )
    }

    private static func count(_ event: String, _ run: Running) -> Int {
        run.error.components(separatedBy: "\"event\":\"\(event)\"").count - 1
    }

    /// The newest partition goes, so that a run has something to do.
    private static func makeWork(_ events: EventsTable) async throws {
        let newest = try #require(try await events.partitions.last)
        _ = try await events.connection.query("DROP TABLE \(identifier: newest)")
    }

    private static func end(_ run: Running) async {
        run.signal(SIGTERM)
        let result = await run.result()
        #expect(result.status == 143, "\(result.everything)")
        #expect(!result.everything.contains(EventsTable.password))
    }

    @Test("runs when it begins to listen, once for a burst of notifications, and again after its connection broke")
    func postgres() async throws {
        let events = try await EventsTable()
        let run = try Self.start(events, "postgres")
        try await eventually("the first run is over") { Self.count("RUN_ENDED", run) == 1 }
        let whole = try await events.partitions
        try await Self.makeWork(events)
        for _ in 1...50 { _ = try await events.connection.query("NOTIFY partition_rotate, 'x'") }
        try await eventually("the burst is answered") { Self.count("RUN_ENDED", run) == 2 }
        #expect(try await events.partitions == whole)
        #expect(run.error.contains("\"count\":\"50\""), "\(run.error)")

        try await Self.makeWork(events)
        let ended = try await events.connection.query(
            """
            SELECT count(pg_terminate_backend(pid)) AS n FROM pg_stat_activity
             WHERE datname = current_database() AND query LIKE 'LISTEN %partition_rotate%'
            """
        )
        #expect(try ended.first?.int64("n") == 1)
        try await eventually("it listens again, and has looked for what it missed") {
            Self.count("RUN_ENDED", run) == 3
        }
        #expect(Self.count("EVENTS_LOST", run) == 1)
        #expect(try await events.partitions == whole)
        await Self.end(run)
        #expect(Self.count("RUN_STARTED", run) <= 3)
    }

    @Test("runs once for a burst of entries of a stream, acknowledges them, and goes on after Redis was away")
    func redis() async throws {
        let events = try await EventsTable()
        var options = RedisServer.Options()
        options.isPersistent = true
        options.password = EventsTable.password
        let server = try await RedisServer.start(options)
        // Written before anybody listened.
        for number in 1...20 { _ = try await server.command("XADD", "rotations", "*", "number", "\(number)") }
        let source = "redis://:\(EventsTable.password)@127.0.0.1:\(server.port)/rotations"
        let run = try Self.start(events, source)
        try await eventually("the entries are answered") { Self.count("RUN_ENDED", run) == 1 }
        try await eventually("and acknowledged") {
            try await server.command("XPENDING", "rotations", "partition-cli").hasPrefix("0")
        }
        let whole = try await events.partitions

        await server.kill()
        try await eventually("the loss is noticed") { Self.count("EVENTS_LOST", run) > 0 }
        try await server.start()
        try await Self.makeWork(events)
        _ = try await server.command("XADD", "rotations", "*", "number", "21")
        try await eventually(within: .seconds(60), "the entry is answered") { Self.count("RUN_ENDED", run) == 2 }
        #expect(try await events.partitions == whole)
        try await eventually("and acknowledged") {
            try await server.command("XPENDING", "rotations", "partition-cli").hasPrefix("0")
        }
        #expect(try await server.command("EXISTS", "rotations:dead") == "0")
        await Self.end(run)
        await server.stop()
    }

    /// What passes.
    enum Obstacle: CaseIterable { case anotherRun, lock }

    @Test(
        "waits while another run is at work or a lock isn't to be had, and answers afterwards",
        arguments: Obstacle.allCases
    )
    func waits(_ obstacle: Obstacle) async throws {
        let events = try await EventsTable()
        let server = try await RedisServer.start()
        let holder = try await events.database.connect()
        var other: Running?
        switch obstacle {
        case .anotherRun:
            let paused = try Tool.start(
                ["rotate", "--db-url=\(events.url)", "--registry-url=none"],
                environment: ["PARTITION_CLI_PAUSE_AT": "observed"]
            )
            try await eventually("the other run is at work") { paused.error.contains("paused at observed") }
            other = paused
        case .lock:
            _ = try await holder.query("BEGIN")
            _ = try await holder.query("LOCK TABLE events IN SHARE UPDATE EXCLUSIVE MODE")
        }
        _ = try await server.command("XADD", "rotations", "*", "a", "b")
        let source = "redis://127.0.0.1:\(server.port)/rotations"
        let run = try Self.start(events, source, options: ["--lock-budget=1"])
        try await eventually(within: .seconds(60), "it waited twice") { Self.count("EVENTS_KEPT", run) >= 2 }
        let pending = try await server.command("XPENDING", "rotations", "partition-cli", "-", "+", "9")
        #expect(pending.split(separator: "\n").last == "1", "\(pending)")
        other?.signal(SIGTERM)
        _ = await other?.result()
        await holder.close()
        try await eventually(within: .seconds(60), "the entry is answered") {
            try await server.command("XPENDING", "rotations", "partition-cli").hasPrefix("0")
        }
        #expect(try await server.command("EXISTS", "rotations:dead") == "0")
        #expect(try await events.partitions.count > 1)
        await Self.end(run)
        await server.stop()
    }

    @Test("tries an entry five times, and then moves it to the dead letters with why")
    func deadLetter() async throws {
        let events = try await EventsTable()
        let server = try await RedisServer.start()
        _ = try await server.command("XADD", "rotations", "*", "who", "somebody")
        let nowhere = "postgresql://u@127.0.0.1:1/x"
        let run = try Self.start(events, "redis://127.0.0.1:\(server.port)/0/rotations", url: nowhere)
        try await eventually(within: .seconds(180), "it is given up") { Self.count("EVENTS_GIVEN_UP", run) == 1 }
        #expect(Self.count("RUN_FAILED", run) == 5)
        #expect(try await server.command("XPENDING", "rotations", "partition-cli").hasPrefix("0"))
        let letters = try await server.command("XRANGE", "rotations:dead", "-", "+")
        for word in ["tries", "5", "exit status 69", "who", "somebody"] {
            #expect(letters.contains(word), "\(letters)")
        }
        await Self.end(run)
        await server.stop()
    }

    @Test(
        "a source that is none is refused, without what could be secret in it",
        arguments: [
            "", "mysql", "redis://s3cr3t-passw0rd", "redis://h:6379/", "http://s3cr3t-passw0rd/x",
            "redis://u:s3cr3t-passw0rd@/x",
        ]
    )
    func refused(_ source: String) async throws {
        let result = try await Tool.run(["rotate", "--db-url=postgresql://h/d", "--on-event=\(source)"])
        #expect(result.status == 64, "\(result.everything)")
        #expect(!result.everything.contains("passw0rd"), "\(result.everything)")
    }
}
