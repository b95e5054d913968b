// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Testing
import TestSupport

@Suite("verify", .temporaryDatabase)
struct VerifyTests {
    @Test("finds nothing after a run, and changes nothing")
    func clean() async throws {
        let events = try await EventsTable()
        _ = try await Tool.run(["rotate", "--db-url=\(events.url)", "--registry-url=self"])
        let before = try await events.fingerprint
        let result = try await Tool.run(["verify", "--db-url=\(events.url)", "--registry-url=self"])
        #expect(result.status == 0, "\(result.everything)")
        #expect(result.output.contains("nothing found: 1 table checked"))
        #expect(try await events.fingerprint == before)
        let quiet = try await Tool.run(["verify", "--quiet", "--db-url=\(events.url)", "--registry-url=self"])
        #expect(quiet.everything.isEmpty)
    }

    /// What is broken, and the finding's code.
    @Test(
        "finds what other hands broke, and exits 1",
        arguments: [
            ("DROP TABLE %", "not-covered"), ("ALTER TABLE events DETACH PARTITION %", "registry-drift"),
            ("CREATE INDEX broken ON ONLY events (id)", "missing-index"),
            ("ALTER TABLE % SET (fillfactor = 50)", "property-drift"),
            ("ALTER TABLE % ADD CONSTRAINT closed CHECK (false) NO INHERIT", "property-drift"),
            ("CREATE UNIQUE INDEX ON % (event_ts)", "property-drift"),
            ("CREATE RULE nothing AS ON INSERT TO % DO INSTEAD NOTHING", "property-drift"),
            (
                "CREATE TRIGGER t BEFORE UPDATE ON % FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
                "property-drift"
            ),
            ("UPDATE partition_registry.map SET version = version + 1, checksum = repeat('0', 64)", "registry-drift"),
            ("DELETE FROM partition_registry.map", "registry-drift"),
        ]
    )
    func broken(sql: String, code: String) async throws {
        let events = try await EventsTable()
        _ = try await Tool.run(["rotate", "--db-url=\(events.url)", "--registry-url=self"])
        let name = try #require(await events.partitions.last)
        let statement = Statement(trustedCatalogSQL: sql.replacing("%", with: name), "the test's own")
        _ = try await events.connection.query(statement)
        let result = try await Tool.run(
            ["verify", "--output=json", "--db-url=\(events.url)", "--registry-url=self"]
        )
        #expect(result.status == 1, "\(result.everything)")
        let findings = try #require(result.json["findings"] as? [[String: Any]])
        #expect(findings.contains { $0["code"] as? String == code }, "\(result.output)")
    }
}
