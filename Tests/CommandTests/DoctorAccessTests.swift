// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Testing
import TestSupport

@Suite("doctor, where it may not look or can't", .temporaryDatabase)
struct DoctorAccessTests {
    @Test("says with its GRANT what rotate may not do, and after the GRANT no more")
    func create() async throws {
        let events = try await EventsTable()
        let owner = try await events.makeOwner()
        _ = try await events.connection.query("REVOKE CREATE ON SCHEMA public FROM \(identifier: owner)")
        let url = EventsTable.url(of: events.database, user: owner)
        let hazard = try await Diagnosis.run(url).first("privilege")
        #expect(
            hazard["severity"] == "error" && hazard["message"]?.contains("create tables in the schema public") == true,
            "\(hazard)"
        )
        let grant = try #require(hazard["remedy"])
        _ = try await events.connection.query(Statement(trustedCatalogSQL: grant, "doctor's"))
        #expect(try await Diagnosis.run(url).hazards("privilege").isEmpty)
    }

    @Test("tells a role that owns nothing that it may look after nothing")
    func stranger() async throws {
        let events = try await EventsTable()
        let stranger = "stranger_\(events.database.name)"
        _ = try await events.connection.query("CREATE ROLE \(identifier: stranger) LOGIN")
        let found = try await Diagnosis.run(EventsTable.url(of: events.database, user: stranger))
        #expect(found.status == 1)
        let messages = found.hazards("privilege").compactMap { $0["message"] as? String }
        #expect(messages.contains { $0.contains("may look after no partitioned table") }, "\(found.everything)")
        _ = try await events.connection.query("DROP ROLE \(identifier: stranger)")
    }

    @Test("reports a look that fails, and all that the others find", arguments: [true, false])
    func oneLookFails(isPrivilege: Bool) async throws {
        let events = try await EventsTable()
        let owner = try await events.makeOwner()
        _ = try await events.connection.query("CREATE INDEX broken ON ONLY events (id)")
        let other = try await events.database.connect()
        if isPrivilege {
            _ = try await other.query("REVOKE EXECUTE ON FUNCTION pg_blocking_pids(int) FROM PUBLIC")
        } else {
            _ = try await other.query("CREATE TABLE rest PARTITION OF events DEFAULT")
            _ = try await other.query("BEGIN")
            _ = try await other.query("LOCK TABLE rest IN ACCESS EXCLUSIVE MODE")
        }
        let url = EventsTable.url(of: events.database, user: isPrivilege ? owner : "postgres")
        let found = try await Diagnosis.run(url, ["--registry-url=redis://127.0.0.1:1"])
        await other.close()
        #expect(found.status == 1)
        let unseen = found.hazards("not-examined")
        if isPrivilege {
            #expect(
                unseen.contains {
                    $0["object"] as? String == "who waits for whom" && $0["severity"] as? String == "note"
                }
            )
            #expect(
                !found.hazards("missing-index").isEmpty && !found.hazards("not-covered").isEmpty,
                "\(found.everything)"
            )
        } else {
            // The catalog is read without a lock on anybody's table: one that is locked hides nothing.
            #expect(!unseen.contains { $0["object"] as? String == "the catalog" }, "\(found.everything)")
            #expect(
                !found.hazards("missing-index").isEmpty && !found.hazards("not-covered").isEmpty,
                "\(found.everything)"
            )
        }
        // The registry that is away is one hazard among them.
        #expect(found.hazards("registry-unreachable").count == 1, "\(found.everything)")
    }

    @Test("says what a Redis loses over a restart and when it is full, and what its user may not ask")
    func redis() async throws {
        let events = try await EventsTable()
        var options = RedisServer.Options()
        options.settings = ["maxmemory 100mb", "maxmemory-policy allkeys-lru"]
        options.users = ["user blind on >pw ~* &* +@all -info -config"]
        let volatile = try await RedisServer.start(options)
        let url = "--registry-url=redis://127.0.0.1:\(volatile.port)"
        _ = try await Tool.run(["rotate", "--db-url=\(events.url)", url])
        let found = try await Diagnosis.run(events.url, [url])
        #expect(found.status == 1 && found.codes == ["redis-persistence", "redis-eviction"], "\(found.everything)")
        let blind = try await Diagnosis.run(events.url, ["--registry-url=redis://blind:pw@127.0.0.1:\(volatile.port)"])
        #expect(blind.status == 0, "\(blind.everything)")
        #expect(
            blind.hazards("not-examined").contains { ($0["remedy"] as? String)?.contains("+info +config|get") == true }
        )
        await volatile.stop()
        options = RedisServer.Options()
        options.isPersistent = true
        let lasting = try await RedisServer.start(options)
        let safe = "--registry-url=redis://127.0.0.1:\(lasting.port)"
        _ = try await Tool.run(["rotate", "--db-url=\(events.url)", safe])
        let nothing = try await Diagnosis.run(events.url, [safe])
        #expect(nothing.status == 0 && nothing.hazards("redis-persistence").isEmpty, "\(nothing.everything)")
        await lasting.stop()
    }

    /// Ends the session of a doctor that waits for a lock; false where there was none until the cancellation.
    private static func endsWaiter(_ connection: Connection) async throws -> Bool {
        while !Task.isCancelled {
            // Not by the holder: within a transaction the sessions are shown as they were at first.
            let ended = try await connection.query(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE application_name = 'partition-cli' AND datname = current_database() AND wait_event_type = 'Lock'
                """
            )
            if !ended.isEmpty { return true }
        }
        return false
    }

    @Test("a connection that ends midway is said, with what was found before and what the registry has")
    func connectionEnds() async throws {
        let events = try await EventsTable()
        let holder = try await events.database.connect()
        _ = try await holder.query("BEGIN")
        _ = try await holder.query("LOCK TABLE pg_publication IN ACCESS EXCLUSIVE MODE")
        try await eventually("the transaction is old enough") {
            try await holder.query("SELECT clock_timestamp() - now() > interval '1.1 s' AS old").first?.bool("old")
                ?? false
        }
        // It waits for half a second only: on a busy machine the one that is caught may not be the first.
        var caught: Diagnosis?
        for _ in 0..<20 where caught == nil {
            let watch = Task { try await Self.endsWaiter(events.connection) }
            let found = try await Diagnosis.run(
                events.url,
                ["--registry-url=redis://127.0.0.1:1", "--long-transaction=1"]
            )
            watch.cancel()
            if case .success(true) = await watch.result { caught = found }
        }
        let found = try #require(caught, "no doctor was caught waiting for the catalog")
        await holder.close()
        #expect(found.status == 1)
        let hazard = found.first("not-examined")
        #expect(
            hazard["severity"] == "error"
                && hazard["message"]?.hasPrefix("the connection ended while the catalog") == true,
            "\(found.everything)"
        )
        #expect(
            !found.hazards("long-transaction").isEmpty && found.hazards("registry-unreachable").count == 1,
            "\(found.everything)"
        )
    }
}
