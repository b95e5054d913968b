// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import Provisioning
import SeededRandom
import Testing
import TestSupport

@Suite("A run that is killed", .temporaryDatabase)
struct CrashTests {
    @Test(
        "at a pause point is made good by the next run: nothing left over, the registry equal to the catalog",
        arguments: PausePoint.allCases
    )
    func atPausePoint(point: PausePoint) async throws {
        try await kill(CrashTable(), at: point)
    }

    @Test("before or after it told Redis is made good there too", arguments: [PausePoint.verified, .published])
    func withRedis(point: PausePoint) async throws {
        let redis = try await RedisServer.start()
        try await kill(CrashTable(registry: "redis://127.0.0.1:\(redis.port)/0"), at: point)
        await redis.stop()
    }

    private func kill(_ table: CrashTable, at point: PausePoint) async throws {
        let run = try Tool.start(table.rotate, environment: ["PARTITION_CLI_PAUSE_AT": point.rawValue])
        try await eventually("the run is at \(point.rawValue)") { run.error.contains("paused at \(point.rawValue)") }
        run.signal(SIGKILL)
        #expect(await run.result().status == 128 + SIGKILL)
        try await table.expectNextRunConverges()
    }

    @Test(
        "at any moment is made good by the next run: nothing left over, the registry equal to the catalog",
        arguments: Seeds.upTo(20)
    )
    func atAnyMoment(seed: UInt64) async throws {
        let table = try await CrashTable()
        var random = SeededGenerator(seed: seed)
        // One that is let go says how long a run takes on this machine, with whatever else is going on there.
        let whole = try await table.startedRun()
        let clock = ContinuousClock.now
        #expect(await whole.result().status == 0)
        let length = ContinuousClock.now - clock
        var isHit = false
        for _ in 0..<10 where !isHit {
            try await table.makeAnew()
            let run = try await table.startedRun()
            try await Task.sleep(for: length * (Double(random.next() % 1000) / 1000))
            run.signal(SIGKILL)
            isHit = await run.result().status == 128 + SIGKILL
        }
        #expect(isHit, "no signal found a run at work")
        try await table.expectNextRunConverges()
    }

    @Test(
        "or stopped in the middle of anything, holds nobody up for a second, and finishes when it goes on",
        arguments: Seeds.upTo(5)
    )
    func stopped(seed: UInt64) async throws {
        let table = try await CrashTable()
        var random = SeededGenerator(seed: seed &* 7919)
        let bystanders = try await Passers(table)
        async let passing: Void = bystanders.go()
        let run = try await table.startedRun()
        var stops = 0
        while !run.hasEnded {
            try await Task.sleep(for: .milliseconds(Int(random.next() % 150)))
            run.signal(SIGSTOP)
            if run.isStopped { stops += 1 }
            let before = await bystanders.count
            try await eventually("everybody went by 50 times") {
                await bystanders.count >= before + 50 * bystanders.size
            }
            run.signal(SIGCONT)
        }
        await bystanders.stop()
        try await passing
        #expect(stops > 0)
        #expect(await run.result().status == 0)
        // Their lock_timeout is a second.
        #expect(await bystanders.errors == [])
        try await table.expectNextRunConverges()
    }

    @Test("or stopped while a change under a lock is under way, has it committed and the lock given back all the same")
    func stoppedInSwap() async throws {
        let table = try await CrashTable()
        try await table.makeAttachesWait()
        let connection = table.events.connection
        // With locks that may last longer there is time to look.
        let run = try Tool.start(table.rotate + ["--emergency-days=119"])
        var state = ""
        repeat {
            _ = try await connection.query("SELECT pg_advisory_lock(1)")
            run.signal(SIGCONT)
            try await eventually("a change waits in its transaction") { try await table.attachWaits }
            run.signal(SIGSTOP)
            try await eventually("the run is stopped") { run.isStopped }
            _ = try await connection.query("SELECT pg_advisory_unlock(1)")
            try await eventually("the server has done what it was told") {
                state = try await table.stateOfRun
                return state != "active"
            }
            // Its limit ended the statement before it got what it waited for: once more.
        } while state == "idle in transaction (aborted)"
        #expect(state == "idle")
        #expect(run.isStopped)
        #expect(try await table.events.partitions.count == 3)
        run.signal(SIGCONT)
        #expect(await run.result().status == 0)
        try await table.expectNextRunConverges()
    }
}

/// The pattern's table with a default partition too big to be scanned under a lock, and an index that one partition lacks.
private struct CrashTable {
    let events: EventsTable
    let registry: String

    init(registry: String = "self") async throws {
        self.registry = registry
        events = try await EventsTable()
        for statement in Self.statements { _ = try await events.connection.query(statement) }
    }

    /// As if no run had ever been here.
    func makeAnew() async throws {
        let before: [Statement] = ["DROP TABLE events", "DROP SCHEMA IF EXISTS partition_registry CASCADE"]
        for statement in before + EventsTable.statements + Self.statements {
            _ = try await events.connection.query(statement)
        }
    }

    /// A run that has got as far as its session, or is over already.
    func startedRun() async throws -> Running {
        let run = try Tool.start(rotate)
        try await eventually("the run has a session, or is over") {
            try await sessionsOfRun > 0 || run.hasEnded
        }
        return run
    }

