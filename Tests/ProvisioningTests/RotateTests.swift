// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import PartitionMap
import PartitionRouter
import Partitioning
import Provisioning
import Testing
import TestSupport

@Suite("A run", .temporaryDatabase)
struct RotateTests {
    @Test("creates what the buffer needs, publishes it, and finds nothing to do the second time")
    func converges() async throws {
        let fixture = try await Fixture()
        try await fixture.makeEvents()
        let registry = MemoryRegistry()
        let first = try await fixture.rotate(registry: registry)
        let events = try #require(first.table("events"))
        #expect(events.outcome == .converged, "\(events)")
        let after = try await fixture.partitions(of: "events")
        let names = after.map { String($0.prefix { $0 != " " }) }
        #expect(try await names == fixture.connection.months().map { "events_\($0)" })
        let map = try #require(try await registry.load(EntityName(schema: "public", table: "events")))
        #expect(map.document.entries.count == after.count)

        let second = try await fixture.rotate(registry: registry)
        #expect(second.table("events")?.steps == [])
        #expect(try await fixture.partitions(of: "events") == after)
        #expect(second.publications?.values.allSatisfy { $0 == .unchanged(version: map.header.version) } == true)
    }

    @Test("that takes no more steps than it may is deferred, not failed, as long as rows of now have a partition")
    func stepCap() async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger()
        let settings = PlanSettings(bufferDays: 120, stepsPerTable: 1)
        var outcomes: [TableReport.Outcome] = []
        for _ in 0..<6 where outcomes.last != .converged {
            outcomes.append(try #require(try await fixture.rotate(settings: settings).table("ledger")?.outcome))
        }
        #expect(outcomes.last == .converged && outcomes.count > 2, "\(outcomes)")
        for outcome in outcomes.dropLast() {
            guard case .deferred(let reason) = outcome, reason.contains("next run") else {
                Issue.record("\(outcome)")
                continue
            }
        }
    }

    @Test("makes partitions of a table as wide as PostgreSQL allows, with privileges on each column")
    func wide() async throws {
        let fixture = try await Fixture()
        try await fixture.makeRole()
        let columns = (1...1500).map { "\"col \($0)\" int" }.joined(separator: ", ")
        let names = (1...1500).map { "\"col \($0)\"" }.joined(separator: ", ")
        try await fixture.run([
            "CREATE TABLE wide (at date NOT NULL, \(columns)) PARTITION BY RANGE (at)",
            "GRANT SELECT (\(names)) ON wide TO %role%",
        ])
        try await fixture.makeMonth("wide_first", of: "wide", monthsAhead: 0)
        let report = try await fixture.rotate(settings: PlanSettings(bufferDays: 20))
        #expect(report.table("wide")?.outcome == .converged, "\(report.tables.map(\.outcome))")
        #expect(try await fixture.drift(in: "wide") == [])
    }

    @Test("says once which setting makes a database read-only, and how to take it back; it changes nothing")
    func readOnly() async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger()
        try await fixture.run(["ALTER DATABASE %database% SET default_transaction_read_only = on"])
        let registry = MemoryRegistry()
        let failure = await #expect(throws: Failure.self) { _ = try await fixture.rotate(registry: registry) }
        #expect(failure?.message.contains("default_transaction_read_only is on") == true)
        #expect(failure?.sqlState == "25006")
        let statement = "ALTER DATABASE \"\(fixture.database.name)\" RESET default_transaction_read_only"
        #expect(failure?.remedy?.contains(statement) == true, "\(String(describing: failure))")
        #expect(await registry.entities().isEmpty)
        #expect(try await !fixture.observe().plan.steps.isEmpty)
    }
}
