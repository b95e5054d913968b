// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning
import Provisioning
import Testing
import TestSupport

@Suite("What an interrupted run left", .temporaryDatabase)
struct CrashResidueTests {
    @Test("a table built and not attached is attached by the next run, where its range still needs one")
    func adopted() async throws {
        let fixture = try await Fixture()
        try await fixture.makeEvents()
        let name = try await fixture.leaveTable(
            named: #"to_char(now() AT TIME ZONE 'UTC' + interval '1 month', '"events_"YYYY_MM')"#
        )
        let oid = try await fixture.oid(of: name)
        #expect(try await fixture.rotate().table("events")?.outcome == .converged)
        #expect(try await fixture.partitions(of: "events").contains { $0.hasPrefix(name) })
        #expect(try await fixture.oid(of: name) == oid)
        try await fixture.expectNothingLeft()
    }

    @Test("a table built and not attached is removed where its range was covered by other hands")
    func removed() async throws {
        let fixture = try await Fixture()
        try await fixture.makeEvents()
        let name = try await fixture.leaveTable(named: "'events_1999_01'")
        let plan = try await fixture.observe().plan
        #expect(plan.steps.contains { if case .dropUnattached = $0.action { true } else { false } })
        #expect(try await fixture.rotate().table("events")?.outcome == .converged)
        #expect(try await fixture.oid(of: name) == nil)
        #expect(try await fixture.observe().plan.steps == [])
    }

    @Test("a table that was ours to attach and has been written to since stays")
    func written() async throws {
        let fixture = try await Fixture()
        try await fixture.makeEvents()
        let name = try await fixture.leaveTable(named: "'events_1999_01'")
        try await fixture.execute("INSERT INTO \(identifier: name) (id, event_ts) VALUES (1, now())")
        #expect(try await fixture.rotate().table("events")?.outcome == .converged)
        #expect(try await fixture.strings("SELECT count(*)::text AS v FROM \(identifier: name)") == ["1"])
    }

    @Test("a table that is written to between look and removal stays")
    func writtenUnderThePlan() async throws {
        let fixture = try await Fixture()
        try await fixture.makeEvents()
        let name = try await fixture.leaveTable(named: "'events_1999_01'")
        _ = try await Visits.run(fixture.provisioner(), at: .observed) { _ in
            try await fixture.execute("INSERT INTO \(identifier: name) (id, event_ts) VALUES (1, now())")
        }
        #expect(try await fixture.strings("SELECT count(*)::text AS v FROM \(identifier: name)") == ["1"])
    }

    @Test("a partition of ours that somebody detached is nobody's residue")
    func detached() async throws {
        let fixture = try await Fixture()
        try await fixture.makeEvents()
        _ = try await fixture.rotate()
        let last = try #require(try await fixture.partitions(of: "events").last?.split(separator: " ").first)
        try await fixture.execute(
            "ALTER TABLE events DETACH PARTITION \(identifier: String(last))",
            "ALTER TABLE \(identifier: String(last)) RENAME TO kept"
        )
        #expect(try await fixture.rotate().table("events")?.outcome == .converged)
        #expect(try await fixture.oid(of: "kept") != nil)
    }

    @Test("an empty table of others that is adopted and can't be attached now is not taken for ours")
    func handMade() async throws {
        let fixture = try await Fixture()
        try await fixture.makeEvents()
        let name = try #require(
            try await fixture.strings(
                #"SELECT to_char(now() AT TIME ZONE 'UTC' + interval '1 month', '"events_"YYYY_MM') AS v"#
            ).first
        )
        try await fixture.execute(
            "CREATE TABLE events_default PARTITION OF events DEFAULT",
            "CREATE TABLE \(identifier: name) (LIKE events INCLUDING ALL EXCLUDING IDENTITY)"
        )
        let reader = try await fixture.database.connect(applicationName: "reader")
        _ = try await reader.query("BEGIN")
        let budget = RunBudget(run: .seconds(20), table: .seconds(1), emergencyDays: 0)
        _ = try await Visits.run(fixture.provisioner(budget: budget), at: .tableBuilt) { _ in
            _ = try await reader.query("SELECT FROM events_default")
        }
        _ = try await reader.query("COMMIT")
        #expect(try await fixture.oid(of: name) != nil)
        // Its range is covered by another partition now: if it were residue of ours, it would go.
        try await fixture.execute("ALTER TABLE \(identifier: name) RENAME TO by_hand")
        #expect(try await fixture.rotate().table("events")?.outcome == .converged)
        #expect(try await fixture.oid(of: "by_hand") != nil)
    }

    @Test("a CHECK on the default partition is dropped before anything else")
    func leftoverCheck() async throws {
        let fixture = try await Fixture()
        try await fixture.makeEventsWithLargeDefault()
        try await fixture.execute(
            "ALTER TABLE events_default ADD CONSTRAINT partition_cli_ahead_0 CHECK (event_ts < '2020-01-01Z' OR event_ts >= '2100-01-01Z')"
        )
        let report = try await fixture.rotate()
        #expect(report.table("events")?.outcome == .converged)
        guard case .dropLeftoverCheck = report.table("events")?.steps.first?.step.action else {
            Issue.record("\(String(describing: report.table("events")?.steps.first))")
            return
        }
        try await fixture.expectNothingLeft()
    }
}

extension Fixture {
    /// A table as a run leaves it that is killed between building and attaching.
    ///
    /// - Parameter expression: SQL that gives its name.
    fileprivate func leaveTable(named expression: StaticString) async throws -> String {
        let text = Statement(trustedCatalogSQL: "\(expression)", "written in a test")
        let name = try #require(try await strings("SELECT \(fragment: text) AS v").first)
        let marker = PartitionMarker(parent: "public.events", createdAt: Instant(microseconds: 0), isUnattached: true)
        let comment = try #require(MarkerComment(text: nil, marker: marker).comment)
        try await execute(
            "CREATE TABLE \(identifier: name) (LIKE events INCLUDING ALL EXCLUDING IDENTITY)",
            "COMMENT ON TABLE \(identifier: name) IS \(literal: comment)"
        )
        return name
    }

    fileprivate func oid(of name: String) async throws -> String? {
        try await strings("SELECT oid::text AS v FROM pg_class WHERE relname = \(bind: name)").first
    }
}
