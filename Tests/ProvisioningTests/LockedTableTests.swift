// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning
import Provisioning
import TestSupport
import Testing

@Suite("A table that somebody has locked", .temporaryDatabase)
struct LockedTableTests {
    /// Two tables like the ledger, each with its partition of this month.
    private func makeTables(_ fixture: Fixture) async throws {
        for name in ["free", "held"] {
            try await fixture.run([
                "CREATE TABLE \(name) (id bigint NOT NULL, at date NOT NULL, note text DEFAULT 'x') PARTITION BY RANGE (at)"
            ])
            try await fixture.makeMonth("\(name)_first", of: name, monthsAhead: 0)
        }
    }

    private func holding(_ fixture: Fixture, _ statement: Statement) async throws -> Connection {
        let holder = try await fixture.database.connect(applicationName: "the holder")
        _ = try await holder.query("BEGIN")
        _ = try await holder.query(statement)
        return holder
    }

    @Test(
        "is deferred alone, with who has it; the others are done, and the plan can be read:",
        arguments: ["ALTER TABLE held ADD COLUMN later int", "LOCK TABLE ONLY held_first IN ACCESS EXCLUSIVE MODE"]
    )
    func alone(statement: String) async throws {
        let fixture = try await Fixture()
        try await makeTables(fixture)
        let holder = try await holding(fixture, Statement(trustedCatalogSQL: statement, "a test's own statement"))

        let steps = try await fixture.observe().plan.steps
        #expect(Set(steps.map(\.table.name)) == ["free", "held"])
        let report = try await fixture.rotate()
        #expect(report.table("free")?.outcome == .converged, "\(report)")
        let held = try #require(report.table("held"))
        guard case .deferred(let reason) = held.outcome else {
            Issue.record("\(held)")
            return
        }
        #expect(reason.contains("pid \(holder.backendPID)"), "\(reason)")
        #expect(reason.contains("user postgres") && reason.contains("the holder"), "\(reason)")
        // For people at a terminal alone: the reason gets into logs and the registry.
        #expect(!reason.contains(statement.prefix(20)), "\(reason)")
        let blockers = held.steps.flatMap {
            if case .deferred(_, let blockers) = $0.result { blockers } else { [Blocker]() }
        }
        #expect(blockers.first?.descriptionWithQuery.contains("query: \(statement.prefix(40))") == true, "\(blockers)")

        _ = try await holder.query("COMMIT")
        #expect(try await fixture.rotate().table("held")?.outcome == .converged)
    }

    @Test("in an old partition only isn't kept from growing")
    func oldPartition() async throws {
        let fixture = try await Fixture()
        try await makeTables(fixture)
        try await fixture.makeMonth("held_old", of: "held", monthsAhead: -1)
        let holder = try await holding(fixture, "LOCK TABLE ONLY held_old IN ACCESS EXCLUSIVE MODE")
        let report = try await fixture.rotate()
        #expect(report.table("held")?.outcome == .converged, "\(report)")
        #expect(report.table("free")?.outcome == .converged, "\(report)")
        _ = try await holder.query("COMMIT")
    }

    @Test("and that an interrupted run left unattached is left there, and stops nothing")
    func unattached() async throws {
        let fixture = try await Fixture()
        try await makeTables(fixture)
        try await fixture.run([
            "CREATE TABLE held_rest (LIKE held)",
            """
            COMMENT ON TABLE held_rest IS
            '{"partition-cli":{"createdAt":"2026-11-22T02:00:00Z","isUnattached":true,"parent":"public.held","version":1}}'
            """,
        ])
        let holder = try await holding(fixture, "LOCK TABLE held_rest IN ACCESS EXCLUSIVE MODE")
        let report = try await fixture.rotate()
        #expect(report.tables.allSatisfy { $0.outcome == .converged }, "\(report)")
        _ = try await holder.query("COMMIT")
        let again = try await fixture.rotate()
        #expect(again.tables.allSatisfy { $0.outcome == .converged }, "\(again)")
        #expect(try await fixture.string("SELECT to_regclass('held_rest')::text AS v") == nil)
    }
}
