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

@Suite("The map of a table that no policy looks after any more", .temporaryDatabase)
struct UnattendedMapTests {
    private static let ledger = EntityName(schema: "public", table: "ledger")
    private static let gone = EntityName(schema: "public", table: "gone")
    private let ledgerName = RelationName(schema: "public", name: "ledger")
    private let goneName = RelationName(schema: "public", name: "gone")

    private func published(_ registry: any Registry) async throws -> (Fixture, PublishedMap) {
        let fixture = try await Fixture()
        try await fixture.makeLedger(key: "timestamptz")
        _ = try await fixture.rotate(registry: registry)
        return (fixture, try #require(try await registry.load(Self.ledger)))
    }

    /// A map of the same content under the name of a table that isn't there.
    private func plant(
        _ map: PublishedMap,
        system: String = "",
        database: String? = nil,
        in registry: any Registry
    ) async throws -> PublishedMap {
        let document = try PartitionMapDocument(
            table: Self.gone,
            key: map.document.key,
            timezone: map.document.timezone,
            keep: map.document.keep,
            entries: map.document.entries
        )
        let origin = MapOrigin(
            systemIdentifier: map.header.systemIdentifier + system,
            database: database ?? map.header.database,
            timeline: map.header.timeline,
            lsn: map.header.lsn
        )
        let planted = try PublishedMap(document: document, version: map.header.version, origin: origin)
        _ = try await registry.publish(planted, replacing: nil)
        return planted
    }

    @Test("names no partition once the table is gone, under a higher version, and is left so until the table is back")
    func withdrawn() async throws {
        let registry = MemoryRegistry()
        let (fixture, map) = try await published(registry)
        try await fixture.execute("DROP TABLE ledger")
        let report = try await fixture.rotate(registry: registry)
        let withdrawn = try #require(try await registry.load(Self.ledger))
        #expect(report.publications == [ledgerName: .withdrawn(version: withdrawn.header.version)])
        #expect(withdrawn.document.entries.isEmpty && withdrawn.document.keep == nil)
        #expect(withdrawn.document.key == map.document.key && withdrawn.header.version > map.header.version)
        // Nothing is spoken of any more, and nothing published.
        #expect(try await fixture.rotate(registry: registry).publications == [:])
        #expect(try await registry.load(Self.ledger) == withdrawn)

        try await fixture.execute("DROP TABLE limits")
        try await fixture.makeLedger(key: "timestamptz")
        let back = try await fixture.rotate(registry: registry)
        let again = try #require(try await registry.load(Self.ledger))
        #expect(back.publications == [ledgerName: .published(version: again.header.version)])
        #expect(again.header.version > withdrawn.header.version && !again.document.entries.isEmpty)
    }

    @Test(
        "is never touched where another database or another cluster published it, not even by a taking over",
        arguments: [("1", nil), ("", "elsewhere")] as [(String, String?)],
        [false, true]
    )
    func foreign(_ other: (String, String?), takesOver: Bool) async throws {
        let registry = MemoryRegistry()
        let (fixture, map) = try await published(registry)
        let theirs = try await plant(map, system: other.0, database: other.1, in: registry)
        var run = try fixture.provisioner()
        run.publisher = Publisher(registry: registry, takesOver: takesOver, logger: .test)
        let report = try await run.rotate()
        #expect(report.publications?.keys.map(\.name) == ["ledger"])
        #expect(try await registry.load(Self.gone) == theirs)
    }

    @Test("is left to a run that is about all tables where this one is about others")
    func named() async throws {
        let registry = MemoryRegistry()
        let (fixture, map) = try await published(registry)
        let planted = try await plant(map, in: registry)
        let settings = PlanSettings(tables: [ledgerName])
        #expect(try await fixture.rotate(settings: settings, registry: registry).publications?[goneName] == nil)
        #expect(try await registry.load(Self.gone) == planted)
        let report = try await fixture.rotate(registry: registry)
        guard case .withdrawn = report.publications?[goneName] else {
            Issue.record("\(report.publications ?? [:])")
            return
        }
        #expect(try await registry.load(Self.gone)?.document.entries == [])
    }

    @Test("is brought in line by a repair, too, which changes no table")
    func repaired() async throws {
        let registry = MemoryRegistry()
        let (fixture, map) = try await published(registry)
        _ = try await plant(map, in: registry)
        let repair = try await fixture.provisioner()
            .repairMaps(with: Publisher(registry: registry, logger: .test))
        guard case .withdrawn = repair.outcomes[goneName] else {
            Issue.record("\(repair.outcomes)")
            return
        }
        #expect(repair.outcomes[ledgerName] == .unchanged(version: map.header.version))
    }

    /// A policy file that names no table.
    private let unlooked = PlanSettings(declared: [])

    @Test("follows the catalog in its zone, and keeps its promise until that is broken")
    func followed() async throws {
        let registry = MemoryRegistry()
        let fixture = try await Fixture()
        try await fixture.execute(
            "SET TimeZone = 'Europe/Berlin'",
            "CREATE TABLE ledger (at timestamptz) PARTITION BY RANGE (at)",
            """
            DO $$ BEGIN
              EXECUTE format('CREATE TABLE ledger_first PARTITION OF ledger FOR VALUES FROM (%L) TO (%L)',
                date_trunc('month', now()), date_trunc('month', now()) + interval '1 month');
            END $$
            """
        )
        _ = try await fixture.rotate(settings: PlanSettings(timeZone: "Europe/Berlin"), registry: registry)
        let map = try #require(try await registry.load(Self.ledger))
        let keep = try #require(map.document.keep)
        try await fixture.execute(
            "CREATE TABLE odder PARTITION OF ledger FOR VALUES FROM ('2002-01-01 00:00Z') TO ('2002-01-01 07:13Z')",
            "CREATE TABLE odd PARTITION OF ledger FOR VALUES FROM ('2001-01-01 00:00Z') TO ('2001-07-11 03:00Z')"
        )
        let report = try await fixture.rotate(settings: unlooked, registry: registry)
        let followed = try #require(try await registry.load(Self.ledger))
        #expect(report.publications == [ledgerName: .published(version: followed.header.version)])
        #expect(followed.document.entries.map(\.name) == ["odd", "odder"] + map.document.entries.map(\.name))
        #expect(followed.document.entries.suffix(map.document.entries.count) == map.document.entries[...])
        #expect(followed.document.timezone == "Europe/Berlin" && followed.document.keep == keep)
        let version = followed.header.version
        let again = try await fixture.rotate(settings: unlooked, registry: registry)
        #expect(again.publications == [ledgerName: .unchanged(version: version)])

        // What was promised to stay is gone: nobody goes by the promise.
        try await fixture.execute("ALTER TABLE ledger DETACH PARTITION ledger_first")
        _ = try await fixture.rotate(settings: unlooked, registry: registry)
        let broken = try #require(try await registry.load(Self.ledger))
        #expect(broken.document.entries == followed.document.entries.filter { $0.name != "ledger_first" })
        #expect(broken.document.keep == nil)
    }

    struct Shape: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var statements: [String]
        var strategy: PartitionMapDocument.Strategy
        /// Bounds of the entries, in order.
        var bounds: [String]
    }

