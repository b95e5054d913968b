// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import Testing
import TestSupport

@Suite("A run that gets a signal", .temporaryDatabase)
struct InterruptionTests {
    @Test(
        "publishes what was committed, says so, and exits with 128 + the signal",
        arguments: [(SIGTERM, Int32(143)), (SIGINT, Int32(130))]
    )
    func signalled(signal: Int32, status: Int32) async throws {
        let events = try await EventsTable()
        let run = try Tool.start(
            ["rotate", "--db-url=\(events.url)", "--registry-url=self", "--buffer-days=200", "--output=json"],
            environment: ["PARTITION_CLI_PAUSE_AT": "attached"]
        )
        try await eventually("the first partition is attached") { run.error.contains("paused at attached") }
        run.signal(signal)
        let result = await run.result()
        #expect(result.status == status, "\(result.everything)")
        let json = try result.json
        #expect(json["condition"] as? String == "interrupted")
        #expect(json["exitStatus"] as? Int == Int(status))
        #expect(try await events.partitions.count == 2)
        #expect(try await events.publishedVersion != nil)

        let next = try await Tool.run(
            ["rotate", "--db-url=\(events.url)", "--registry-url=self", "--buffer-days=200"]
        )
        #expect(next.status == 0, "\(next.everything)")
        let verified = try await Tool.run(
            ["verify", "--db-url=\(events.url)", "--registry-url=self", "--buffer-days=200"]
        )
        #expect(verified.status == 0, "\(verified.everything)")
    }

    @Test("ends at once at the second signal", .timeLimit(.minutes(2)))
    func twice() async throws {
        let events = try await EventsTable()
        // At this point nothing listens to a cancellation: the changes are made, and are being told.
        let run = try Tool.start(
            ["rotate", "--db-url=\(events.url)", "--registry-url=self", "--log-level=info"],
            environment: ["PARTITION_CLI_PAUSE_AT": "verified"]
        )
        try await eventually("the run pauses") { run.error.contains("paused at verified") }
        run.signal(SIGTERM)
        // Two that are pending at once are one.
        try await eventually("the first is heeded") { run.error.contains("signal=SIGTERM") }
        run.signal(SIGTERM)
        #expect(await run.result().status == 143)
    }

    @Test("cancels its statement on the server while that waits for a lock, and publishes what was committed")
    func whileWaiting() async throws {
        let events = try await EventsTable()
        try await events.addEarlierTable()
        // As VACUUM, ANALYZE and CREATE INDEX CONCURRENTLY do.
        _ = try await events.connection.query("BEGIN")
        _ = try await events.connection.query("LOCK TABLE events IN SHARE UPDATE EXCLUSIVE MODE")
        let observer = try await events.database.connect()
        let run = try Tool.start(["rotate", "--db-url=\(events.url)", "--registry-url=self", "--output=json"])
        try await eventually("a statement of the run waits for the lock") {
            try await observer.sessionsOfRuns(waitingFor: "Lock") == 1
        }
        run.signal(SIGTERM)
        let result = await run.result()
        #expect(result.status == 143, "\(result.everything)")
        // The lock is still held: a session that nobody cancelled would wait on.
        try await eventually(within: .seconds(4), "no session of the run is left") {
            try await observer.sessionsOfRuns() == 0
        }
        _ = try await events.connection.query("ROLLBACK")
        #expect(try await events.partitions.count == 1)
        #expect(try await observer.publishedPartitions(of: "arrivals") == observer.partitions(of: "arrivals"))
        #expect(try await observer.partitions(of: "arrivals").count > 1)
    }

    @Test(
        "cancels its statement on the server while that runs, and publishes what was committed",
        arguments: [(SIGTERM, Int32(143)), (SIGINT, Int32(130))]
    )
    func whileRunning(signal: Int32, status: Int32) async throws {
        let events = try await EventsTable()
        // The first partition is created and attached as usual; the creation of the second takes its time.
        for statement in Self.slowSecondPartition { _ = try await events.connection.query(statement) }
        let run = try Tool.start(
            ["rotate", "--db-url=\(events.url)", "--registry-url=self", "--buffer-days=200", "--output=json"]
        )
        try await eventually("a statement of the run sleeps") {
            try await events.connection.sessionsOfRuns(waitingFor: "Timeout") == 1
        }
        run.signal(signal)
        let result = await run.result()
        #expect(result.status == status, "\(result.everything)")
        #expect(try result.json["condition"] as? String == "interrupted")
        // A server whose client is gone would only notice after the statement.
        try await eventually(within: .seconds(4), "no session of the run is left") {
            try await events.connection.sessionsOfRuns() == 0
        }
        let partitions = try await events.partitions
        #expect(partitions.count == 3)
        #expect(try await events.connection.publishedPartitions(of: "events") == partitions)
    }

    private static let slowSecondPartition: [Statement] = [
        // Beside a default partition each table is attached before the next is built.
        "CREATE TABLE events_default PARTITION OF events DEFAULT",
        """
        CREATE FUNCTION dawdle() RETURNS event_trigger LANGUAGE plpgsql AS $$
        BEGIN
            -- Of the table's own, since publishing creates tables too. A run's search path is empty.
            IF (SELECT count(*) FROM pg_inherits WHERE inhparent = 'public.events'::regclass) = 3
               AND EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE object_identity LIKE 'public.events%') THEN
                PERFORM pg_sleep(600);
            END IF;
        END $$
        """,
        "CREATE EVENT TRIGGER dawdle ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION dawdle()",
    ]
}

extension EventsTable {
    /// One that a run comes to before `events`.
    fileprivate func addEarlierTable() async throws {
        for statement: Statement in [
            "CREATE TABLE arrivals (LIKE events) PARTITION BY RANGE (event_ts)",
            """
            DO $$
            DECLARE
                first timestamptz := date_trunc('month', now());
            BEGIN
                EXECUTE format('CREATE TABLE arrivals_first PARTITION OF arrivals FOR VALUES FROM (%L) TO (%L)',
                               first, first + interval '1 month');
            END $$
            """,
        ] { _ = try await connection.query(statement) }
    }
}

extension Connection {
    /// How many sessions of runs there are in the database.
    ///
    /// - Parameter kind: of them those only that wait for this kind of event.
    fileprivate func sessionsOfRuns(waitingFor kind: String? = nil) async throws -> Int {
        try await query(
            """
            SELECT FROM pg_stat_activity
             WHERE datname = current_database() AND application_name LIKE 'partition-cli%'
               AND (\(bind: kind)::text IS NULL OR state = 'active' AND wait_event_type = \(bind: kind))
            """
        ).count
    }

    fileprivate func partitions(of table: String) async throws -> [String] {
        try await query(
            """
            SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
             WHERE i.inhparent = \(bind: table)::regclass ORDER BY c.relname
            """
        ).map { try $0.string("name") }
    }

    /// The partitions in the map of the database's own registry.
    fileprivate func publishedPartitions(of table: String) async throws -> [String] {
        try await query(
            """
            SELECT p ->> 'name' AS name
              FROM partition_registry.map, jsonb_array_elements(convert_from(document, 'UTF8')::jsonb -> 'partitions') p
             WHERE entity = \(bind: table) ORDER BY 1
            """
        ).map { try $0.string("name") }
    }
}
