// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import LocalPostgres
import PartitionMap
import PartitionRouter
import Partitioning
import Provisioning
import Testing
import TestSupport

@Suite("A run whose standbys lag", .serialized)
struct GuardsReplicationTests {
    @Test("creates nothing while one of two standbys is paused under load, and goes on by itself when it has caught up")
    func pausedAndResumed() async throws {
        try await ReplicaFixture.with(standbys: ["east", "west"]) { fixture in
            try await fixture.pauseReplay(on: 1)
            try await fixture.load()
            let deferred = try await fixture.provisioner().rotate()
            let table = try #require(deferred.table("events"))
            guard case .deferred(let reason) = table.outcome else {
                Issue.record("\(table.outcome)")
                return
            }
            #expect(reason.hasPrefix("replication lags: the standby west is "), "\(reason)")
            #expect(try await fixture.partitions == 6)
            #expect(table.guardEvents.map(\.isWaiver) == [false])
            let replication = try #require(deferred.replication)
            #expect(replication.isOpen && replication.openings == 1)
            #expect(replication.openedBy.map(\.name) == ["west"])
            #expect((replication.lagSeconds ?? 0) > 1)

            // The same once more, with somebody who resumes the standby when the run has begun to wait.
            let (waits, wait) = AsyncStream.makeStream(of: [Laggard].self)
            let provisioner = try fixture.provisioner(patience: .seconds(40)) { event in
                if case .waitingForReplication(_, let laggards) = event { wait.yield(laggards) }
            }
            let run = Task { try await provisioner.rotate() }
            for await laggards in waits {
                #expect(laggards.map(\.name) == ["west"])
                #expect(try await fixture.partitions == 6)
                try await fixture.resumeReplay(on: 1)
                break
            }
            let report = try await run.value
            #expect(report.table("events")?.outcome == .converged)
            #expect(try await fixture.partitions == 9)
            #expect(report.replication?.isOpen == false)
            #expect(report.replication?.openings == 1)
        }
    }