    @Test(
        "says what the catalog says of another key:",
        arguments: [
            Shape(
                testDescription: "integers",
                statements: [
                    "CREATE TABLE ledger (x bigint) PARTITION BY RANGE (x)",
                    "CREATE TABLE z PARTITION OF ledger FOR VALUES FROM (MINVALUE) TO (10)",
                    "CREATE TABLE a PARTITION OF ledger FOR VALUES FROM (10) TO (20)",
                    "CREATE TABLE rest PARTITION OF ledger DEFAULT",
                ],
                strategy: .range,
                bounds: ["z [MINVALUE, 10)", "a [10, 20)", "rest default"]
            ),
            Shape(
                testDescription: "two columns",
                statements: [
                    "CREATE TABLE ledger (x int, at date) PARTITION BY RANGE (x, at)",
                    "CREATE TABLE z PARTITION OF ledger FOR VALUES FROM (1, MINVALUE) TO (1, '2026-01-01')",
                    "CREATE TABLE a PARTITION OF ledger FOR VALUES FROM (1, '2026-01-01') TO (2, MAXVALUE)",
                ],
                strategy: .range,
                bounds: ["z [(1, unbounded), (1, 2026-01-01))", "a [(1, 2026-01-01), (2, unbounded))"]
            ),
            Shape(
                testDescription: "texts",
                statements: [
                    "CREATE TABLE ledger (x text) PARTITION BY LIST (x)",
                    "CREATE TABLE a PARTITION OF ledger FOR VALUES IN ('eu', NULL)",
                ],
                strategy: .list,
                bounds: ["a {eu, NULL}"]
            ),
            Shape(
                testDescription: "a hash",
                statements: [
                    "CREATE TABLE ledger (x int) PARTITION BY HASH (x)",
                    "CREATE TABLE a PARTITION OF ledger FOR VALUES WITH (MODULUS 4, REMAINDER 3)",
                ],
                strategy: .hash,
                bounds: ["a hash 3 of 4"]
            ),
        ]
    )
    func otherKey(_ shape: Shape) async throws {
        let registry = MemoryRegistry()
        let (fixture, map) = try await published(registry)
        try await fixture.execute("ALTER TABLE ledger RENAME TO ledger_old")
        try await fixture.run(shape.statements)
        let report = try await fixture.rotate(registry: registry)
        #expect(report.publications?.values.contains(where: \.isFailure) == false, "\(report.publications ?? [:])")
        let now = try #require(try await registry.load(Self.ledger))
        #expect(now.header.version > map.header.version)
        #expect(now.document.key.map(\.strategy) == [shape.strategy] && now.document.keep == nil)
        #expect(now.document.timezone == nil)
        #expect(now.document.entries.map { "\($0.name) \($0.path[0].shortText)" } == shape.bounds)
        // The renamed table has a map of its own, of the old partitions.
        let old = try #require(try await registry.load(EntityName(schema: "public", table: "ledger_old")))
        #expect(old.document.entries == map.document.entries)
        _ = try await fixture.rotate(registry: registry)
        #expect(try await registry.load(Self.ledger) == now)
    }