    /// From here on what attaches a partition waits, in its transaction and under its locks, for the advisory lock 1.
    func makeAttachesWait() async throws {
        for statement: Statement in [
            """
            CREATE FUNCTION dawdle() RETURNS event_trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity = 'public.events') THEN
                    PERFORM pg_advisory_xact_lock(1);
                END IF;
            END $$
            """,
            "CREATE EVENT TRIGGER dawdle ON ddl_command_end WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION dawdle()",
        ] { _ = try await events.connection.query(statement) }
    }

    var attachWaits: Bool {
        get async throws {
            try await events.connection.query(
                "SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 1 AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            ).count == 1
        }
    }

    /// Of the session in which a run makes its changes, as `pg_stat_activity` has it; empty without one.
    var stateOfRun: String {
        get async throws {
            try await events.connection.query(
                """
                SELECT state FROM pg_stat_activity
                 WHERE datname = current_database() AND application_name = 'partition-cli' ORDER BY backend_start LIMIT 1
                """
            ).first?.string("state") ?? ""
        }
    }

    private static let statements: [Statement] = [
        "CREATE TABLE events_default PARTITION OF events DEFAULT",
        "ALTER TABLE events ADD COLUMN payload text",
        "INSERT INTO events_default SELECT n, '2001-01-01Z', repeat('x', 1000) FROM generate_series(1, 12000) n",
        "CREATE INDEX events_id ON ONLY events (id)",
    ]

    var rotate: [String] {
        ["rotate", "--db-url=\(events.url)", "--registry-url=\(registry)", "--buffer-days=120"]
    }

    var sessionsOfRun: Int {
        get async throws {
            try await events.connection.query(
                "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'partition-cli'"
            ).count
        }
    }

    func expectNextRunConverges() async throws {
        // The server may not have noticed yet that the client is gone, and finish its statement.
        try await eventually("the killed run's session is gone") { try await sessionsOfRun == 0 }
        let next = try await Tool.run(rotate)
        #expect(next.status == 0, "\(next.everything)")
        let plan = try await Tool.run(["plan", "--db-url=\(events.url)", "--buffer-days=120", "--detailed-exitcode"])
        #expect(plan.status == 0, "\(plan.everything)")
        let verified = try await Tool.run(
            ["verify", "--db-url=\(events.url)", "--registry-url=\(registry)", "--buffer-days=120"]
        )
        #expect(verified.status == 0, "\(verified.everything)")
        let left = try await events.connection.query(
            """
            SELECT conname::text AS name FROM pg_constraint WHERE conname LIKE 'partition_cli%'
            UNION ALL
            SELECT c.relname FROM pg_class c JOIN pg_description d ON d.objoid = c.oid AND d.objsubid = 0
             WHERE d.description LIKE '%{"partition-cli"%' AND (NOT c.relispartition OR d.description LIKE '%isUnattached%')
            UNION ALL
            SELECT x.indexrelid::regclass::text FROM pg_index x WHERE NOT x.indisvalid
            """
        ).map { try $0.string("name") }
        #expect(left == [])
        let months = try await events.connection.months(ahead: 120)
        #expect(try await events.partitions == months.map { "events_\($0)" } + ["events_default"])
    }
}

/// Sessions that write and read beside a run, each not willing to wait longer than a second for a lock.
private actor Passers {
    private(set) var count = 0
    private(set) var errors: [String] = []
    private var isStopped = false
    private let sessions: [(Connection, Statement)]

    var size: Int { sessions.count }

    init(_ table: CrashTable) async throws {
        let statements: [Statement] = [
            "INSERT INTO events (id, event_ts) SELECT nextval('passers'), now()",
            "INSERT INTO events (id, event_ts) SELECT nextval('passers'), '2002-02-02Z'",
            "SELECT FROM events WHERE event_ts = now()",
            "SELECT FROM events_default LIMIT 1",
        ]
        _ = try await table.events.connection.query("CREATE SEQUENCE passers START 1000000")
        var sessions: [(Connection, Statement)] = []
        for statement in statements {
            let session = try await table.events.database.connect(applicationName: "passer")
            _ = try await session.query("SET lock_timeout = '1s'")
            sessions.append((session, statement))
        }
        self.sessions = sessions
    }

    func go() async throws {
        await withTaskGroup(of: Void.self) { group in
            for (session, statement) in sessions {
                group.addTask {
                    while await !self.isStopped {
                        do {
                            _ = try await session.query(statement)
                        } catch {
                            await self.note("\(error)")
                        }
                        await self.passed()
                        try? await Task.sleep(for: .milliseconds(3))
                    }
                    await session.close()
                }
            }
        }
    }

    func stop() { isStopped = true }
    private func passed() { count += 1 }
    private func note(_ error: String) { errors.append(error) }
}

extension Running {
    /// A signal has stopped it, and it does nothing until the next.
    fileprivate var isStopped: Bool {
        let status = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
        return status.contains(") T ")
    }

    /// A process that was reaped, or waits to be, can't be told anything any more.
    fileprivate var hasEnded: Bool {
        guard kill(pid, 0) == 0 else { return true }
        let status = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
        return status.contains(") Z ") || status.isEmpty
    }
}
