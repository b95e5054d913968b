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

    @Test("finds rows in the default partition that keep their own from being made, and plan doesn't promise it")
    func rowsInDefault() async throws {
        let events = try await EventsTable()
        _ = try await events.connection.query("CREATE TABLE rest PARTITION OF events DEFAULT")
        _ = try await events.connection.query(
            "INSERT INTO events VALUES (1, date_trunc('month', now()) + interval '40 days')"
        )
        let result = try await Tool.run(["verify", "--output=json", "--db-url=\(events.url)", "--registry-url=none"])
        #expect(result.status == 1, "\(result.everything)")
        let findings = try #require(result.json["findings"] as? [[String: Any]])
        #expect(findings.contains { $0["code"] as? String == "rows-in-default" }, "\(result.output)")
        #expect(!result.output.contains("rotate creates it"), "\(result.output)")
        let plan = try await Tool.run(["plan", "--db-url=\(events.url)", "--registry-url=none"])
        #expect(plan.status == 1, "\(plan.everything)")
        #expect(plan.output.contains("the default partition public.rest holds rows"), "\(plan.everything)")
    }

    @Test("and rotate don't keep quiet about a table of others that runs out, nor call it well where nothing is theirs")
    func othersTable() async throws {
        let events = try await EventsTable()
        let role = "watcher_" + events.database.name
        _ = try await events.connection.query("CREATE ROLE \(identifier: role) LOGIN")
        let url = EventsTable.url(of: events.database, user: role)
        let verify = try await Tool.run(["verify", "--quiet", "--db-url=\(url)", "--registry-url=none"])
        #expect(verify.status == 77, "\(verify.everything)")
        #expect(verify.output.contains("error: public.events is left alone"), "\(verify.everything)")
        #expect(verify.output.contains("its last partition ends at"))
        let short = ["--buffer-days=1", "--db-url=\(url)", "--registry-url=none"]
        _ = try await Tool.run(["rotate", "--buffer-days=90", "--db-url=\(events.url)", "--registry-url=none"])
        let idle = try await Tool.run(["verify"] + short)
        #expect(idle.status == 77, "\(idle.everything)")
        #expect(idle.output.contains("has the rights of no table's owner") || idle.output.contains("error:"))
        // A table of its own is well; the other one runs out.
        _ = try await events.connection.query(
            "CREATE TABLE own (id bigint NOT NULL, event_ts timestamptz NOT NULL) PARTITION BY RANGE (event_ts)"
        )
        _ = try await events.connection.query("DROP TABLE events")
        _ = try await events.connection.query(
            """
            DO $$ BEGIN
              EXECUTE format('CREATE TABLE own_first PARTITION OF own FOR VALUES FROM (%L) TO (%L)',
                date_trunc('day', now()), date_trunc('day', now()) + interval '1 day');
            END $$
            """
        )
        _ = try await events.connection.query("CREATE TABLE odd (at timestamptz NOT NULL) PARTITION BY RANGE (at)")
        _ = try await events.connection.query(
            """
            DO $$ BEGIN
              EXECUTE format('CREATE TABLE odd_first PARTITION OF odd FOR VALUES FROM (%L) TO (%L)',
                date_trunc('day', now()) - interval '1 day' + interval '7 minutes',
                date_trunc('day', now()) + interval '4 days 11 minutes');
            END $$
            """
        )
        let rotate = try await Tool.run(["rotate", "--quiet", "--db-url=\(events.url)", "--registry-url=none"])
        #expect(rotate.status == 0, "\(rotate.everything)")
        #expect(rotate.output.contains("public.odd") && rotate.output.contains("its last partition ends at"))
        _ = try await events.connection.query("DROP ROLE \(identifier: role)")
    }
}