    @Test("is withdrawn where no map can say the table's key")
    func expression() async throws {
        let registry = MemoryRegistry()
        let (fixture, _) = try await published(registry)
        try await fixture.execute(
            "DROP TABLE ledger",
            "CREATE TABLE ledger (at timestamp) PARTITION BY RANGE ((date_trunc('month', at)))",
            "CREATE TABLE a PARTITION OF ledger FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')"
        )
        let report = try await fixture.rotate(registry: registry)
        let map = try #require(try await registry.load(Self.ledger))
        #expect(report.publications == [ledgerName: .withdrawn(version: map.header.version)])
        #expect(map.document.entries.isEmpty)
    }

    @Test("leaves out a partition whose bound can't be said, and with it the default one, which isn't its home")
    func unsayable() async throws {
        let registry = MemoryRegistry()
        let (fixture, map) = try await published(registry)
        try await fixture.execute(
            "CREATE TABLE far PARTITION OF ledger FOR VALUES FROM ('294270-01-01Z') TO ('294271-01-01Z')",
            "CREATE TABLE rest PARTITION OF ledger DEFAULT"
        )
        _ = try await fixture.rotate(registry: registry)
        let now = try #require(try await registry.load(Self.ledger))
        #expect(now.document.entries == map.document.entries)
    }

    @Test("follows the catalog after a lost race, too, made anew each time")
    func lostRace() async throws {
        let registry = MeddlingRegistry()
        let (fixture, _) = try await published(registry)
        try await fixture.execute("ALTER TABLE ledger DETACH PARTITION ledger_first")
        await registry.begin(.races(2))
        let report = try await fixture.rotate(settings: unlooked, registry: registry)
        let stored = try #require(try await registry.load(Self.ledger))
        #expect(report.publications == [ledgerName: .published(version: stored.header.version)])
        #expect(stored.document.entries.count == (try await fixture.children(of: "ledger").count))
    }

    @Test("fails the run where it can't be read and there is no table to make it anew from")
    func unreadable() async throws {
        let registry = MeddlingRegistry()
        let (fixture, _) = try await published(registry)
        await registry.begin(.corruptDocument)
        let first = try await fixture.rotate(settings: unlooked, registry: registry)
        guard case .published = first.publications?[ledgerName] else {
            Issue.record("not made anew")
            return
        }
        try await fixture.execute("DROP TABLE ledger")
        await registry.begin(.corruptDocument)
        let outcome = try await fixture.rotate(registry: registry).publications?[ledgerName]
        guard case .failed(_, let remedy) = outcome else {
            Issue.record("\(outcome.map { "\($0)" } ?? "nothing")")
            return
        }
        #expect(remedy?.contains("by hand") == true)
    }

    @Test("stays where the registry's user may not list maps, which is said once and fails nothing")
    func unlisted() async throws {
        let registry = MeddlingRegistry()
        let (fixture, map) = try await published(registry)
        let planted = try await plant(map, in: registry)
        await registry.begin(.unlisted)
        let lines = LogLines()
        var run = try fixture.provisioner()
        run.publisher = Publisher(registry: registry, logger: Logger(label: "test") { _ in lines })
        let report = try await run.rotate()
        #expect(report.publications == [ledgerName: .unchanged(version: map.header.version)])
        #expect(lines.text.split(separator: "\n").filter { $0.contains("could not be listed") }.count == 1)
        #expect(try await registry.load(Self.gone) == planted)
    }

    @Test("costs no more than its header where another database published it")
    func cost() async throws {
        let registry = MeddlingRegistry()
        let (fixture, map) = try await published(registry)
        _ = try await plant(map, database: "elsewhere", in: registry)
        let before = await registry.loads
        _ = try await fixture.rotate(registry: registry)
        #expect(await registry.loads == before + 2)
        #expect(await registry.listings == 2)
    }
}
