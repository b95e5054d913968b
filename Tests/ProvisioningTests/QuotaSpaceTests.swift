// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LibPQ
import Partitioning
import Provisioning
import TestSupport
import Testing

@Suite("The space that partitions live in", .temporaryDatabase)
struct QuotaSpaceTests {
    /// What the test has of a small file system: a mount, or, where mounting is not allowed, a declared capacity.
    private struct SmallSpace {
        var directory: URL
        var isMounted: Bool

        static func make(megabytes: Int) throws -> SmallSpace {
            let directory = FileManager.default.temporaryDirectory.appending(path: "space-\(UUID())")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
            let size = "size=\(megabytes)m,mode=777"
            let isMounted = try run(["mount", "-t", "tmpfs", "-o", size, "partition-cli-test", directory.path()])
            if !isMounted { print("mounting is not allowed here: the quota is tested with a declared capacity") }
            chmod(directory.path(), 0o777)
            return SmallSpace(directory: directory, isMounted: isMounted)
        }

        func remove() throws {
            if isMounted { #expect(try Self.run(["umount", "--lazy", directory.path()])) }
            try FileManager.default.removeItem(at: directory)
        }

        private static func run(_ words: [String]) throws -> Bool {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = words
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            return process.terminationStatus == 0
        }
    }

    @Test("at 81 % gets no partition, at 79 % it does, the file system's own figures deciding where it can be mounted")
    func smallFileSystem() async throws {
        let fixture = try await Fixture()
        let space = try SmallSpace.make(megabytes: 64)
        let inside = space.directory.appending(path: "tablespace")
        try FileManager.default.createDirectory(at: inside, withIntermediateDirectories: false)
        let owner = try #require(getpwnam("postgres"))
        if geteuid() == 0 { #expect(chown(inside.path(), owner.pointee.pw_uid, owner.pointee.pw_gid) == 0) }
        try await fixture.execute(
            "CREATE TABLESPACE \(identifier: fixture.tablespace) LOCATION \(literal: inside.path())"
        )
        try await fixture.makeLedger()
        try await fixture.run(["ALTER TABLE ledger SET TABLESPACE %space%"])

        for (percent, isCreated) in [(81, false), (79, true)] {
            var quota = QuotaGuard(threshold: 0.8)
            if space.isMounted {
                try fill(space.directory, percent: percent)
            } else {
                let used = try await fixture.connection.query(
                    "SELECT pg_tablespace_size(\(bind: fixture.tablespace)) AS bytes"
                ).first?.int64("bytes")
                quota.declaredCapacity = max(1, (used ?? 0)) * 100 / Int64(percent)
            }
            let table = try #require(try await fixture.provisioner(quota: quota).rotate().table("ledger"))
            if isCreated {
                #expect(table.outcome == .converged, "\(table.outcome)")
                #expect(try await fixture.children(of: "ledger").count > 1)
            } else {
                guard case .quotaExceeded(let reason) = table.outcome else {
                    Issue.record("\(table.outcome)")
                    continue
                }
                #expect(reason.contains("81 %") && reason.contains(fixture.tablespace), "\(reason)")
                #expect(try await fixture.children(of: "ledger").count == 1)
            }
        }
        // A tablespace belongs to the server, and outlives the database.
        try await fixture.run(["DROP TABLE ledger", "DROP TABLESPACE %space%"])
        try space.remove()
    }

    /// Writes a file so large that this share is used.
    private func fill(_ directory: URL, percent: Int) throws {
        let file = directory.appending(path: "filler")
        try? FileManager.default.removeItem(at: file)
        let usage = try #require(FileSystemUsage(ofDirectory: directory.path()))
        // In the middle of the percent.
        let wanted = Double(usage.used + usage.available) * (Double(percent) + 0.3) / 100
        try Data(count: Int(wanted) - Int(usage.used)).write(to: file)
        let filled = try #require(FileSystemUsage(ofDirectory: directory.path()))
        #expect(Int(filled.ratio * 100) == percent)
    }

    @Test("stops creation where it isn't known how full it is, and that is required")
    func required() async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger()
        let query = QuotaQuery("x") { _ in throw Failure(message: "nobody answers") }
        let quota = QuotaGuard(threshold: 0.8, query: query)
        var required = quota
        required.isRequired = true
        let table = try #require(try await fixture.provisioner(quota: required).rotate().table("ledger"))
        guard case .quotaExceeded(let reason) = table.outcome else {
            Issue.record("\(table.outcome)")
            return
        }
        #expect(reason.contains("has to be known and isn't: nobody answers"), "\(reason)")
        #expect(try await fixture.children(of: "ledger").count == 1)
        #expect(try await fixture.provisioner(quota: quota).rotate().table("ledger")?.outcome == .converged)
    }

    @Test("is asked about by the tablespace that new partitions go to")
    func query() async throws {
        let fixture = try await Fixture()
        try await fixture.makeLedger()
        try await fixture.makeTablespace()
        let asked = Asked()
        let query = QuotaQuery(#"used{space="$tablespace"}"#) { text in
            await asked.note(text)
            return text.contains("pg_default") ? 0.5 : 0.9
        }
        let quota = QuotaGuard(threshold: 0.8, query: query)
        #expect(try await quota.reading(of: nil, on: fixture.connection) == .known(ratio: 0.5, source: .prometheus))
        try await fixture.run(["ALTER TABLE ledger SET TABLESPACE %space%"])
        let table = try #require(try await fixture.provisioner(quota: quota).rotate().table("ledger"))
        guard case .quotaExceeded = table.outcome else {
            Issue.record("\(table.outcome)")
            return
        }
        #expect(await asked.texts == [#"used{space="pg_default"}"#, "used{space=\"\(fixture.tablespace)\"}"])
        try await fixture.run(["DROP TABLE ledger", "DROP TABLESPACE %space%"])
    }

