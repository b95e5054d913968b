// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import LocalPostgres
import Partitioning
import Provisioning
import Testing
import TestSupport

@Suite("A new partition has, and keeps", .temporaryDatabase)
struct PropertyTests {
    @Test("of who may do what:", arguments: PropertyCase.access)
    func access(_ property: PropertyCase) async throws {
        try await prove(property)
    }

    @Test("of storage and replication:", arguments: PropertyCase.storage.supported)
    func storage(_ property: PropertyCase) async throws {
        try await prove(property)
    }

    @Test("of columns, statistics and comments:", arguments: PropertyCase.columns.supported)
    func columns(_ property: PropertyCase) async throws {
        try await prove(property)
    }

    @Test("of constraints and indexes:", arguments: PropertyCase.constraints)
    func constraints(_ property: PropertyCase) async throws {
        try await prove(property)
    }

    @Test("no oddity of one partition that somebody changed, and it alone is blamed")
    func oddOne() async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger()
        #expect(try await fixture.rotate(settings: PlanSettings(bufferDays: 60)).table("ledger")?.outcome == .converged)
        let odd = try #require(try await fixture.children(of: "ledger").filter { $0.name != "ledger_first" }.last)
        try await fixture.execute(
            "ALTER TABLE \(identifier: odd.name) SET UNLOGGED",
            "ALTER TABLE \(identifier: odd.name) SET (autovacuum_enabled = off)"
        )
        #expect(
            try await fixture.rotate(settings: PlanSettings(bufferDays: 180)).table("ledger")?.outcome == .converged
        )
        let unlogged = try await fixture.strings(
            "SELECT c.relname AS v FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid WHERE relpersistence = 'u'"
        )
        #expect(unlogged == [odd.name])
        let findings = try await fixture.drift(in: "ledger")
        #expect(Set(findings.map(\.object)) == ["public.\(odd.name)"], "\(findings)")
    }

    /// The property is set, seen on the model, the same on every new partition, and its later loss is found.
    private func prove(_ property: PropertyCase) async throws {
        let fixture = try await Fixture()
        try await fixture.makeRole()
        try await fixture.makeTablespace()
        try await fixture.makeLedger()
        let model = property.model == .parent ? "ledger" : "ledger_first"
        let before = try await fixture.probe(property, model)
        try await fixture.run(property.prepare)
        let expected = try await fixture.probe(property, model)
        if property.isVisibleOnModel { #expect(before != expected, "the case proves nothing") }

        let report = try await fixture.rotate()
        #expect(report.table("ledger")?.outcome == .converged, "\(String(describing: report.table("ledger")))")
        let created = try await fixture.children(of: "ledger").filter { $0.name != "ledger_first" }
        try #require(try await created.count == fixture.connection.months().count - 1)
        for partition in created {
            #expect(try await fixture.probe(property, partition.name) == expected)
        }
        #expect(try await fixture.drift(in: "ledger") == [])

        guard !property.change.isEmpty, let changed = created.last?.name else { return }
        try await fixture.run(property.change, partition: changed)
        let findings = try await fixture.drift(in: "ledger")
        #expect(findings.count == 1, "\(findings)")
        for finding in findings {
            #expect(finding.object == "public.\(changed)")
            #expect(finding.message.contains(" in \(property.finding)"), "\(finding.message)")
        }
    }
}

extension Fixture {
    fileprivate func probe(_ property: PropertyCase, _ relation: String) async throws -> String? {
        try await string(
            """
            SELECT \(fragment: Statement(trustedCatalogSQL: property.probe, "a test's own expression")) AS v
              FROM (SELECT \(literal: relation)::regclass::oid AS r) model
            """
        )
    }
}

extension [PropertyCase] {
    /// Those that the server under test knows of.
    fileprivate var supported: [PropertyCase] {
        let version = (try? TestServer.installation.majorVersion) ?? 0
        return filter { $0.minimumVersion <= version }
    }
}