    @Test("has nothing to defer where nothing is to be done, and repairs no index either while it waits")
    func nothingToDo() async throws {
        try await ReplicaFixture.with(standbys: ["east"]) { fixture in
            let registry = MemoryRegistry()
            #expect(
                try await fixture.provisioner(days: 3, registry: registry).rotate().table("events")?.outcome
                    == .converged
            )
            try await fixture.pauseReplay(on: 0)
            try await fixture.load()
            let report = try await fixture.provisioner(days: 3, registry: registry).rotate()
            #expect(report.table("events")?.outcome == .converged)
            #expect(report.publications?.values.allSatisfy { !$0.isFailure } == true)

            try await fixture.execute("CREATE INDEX later ON ONLY events (payload)")
            let index = try #require(try await fixture.provisioner(days: 3).rotate().table("events"))
            guard case .deferred = index.outcome else {
                Issue.record("\(index.outcome)")
                return
            }
        }
    }

    @Test("never publishes a map before a slow standby has replayed what it says")
    func slowStandby() async throws {
        try await ReplicaFixture.with(
            standbys: ["slow"],
            standbySettings: ["recovery_min_apply_delay": "1500ms"]
        ) { fixture in
            let registry = WatchingRegistry {
                try await fixture.query(ReplicaFixture.countQuery, on: 0).first?.int("n") ?? 0
            }
            let provisioner = try fixture.provisioner(
                lag: LagLimits(opensAbove: .seconds(5)),
                patience: .seconds(30),
                registry: registry
            )
            let report = try await provisioner.rotate()
            #expect(report.table("events")?.outcome == .converged)
            #expect(report.publications?.values.allSatisfy { !$0.isFailure } == true)
            #expect(await registry.seen == [9])
            #expect((report.replication?.waitedSeconds ?? 0) > 1)
        }
    }

    @Test("holds a map back while a standby stands still, unless routers are about to run out of the one they have")
    func heldBack() async throws {
        try await ReplicaFixture.with(standbys: ["east"]) { fixture in
            let pause: @Sendable (Int) async throws -> Void = { _ in try await fixture.pauseReplay(on: 0) }
            let registry = MemoryRegistry()
            let held = try await Visits.run(fixture.provisioner(registry: registry), at: .observed, pause)
            guard case .failed(let reason, _)? = held.publications?.values.first else {
                Issue.record("\(held)")
                return
            }
            #expect(reason.hasPrefix("held back") && reason.contains("east"))
            #expect(await registry.entities().isEmpty)

            try await fixture.resumeReplay(on: 0)
            // The partitions of the table's beginning, which end tomorrow, are what routers know.
            try await fixture.dropPartitions(after: 1)
            _ = try await fixture.provisioner(days: 1, registry: registry).rotate()
            let stored = await registry.load(EntityName(schema: "public", table: "events"), .all, expecting: nil)
            let version = try #require(stored?.header.version)
            let urgent = try await Visits.run(fixture.provisioner(days: 8, registry: registry), at: .observed, pause)
            guard case .published(let next)? = urgent.publications?.values.first else {
                Issue.record("\(urgent)")
                return
            }
            #expect(next > version)
            let table = try #require(urgent.table("events"))
            #expect(table.findings.contains { $0.code == .lagWaived && $0.severity == .warning })
        }
    }

    @Test("publishes a map that only takes partitions away while a standby stands still, and waits for nobody")
    func removed() async throws {
        try await ReplicaFixture.with(standbys: ["east"]) { fixture in
            let registry = MemoryRegistry()
            _ = try await fixture.provisioner(registry: registry).rotate()
            try await fixture.execute("DROP TABLE events")
            try await fixture.pauseReplay(on: 0)
            try await fixture.load()
            let report = try await fixture.provisioner(registry: registry).rotate()
            guard case .withdrawn? = report.publications?.values.first else {
                Issue.record("\(report)")
                return
            }
        }
    }

    @Test(
        "with less than two days left, or a quarter of the buffer, creates partitions whatever lags, and says so loudly"
    )
    func waiver() async throws {
        try await ReplicaFixture.with(standbys: ["east"]) { fixture in
            try await fixture.pauseReplay(on: 0)
            try await fixture.load()
            let lag = LagLimits(opensAbove: .milliseconds(500), expectedStandbys: ["gone"])
            // One day left and a part of it, which for a buffer of three is no emergency.
            try await fixture.dropPartitions(after: 1)
            let short = try #require(try await fixture.provisioner(days: 3, lag: lag).rotate().table("events"))
            guard case .deferred = short.outcome else {
                Issue.record("\(short.outcome)")
                return
            }
            try await fixture.dropPartitions(after: 0)
            let table = try #require(try await fixture.provisioner(lag: lag).rotate().table("events"))
            #expect(table.outcome == .converged, "\(table.outcome)")
            #expect(try await fixture.partitions == 9)
            let finding = try #require(table.findings.first { $0.code == .lagWaived })
            #expect(finding.message.contains("standby gone is not connected"))
            #expect(table.guardEvents.filter(\.isWaiver).count == 1)
        }
    }

    @Test("waits for a logical slot that lags, by bytes, and for no slot of another database")
    func slots() async throws {
        try await ReplicaFixture.with(standbys: [], settings: ["wal_level": "logical"]) { fixture in
            try await fixture.execute(
                "SELECT pg_create_logical_replication_slot('sub', 'pgoutput')",
                "CREATE DATABASE other"
            )
            let other = try await Connection.open(
                ConnectionConfiguration(fixture.primary.conninfo(database: "other")),
                logger: .test
            )
            _ = try await other.query("SELECT pg_create_logical_replication_slot('theirs', 'pgoutput')")
            await other.close()
            try await fixture.load(kilobytes: 3000)
            let lag = LagLimits(slotOpensAbove: 1_000_000)
            let report = try await fixture.provisioner(lag: lag).rotate()
            guard case .deferred(let reason)? = report.table("events")?.outcome else {
                Issue.record("\(report)")
                return
            }
            #expect(reason.contains("the logical slot sub is ") && !reason.contains("theirs"), "\(reason)")
            try await fixture.execute("SELECT pg_replication_slot_advance('sub', pg_current_wal_flush_lsn())")
            #expect(try await fixture.provisioner(lag: lag).rotate().table("events")?.outcome == .converged)
        }
    }

    @Test("is not held up by a receiver that replays nothing; one that must be there and isn't counts as lag")
    func receivers() async throws {
        try await ReplicaFixture.with(standbys: []) { fixture in
            let directory = FileManager.default.temporaryDirectory.appending(path: "receivewal-\(UUID())")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
            let receiver = Process()
            receiver.executableURL = URL(
                filePath: "\(fixture.primary.installation.binDirectory)/pg_receivewal"
            )
            receiver.arguments = ["--directory", directory.path(), "--no-loop", "--dbname", fixture.primary.conninfo()]
            receiver.standardOutput = FileHandle.nullDevice
            receiver.standardError = FileHandle.nullDevice
            try receiver.run()
            defer {
                // The child has inherited a thread's mask, in which every signal that can be is blocked.
                kill(receiver.processIdentifier, SIGKILL)
                receiver.waitUntilExit()
                try? FileManager.default.removeItem(at: directory)
            }
            try await eventually("the receiver streams") {
                try await fixture.connection.query("SELECT FROM pg_stat_replication WHERE state = 'streaming'").count
                    == 1
            }
            let missing = try await fixture.provisioner(
                lag: LagLimits(expectedStandbys: ["pg_receivewal"]),
                patience: .milliseconds(300)
            ).rotate()
            guard case .deferred(let reason)? = missing.table("events")?.outcome else {
                Issue.record("\(missing)")
                return
            }
            #expect(reason.contains("the expected standby pg_receivewal is not connected"))
            #expect(try await fixture.provisioner().rotate().table("events")?.outcome == .converged)
        }
    }

    @Test("says which GRANT is missing where the role may not see the standbys, and is not stopped by it")
    func privilege() async throws {
        try await ReplicaFixture.with(standbys: ["east"]) { fixture in
            try await fixture.execute(
                "CREATE ROLE \"Keeper\" LOGIN",
                "ALTER TABLE events OWNER TO \"Keeper\"",
                "GRANT ALL ON SCHEMA public TO \"Keeper\""
            )
            try await fixture.pauseReplay(on: 0)
            try await fixture.load()
            let report = try await fixture.provisioner(user: "Keeper").rotate()
            #expect(report.table("events")?.outcome == .converged)
            #expect(report.replication?.missingGrant == "GRANT pg_monitor TO \"Keeper\"")
            try await fixture.execute("GRANT pg_monitor TO \"Keeper\"")
            let seeing = try await fixture.provisioner(days: 12, user: "Keeper").rotate()
            guard case .deferred? = seeing.table("events")?.outcome else {
                Issue.record("\(seeing)")
                return
            }
            #expect(seeing.replication?.missingGrant == nil)
        }
    }
}
