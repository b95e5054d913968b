// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import Testing
import TestSupport

@Suite("rotate", .temporaryDatabase)
struct RotateTests {
    @Test("a second run at once exits 76 and does nothing")
    func twoAtOnce() async throws {
        let events = try await EventsTable()
        let first = try Tool.start(
            ["rotate", "--db-url=\(events.url)", "--registry-url=none"],
            environment: ["PARTITION_CLI_PAUSE_AT": "observed"]
        )
        try await eventually("the first run has its plan") { first.error.contains("paused at observed") }
        let before = try await events.fingerprint
        let second = try await Tool.run(["rotate", "--db-url=\(events.url)", "--registry-url=none"])
        #expect(second.status == 76, "\(second.everything)")
        #expect(second.output.contains("another run is at work"))
        #expect(try await events.fingerprint == before)
        first.signal(SIGTERM)
        #expect(await first.result().status == 143)
    }

    @Test("one table that fails doesn't stop the others, and its SQLSTATE is told")
    func oneOfSeveral() async throws {
        let events = try await EventsTable()
        for statement: Statement in [
            "CREATE ROLE \(identifier: events.database.name) LOGIN",
            "CREATE SCHEMA closed",
            "CREATE TABLE closed.logs (LIKE events) PARTITION BY RANGE (event_ts)",
            """
            DO $$
            DECLARE
                first timestamptz := date_trunc('month', now());
            BEGIN
                EXECUTE format('CREATE TABLE closed.logs_first PARTITION OF closed.logs FOR VALUES FROM (%L) TO (%L)',
                               first, first + interval '1 month');
            END $$
            """,
            "ALTER TABLE closed.logs OWNER TO \(identifier: events.database.name)",
            "ALTER TABLE closed.logs_first OWNER TO \(identifier: events.database.name)",
            "ALTER TABLE events OWNER TO \(identifier: events.database.name)",
            "GRANT CREATE ON SCHEMA public TO \(identifier: events.database.name)",
            "GRANT USAGE ON SCHEMA closed TO \(identifier: events.database.name)",
        ] { _ = try await events.connection.query(statement) }
        for name in try await events.partitions {
            _ = try await events.connection.query(
                "ALTER TABLE \(identifier: name) OWNER TO \(identifier: events.database.name)"
            )
        }
        let url = EventsTable.url(of: events.database, user: events.database.name)
        let result = try await Tool.run(
            ["rotate", "--db-url=\(url)", "--registry-url=none", "--buffer-days=400", "--output=json"]
        )
        // Dropped before the role, which belongs to the whole cluster.
        for statement: Statement in [
            "DROP TABLE events, closed.logs", "DROP OWNED BY \(identifier: events.database.name)",
            "DROP ROLE \(identifier: events.database.name)",
        ] { _ = try await events.connection.query(statement) }
        #expect(result.status == 77, "\(result.everything)")
        let tables = try #require(result.json["tables"] as? [[String: Any]])
        let outcomes = Dictionary(
            uniqueKeysWithValues: tables.map { table in
                ((table["table"] as? [String: Any])?["qualified"] as? String ?? "", table)
            }
        )
        #expect(outcomes["public.events"]?["outcome"] as? String == "converged")
        #expect(outcomes["closed.logs"]?["outcome"] as? String == "failed")
        #expect(outcomes["closed.logs"]?["sqlState"] as? String == "42501")
    }

    @Test(
        "without a registry URL the map goes where the registry's schema is, and nowhere where it isn't, which is said"
    )
    func implicitRegistry() async throws {
        let events = try await EventsTable()
        let nowhere = try await Tool.run(["rotate", "--db-url=\(events.url)"])
        #expect(nowhere.status == 0, "\(nowhere.everything)")
        #expect(nowhere.error.contains("published nowhere"))
        #expect(nowhere.error.contains("--registry-url=self"))
        _ = try await Tool.run(["rotate", "--db-url=\(events.url)", "--registry-url=self"])
        let version = try #require(await events.publishedVersion)
        let implicit = try await Tool.run(["rotate", "--db-url=\(events.url)", "--buffer-days=150"])
        #expect(implicit.status == 0, "\(implicit.everything)")
        #expect(!implicit.error.contains("nowhere"))
        #expect(try #require(await events.publishedVersion) > version)
    }
}