    private actor Asked {
        var texts: [String] = []
        func note(_ text: String) { texts.append(text) }
    }

    @Test(
        "is unknown where the query gives no share, and with a declared capacity no bytes",
        arguments: [
            (0.0, nil, 0.0), (1, nil, 1), (0.813, nil, 0.813), (81.3, nil, nil), (-0.1, nil, nil), (.nan, nil, nil),
            (512, 1024, 0.5), (2048, 1024, 2), (-1, 1024, nil), (.infinity, 1024, nil),
        ] as [(Double, Int64?, Double?)]
    )
    func values(value: Double, capacity: Int64?, ratio: Double?) async throws {
        let fixture = try await Fixture()
        let quota = QuotaGuard(threshold: 0.8, declaredCapacity: capacity, query: QuotaQuery("x") { _ in value })
        let reading = try await quota.reading(of: "pg_default", on: fixture.connection)
        if let ratio {
            #expect(reading == .known(ratio: ratio, source: .prometheus))
        } else if case .known = reading {
            Issue.record("\(reading)")
        }
    }

    @Test("a name is escaped in a query")
    func escaping() {
        let query = QuotaQuery(#"a{b="$tablespace"}"#) { _ in 0 }
        #expect(query.text(for: #"my "own\" space"#) == #"a{b="my \"own\\\" space"}"#)
    }

    @Test("is shared by tablespaces on one file system: what one will hold the other can't")
    func shared() async throws {
        let fixture = try await Fixture()
        try await fixture.makeTablespace()
        for name in ["here", "there"] {
            try await fixture.run([
                "CREATE TABLE \(name) (at timestamptz NOT NULL) PARTITION BY RANGE (at)",
                """
                DO $$ BEGIN FOR day IN -2..0 LOOP
                  EXECUTE format('CREATE TABLE %I PARTITION OF \(name) FOR VALUES FROM (%L) TO (%L)',
                    '\(name)_' || to_char(current_date + day, 'YYYYMMDD'), current_date + day, current_date + day + 1);
                END LOOP; END $$
                """,
                "INSERT INTO \(name) SELECT current_date - 1 FROM generate_series(1, 1000)",
            ])
        }
        try await fixture.run(["ALTER TABLE there SET TABLESPACE %space%"])
        let session = try await DatabaseSession.open(try fixture.database.configuration(), logger: .test)
        let observation = try await Observation.make(session: session, settings: PlanSettings(bufferDays: 4))
        let spaces = try await SpaceForecast.of(observation, quota: QuotaGuard(threshold: 0.8), on: session.connection)
        let apart = try await SpaceForecast.of(
            observation,
            quota: QuotaGuard(threshold: 0.8, declaredCapacity: 1 << 40),
            on: session.connection
        )
        await session.connection.close()
        #expect(spaces.map(\.tablespace) == [nil, fixture.tablespace])
        #expect(spaces.map(\.bytesBeside) == spaces.map(\.bytes).reversed() && spaces.allSatisfy { $0.bytes > 0 })
        // A declared capacity is each tablespace's own.
        #expect(apart.map(\.bytesBeside) == [0, 0])
        var full = spaces[0]
        full.bytesLeft = full.bytes
        #expect(full.fits == false)
        try await fixture.run(["DROP TABLE there", "DROP TABLESPACE %space%"])
    }

    @Test("is forecast within a fifth of what a table of steady growth then takes")
    func forecast() async throws {
        let fixture = try await Fixture()
        try await fixture.run([
            "SET TimeZone = 'UTC'",
            "CREATE TABLE visits (at timestamptz NOT NULL, note text, PRIMARY KEY (at)) PARTITION BY RANGE (at)",
            """
            DO $$ BEGIN FOR day IN -5..0 LOOP
              EXECUTE format('CREATE TABLE %I PARTITION OF visits FOR VALUES FROM (%L) TO (%L)',
                to_char(current_date + day, '"visits_"YYYYMMDD'), current_date + day, current_date + day + 1);
            END LOOP; END $$
            """,
            // 2880 rows a day until now.
            """
            INSERT INTO visits SELECT at, repeat('x', 100)
              FROM generate_series(current_date - 5, clock_timestamp(), interval '30 seconds') at
            """,
        ])
        let session = try await DatabaseSession.open(try fixture.database.configuration(), logger: .test)
        let settings = PlanSettings(bufferDays: 4)
        let observation = try await Observation.make(session: session, settings: settings)
        let quota = QuotaGuard(threshold: 0.8, declaredCapacity: 1 << 40)
        let spaces = try await SpaceForecast.of(observation, quota: quota, on: session.connection)
        await session.connection.close()
        let space = try #require(spaces.first)
        #expect(spaces.count == 1 && space.tablespace == nil && space.fits == true)
        #expect(space.tables.first?.sampled == 3)

        let size: Statement =
            "SELECT sum(pg_total_relation_size(inhrelid))::bigint AS bytes FROM pg_inherits WHERE inhparent = 'visits'::regclass"
        let before = try #require(try await fixture.connection.query(size).first).int64("bytes")
        #expect(try await fixture.rotate(settings: settings).table("visits")?.outcome == .converged)
        try await fixture.run([
            """
            INSERT INTO visits SELECT at, repeat('x', 100)
              FROM generate_series((SELECT max(at) FROM visits) + interval '30 seconds',
                                   current_date + 5 - interval '1 second', interval '30 seconds') at
            """
        ])
        let after = try #require(try await fixture.connection.query(size).first).int64("bytes")
        let truth = Double(after - before)
        #expect(abs(Double(space.bytes) - truth) < 0.2 * truth, "forecast \(space.bytes), truth \(truth)")
    }
}
