// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Logging
import PartitionMap
import PartitionRouter
import Partitioning
import Provisioning
import Testing
import TestSupport

@Suite("The map in the registry", .temporaryDatabase)
struct PublisherTests {
    static let ledger = EntityName(schema: "public", table: "ledger")
    private let name = RelationName(schema: "public", name: "ledger")

    /// What a run of this database says of publishing the ledger.
    private func publish(
        _ fixture: Fixture,
        _ registry: any Registry,
        days: Int = 60,
        takesOver: Bool = false
    ) async throws -> Publisher.Outcome {
        var run = try fixture.provisioner(settings: PlanSettings(bufferDays: days))
        run.publisher = Publisher(registry: registry, takesOver: takesOver, logger: .test)
        return try #require(try await run.rotate().publications?[name])
    }

    struct Foreign: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// What somebody else's header says where ours would say something else.
        var system = ""
        var database: String?
        var timeline: Int64 = 0
        var lsn: UInt64?
        var isRefused = true

        func origin(for header: PartitionMapHeader) -> MapOrigin {
            MapOrigin(
                systemIdentifier: header.systemIdentifier + system,
                database: database ?? header.database,
                timeline: header.timeline + timeline,
                lsn: lsn.map(LogSequenceNumber.init(rawValue:)) ?? header.lsn
            )
        }
    }

    @Test(
        "is not replaced by another, or an older, database unless that is asked for:",
        arguments: [
            Foreign(testDescription: "another cluster", system: "1"),
            Foreign(testDescription: "another database", database: "elsewhere"),
            Foreign(testDescription: "a newer timeline", timeline: 1),
            Foreign(testDescription: "a later position", lsn: 1 << 60),
            Foreign(testDescription: "an earlier position", lsn: 1, isRefused: false),
        ]
    )
    func takeOver(_ foreign: Foreign) async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger(key: "timestamptz")
        let registry = MemoryRegistry()
        _ = try await publish(fixture, registry)
        let ours = try #require(try await registry.load(Self.ledger))
        let theirs = try PublishedMap(
            document: ours.document,
            version: ours.header.version + 1,
            origin: foreign.origin(for: ours.header)
        )
        _ = try await registry.publish(theirs, replacing: ours.header)
        guard foreign.isRefused else {
            #expect(try await publish(fixture, registry) == .unchanged(version: theirs.header.version))
            #expect(try await !publish(fixture, registry, days: 120).isFailure)
            return
        }
        // The same content as well: it is somebody else's map, and the next change would be refused.
        for days in [60, 120] {
            let outcome = try await publish(fixture, registry, days: days)
            guard case .failed(_, let remedy) = outcome else {
                Issue.record("\(days): \(outcome)")
                return
            }
            #expect(remedy?.contains("--take-over") == true)
            #expect(try await registry.load(Self.ledger) == theirs)
        }
        guard case .published(let version) = try await publish(fixture, registry, days: 120, takesOver: true) else {
            Issue.record("taking over failed")
            return
        }
        #expect(version > theirs.header.version)
    }

    @Test("is taken over where its content is as it must be, and each time that is asked for its version grows")
    func takeOverUnchanged() async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger(key: "timestamptz")
        let registry = MemoryRegistry()
        _ = try await publish(fixture, registry)
        let ours = try #require(try await registry.load(Self.ledger))
        let theirs = try PublishedMap(
            document: ours.document,
            version: ours.header.version + 1,
            origin: Foreign(testDescription: "", system: "1").origin(for: ours.header)
        )
        _ = try await registry.publish(theirs, replacing: ours.header)
        var last = theirs.header
        for _ in 0..<2 {
            guard case .published = try await publish(fixture, registry, takesOver: true) else {
                Issue.record("taking over failed")
                return
            }
            let taken = try #require(try await registry.header(Self.ledger))
            #expect(taken.version > last.version && taken.checksum == last.checksum)
            #expect(taken.systemIdentifier == ours.header.systemIdentifier)
            last = taken
        }
        // From here on it is this database's as before.
        #expect(try await publish(fixture, registry) == .unchanged(version: last.version))
        #expect(try await !publish(fixture, registry, days: 120).isFailure)
    }

    @Test("promises every partition for two weeks at least, which routers that are cut off go by")
    func promise() async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger(key: "timestamptz")
        let registry = MemoryRegistry()
        _ = try await publish(fixture, registry)
        let map = try #require(try await registry.load(Self.ledger))
        let keep = try #require(map.document.keep)
        #expect(map.document.entries.allSatisfy { $0.state == .active && map.document.isKept($0) })
        // The version is the server's clock.
        let days = Double(keep.until - map.header.version) / 86_400_000_000
        #expect((13.9...21).contains(days), "\(days)")
        #expect(try await publish(fixture, registry) == .unchanged(version: map.header.version))
    }

    @Test("is published after a lost race, made anew each time", arguments: [1, 3])
    func lostRace(_ races: Int) async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger()
        let registry = MeddlingRegistry()
        await registry.begin(.races(races))
        let outcome = try await publish(fixture, registry)
        let stored = try #require(try await registry.load(Self.ledger))
        #expect(outcome == .published(version: stored.header.version))
        let published = await registry.published
        #expect(published == [stored])
        #expect(stored.document.entries.count == (try await fixture.children(of: "ledger").count))
    }

    @Test("is left to the next run where others are always faster")
    func endlessRace() async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger()
        let registry = MeddlingRegistry()
        await registry.begin(.races(100))
        let outcome = try await publish(fixture, registry)
        guard case .failed(let reason, let remedy) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(reason.contains("faster") && remedy == "run again")
    }

    @Test(
        "is replaced where it can't be read, or what stands beside it isn't of the same publish",
        arguments: [MeddlingRegistry.Meddling.corruptDocument, .corruptHeader, .notIntact]
    )
    func repair(_ meddling: MeddlingRegistry.Meddling) async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger()
        let registry = MeddlingRegistry()
        guard case .published(let first) = try await publish(fixture, registry) else { return }
        await registry.begin(meddling)
        guard case .published(let second) = try await publish(fixture, registry) else {
            Issue.record("not repaired")
            return
        }
        #expect(second > first)
        #expect(try await publish(fixture, registry) == .unchanged(version: second))
        #expect(await registry.published.count == 2)
    }

    @Test("is said to have been replaced only when it was", arguments: [true, false])
    func replacementLogged(isPublished: Bool) async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger()
        let registry = MeddlingRegistry()
        guard case .published = try await publish(fixture, registry) else { return }
        await registry.begin(isPublished ? .corruptHeader : .foreign)
        let lines = LogLines()
        var run = try fixture.provisioner()
        run.publisher = Publisher(registry: registry, logger: Logger(label: "test") { _ in lines })
        let outcome = try #require(try await run.rotate().publications?[name])
        #expect(outcome.isFailure != isPublished, "\(outcome)")
        #expect(lines.text.contains("replaced") == isPublished, "\(lines.text)")
    }

    @Test("stays as it is while the registry can't be reached, and the tables are done all the same")
    func unreachable() async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger()
        let registry = MeddlingRegistry()
        await registry.begin(.unreachable)
        let report = try await fixture.rotate(registry: registry)
        #expect(report.table("ledger")?.outcome == .converged)
        #expect(report.publications?[name] == .failed("nobody answers", remedy: "start it"))
    }

    /// Five tables that are to be published, and how the run ends where the registry doesn't answer.
    private func five(
        _ fixture: Fixture,
        _ registry: MeddlingRegistry,
        _ meddling: MeddlingRegistry.Meddling
    ) async throws {
        for number in 1...5 {
            try await fixture.run([
                "SET TimeZone = 'UTC'", "CREATE TABLE t\(number) (at timestamptz) PARTITION BY RANGE (at)",
            ])
            try await fixture.makeMonth("t\(number)_now", of: "t\(number)", monthsAhead: 0)
        }
        await registry.begin(meddling)
    }

    private func reasons(_ report: RunReport) -> [String] {
        report.publications?.values.compactMap { outcome in
            if case .failed(let reason, _) = outcome { reason } else { nil }
        } ?? []
    }

    @Test("is asked for once where nobody answers, and every table has the reason")
    func unreachableOnce() async throws {
        let fixture = try await Fixture()
        let registry = MeddlingRegistry()
        try await five(fixture, registry, .unreachable)
        let report = try await fixture.rotate(registry: registry)
        #expect(reasons(report) == Array(repeating: "nobody answers", count: 5))
        #expect(await registry.loads == 1)
        #expect(report.tables.allSatisfy { $0.outcome == .converged })
    }

    @Test(
        "is waited for until the run's time is over, however patient the registry's driver is",
        .timeLimit(.minutes(1))
    )
    func silent() async throws {
        let fixture = try await Fixture()
        let registry = MeddlingRegistry()
        try await five(fixture, registry, .silent)
        let budget = RunBudget(run: .seconds(3), table: .seconds(3), conclusion: .seconds(1), emergencyDays: 0)
        let report = try await fixture.provisioner(budget: budget, registry: registry).rotate()
        #expect(
            reasons(report).count == 5 && reasons(report).allSatisfy { $0.contains("time for publishing was over") }
        )
        #expect(await registry.loads == 1)
    }

    @Test("is not waited for long after an interruption, whenever that comes", .timeLimit(.minutes(1)))
    func interrupted() async throws {
        let fixture = try await Fixture()
        let registry = MeddlingRegistry()
        try await five(fixture, registry, .silent)
        let budget = RunBudget(grace: .milliseconds(100), emergencyDays: 0)
        let provisioner = try fixture.provisioner(budget: budget, registry: registry)
        let run = Task { try await provisioner.rotate() }
        try await eventually("the run asks for a map") { await registry.loads == 1 }
        run.cancel()
        let report = try await run.value
        #expect(reasons(report) == Array(repeating: "nobody waits any more: the run was interrupted", count: 5))
        #expect(report.tables.allSatisfy { $0.coverage?.missing == [] })
    }

    @Test("has neither a partition whose detach is pending nor tables without a policy")
    func contents() async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger()
        try await fixture.run([
            "CREATE TABLE by_list (x int) PARTITION BY LIST (x)",
            "CREATE TABLE by_list_1 PARTITION OF by_list FOR VALUES IN (1)",
        ])
        try await fixture.makeMonth("old", of: "ledger", monthsAhead: -1)
        // A reader keeps the detach from being completed.
        let reader = try await fixture.database.connect(applicationName: "reader")
        _ = try await reader.query("BEGIN")
        _ = try await reader.query("SELECT FROM ledger")
        try await fixture.execute("SET lock_timeout = '200ms'")
        await #expect(throws: PostgresError.self) {
            try await fixture.execute("ALTER TABLE ledger DETACH PARTITION old CONCURRENTLY")
        }
        _ = try await reader.query("COMMIT")

        let registry = MemoryRegistry()
        let report = try await fixture.rotate(registry: registry)
        #expect(report.table("ledger")?.findings.contains { $0.code == .pendingDetach } == true)
        let map = try #require(try await registry.load(Self.ledger))
        #expect(!map.document.entries.contains { $0.name == "old" })
        #expect(map.document.entries.count == (try await fixture.children(of: "ledger").count) - 1)
        #expect(await registry.entities() == [Self.ledger])
    }
}
