// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import PartitionMap
import PartitionRouter
import Partitioning
import Provisioning
import Testing
import TestSupport

@Suite("A run with a window", .temporaryDatabase)
struct GuardsWindowTests {
    /// Guards whose window is open, or closed for at least an hour more, on the server's clock in a zone.
    private func guards(
        isOpen: Bool,
        zone: String = "UTC",
        emergencyDays: Double = 0,
        _ fixture: Fixture
    ) async throws -> RunGuards {
        let rows = try await fixture.connection.query(
            "SELECT extract(hour FROM clock_timestamp() AT TIME ZONE \(bind: zone))::int AS hour"
        )
        let hour = try #require(rows.first).int("hour")
        let start = isOpen ? hour : (hour + 2) % 24
        let window = try #require(DailyWindow(start: start * 60, end: (start + 2) % 24 * 60))
        return RunGuards(
            defaults: TableGuards(window: window, windowTimeZone: zone, emergencyDays: emergencyDays)
        )
    }

    private func run(
        _ guards: RunGuards,
        _ fixture: Fixture,
        registry: (any Registry)? = nil
    ) async throws -> TableReport {
        var provisioner = try fixture.provisioner(registry: registry)
        provisioner.guards = guards
        return try #require(try await provisioner.rotate().table("ledger"))
    }

    @Test("outside of it changes nothing, says when it opens next, and publishes all the same")
    func outside() async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger()
        try await fixture.run(["CREATE INDEX i ON ONLY ledger (note)"])
        let registry = MemoryRegistry()
        let table = try await run(guards(isOpen: false, fixture), fixture, registry: registry)
        guard case .deferred(let reason) = table.outcome else {
            Issue.record("\(table.outcome)")
            return
        }
        #expect(reason.hasPrefix("outside the window ") && reason.contains("UTC; it opens next at 2"), "\(reason)")
        #expect(table.steps.allSatisfy { if case .deferred = $0.result { true } else { false } })
        #expect(try await fixture.children(of: "ledger").count == 1)
        let attached = try await fixture.strings("SELECT 1::text AS v FROM pg_inherits WHERE inhparent = 'i'::regclass")
        #expect(attached == [])
        #expect(try await registry.load(PublisherTests.ledger)?.document.entries.count == 1)
        guard case .deferredByWindow(let next?)? = table.guardEvents.first?.action else {
            Issue.record("\(table.guardEvents)")
            return
        }
        #expect(next.microseconds.isMultiple(of: 3_600_000_000))
    }

    @Test("inside of it works, by the clocks of the zone that it names", arguments: ["UTC", "Asia/Kathmandu"])
    func inside(zone: String) async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger()
        let table = try await run(guards(isOpen: true, zone: zone, fixture), fixture)
        #expect(table.outcome == .converged)
        #expect(table.guardEvents == [])
        // Nothing to do: whatever the clock shows.
        #expect(try await run(guards(isOpen: false, zone: zone, fixture), fixture).outcome == .converged)
    }

    @Test("creates partitions at any time in an emergency, loudly; an index can wait")
    func emergency() async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger()
        try await fixture.run(["CREATE INDEX i ON ONLY ledger (note)"])
        let table = try await run(guards(isOpen: false, emergencyDays: 40, fixture), fixture)
        #expect(try await fixture.children(of: "ledger").count > 1)
        let finding = try #require(table.findings.first { $0.code == .windowWaived })
        #expect(finding.severity == .warning)
        #expect(finding.message.contains("outside the window"))
        #expect(table.guardEvents.first?.isWaiver == true)
        guard case .deferred = table.outcome else {
            Issue.record("\(table.outcome)")
            return
        }
        #expect(try await run(guards(isOpen: true, fixture), fixture).outcome == .converged)
    }

    @Test("is one table's own where its guards say so")
    func ownGuards() async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger()
        var guards = try await guards(isOpen: false, fixture)
        guards.tables[RelationName(schema: "public", name: "ledger")] = TableGuards()
        #expect(try await run(guards, fixture).outcome == .converged)
    }

    @Test("in a zone that the server doesn't know does nothing")
    func unknownZone() async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger()
        var guards = RunGuards()
        guards.defaults.window = DailyWindow(start: 0, end: 1)
        guards.defaults.windowTimeZone = "Mars/Base"
        await #expect(throws: UnknownTimeZone.self) { try await run(guards, fixture) }
    }

    @Test(
        "of a table's own in a zone that the server doesn't know stays closed, and no other table's does; an emergency is one"
    )
    func ownUnknownZone() async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger()
        try await fixture.makeEvents()
        var guards = RunGuards()
        let ledger = RelationName(schema: "public", name: "ledger")
        let window = try #require(DailyWindow(start: 0, end: 1439))
        guards.tables[ledger] = TableGuards(window: window, windowTimeZone: "Mars/Base", emergencyDays: 0)
        var provisioner = try fixture.provisioner()
        provisioner.guards = guards
        let report = try await provisioner.rotate()
        guard case .deferred(let reason)? = report.table("ledger")?.outcome else {
            Issue.record("\(report)")
            return
        }
        #expect(reason.contains("knows no time zone \"Mars/Base\""), "\(reason)")
        #expect(try await fixture.children(of: "ledger").count == 1)
        #expect(report.table("events")?.outcome == .converged, "\(report)")

        guards.tables[ledger]?.emergencyDays = 40
        let table = try await run(guards, fixture)
        #expect(table.outcome == .converged, "\(table)")
        #expect(table.findings.contains { $0.code == .windowWaived && $0.message.contains("Mars/Base") })
    }

    @Test("completes at any time a detach that was interrupted, which refuses rows")
    func pendingDetach() async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger()
        #expect(try await fixture.rotate().table("ledger")?.outcome == .converged)
        let partition = try #require(
            try await fixture.children(of: "ledger").map(\.name).filter { $0 != "ledger_first" }.max()
        )
        let reader = try await fixture.database.connect()
        _ = try await reader.script(["BEGIN", "SELECT FROM ledger LIMIT 1"])
        try await fixture.execute("SET lock_timeout = '100ms'")
        await #expect(throws: PostgresError.self) {
            try await fixture.execute("ALTER TABLE ledger DETACH PARTITION \(identifier: partition) CONCURRENTLY")
        }
        _ = try await reader.query("COMMIT")
        let pending: Statement = "SELECT 1::text AS v FROM pg_inherits WHERE inhdetachpending"
        #expect(try await fixture.strings(pending) == ["1"])
        let before = try await fixture.children(of: "ledger").count
        let table = try await run(guards(isOpen: false, fixture), fixture)
        #expect(try await fixture.strings(pending) == [], "\(table)")
        // And nothing more than that.
        #expect(try await fixture.children(of: "ledger").count == before - 1)
    }

    @Test("clears at any time what refuses rows")
    func refusingRows() async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger()
        try await fixture.run([
            "CREATE TABLE ledger_default PARTITION OF ledger DEFAULT",
            "ALTER TABLE ledger_default ADD CONSTRAINT partition_cli_ahead_0 CHECK (at < '2000-01-01')",
        ])
        let found = try await fixture.observe().plan.steps.contains {
            if case .dropLeftoverCheck = $0.action { true } else { false }
        }
        #expect(found)
        let table = try await run(guards(isOpen: false, fixture), fixture)
        let left = try await fixture.strings(
            "SELECT conname::text AS v FROM pg_constraint WHERE conname LIKE 'partition_cli%'"
        )
        #expect(left == [], "\(table)")
    }
}
