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

    @Test("ends at once at the second signal")
    func twice() async throws {
        let events = try await EventsTable()
        // At this point nothing listens to a cancellation: the changes are made, and are being told.
        let run = try Tool.start(
            ["rotate", "--db-url=\(events.url)", "--registry-url=self"],
            environment: ["PARTITION_CLI_PAUSE_AT": "verified"]
        )
        try await eventually("the run pauses") { run.error.contains("paused at verified") }
        run.signal(SIGTERM)
        try await Task.sleep(for: .milliseconds(300))
        run.signal(SIGTERM)
        #expect(await run.result().status == 143)
    }

    @Test("can be interrupted while it waits for a lock")
    func whileWaiting() async throws {
        let events = try await EventsTable()
        _ = try await events.connection.query("BEGIN")
        _ = try await events.connection.query("LOCK TABLE events IN SHARE UPDATE EXCLUSIVE MODE")
        let run = try Tool.start(["rotate", "--db-url=\(events.url)", "--registry-url=none"])
        let observer = try await events.database.connect()
        try await eventually("the run is at work") {
            try await !observer.query(
                "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'partition-cli'"
            ).isEmpty
        }
        run.signal(SIGINT)
        #expect(await run.result().status == 130)
        _ = try await events.connection.query("ROLLBACK")
        #expect(try await events.partitions.count == 1)
    }
}
