// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import PartitionMap
import PartitionRouter
import TestSupport
import Testing

/// The simulation's invariants with real processes: a PostgreSQL, a store, and routers that load rows while they are killed, stopped
/// and cut off, and the store is flushed and set back. Bounds are of two seconds, so that a retire takes half a minute.
@Suite("The whole system, as processes", .temporaryDatabase, .timeLimit(.minutes(5)))
struct ProcessTests {
    private static let bound = 2_000

    @Test(
        "loses no row, yields no partition that isn't attached, serves none past its bound, and versions only grow",
        arguments: ProcessStores.allCases
    )
    func invariants(kind: ProcessStores) async throws {
        let store = try await kind.start()
        let database = try TemporaryDatabase.current
        var probes: [ProbeProcess] = []
        do {
            try await scenario(store, database, &probes)
        } catch {
            for probe in probes { probe.remove() }
            await store.stop()
            throw error
        }
        for probe in probes { probe.remove() }
        await store.stop()
    }

    private func scenario(
        _ store: any ProcessStore,
        _ database: TemporaryDatabase,
        _ probes: inout [ProbeProcess]
    ) async throws {
        let connection = try await database.connect()
        var timing = RetireProtocol.Timing()
        timing.bound = .milliseconds(Self.bound)
        let provisioner = ProcessProvisioner(
            connection: connection,
            registry: try store.registry(),
            timing: timing
        )
        func start(_ name: String, _ url: String) throws -> ProbeProcess {
            try ProbeProcess(
                name,
                registry: url,
                conninfo: database.conninfo() + " application_name=\(name)",
                keys: 500,
                bound: Self.bound
            )
        }

        try await provisioner.prepare(partitions: 4)
        try await provisioner.publish()
        try await store.allow()
        probes = [
            try start("first", store.url), try start("stopped", store.url(for: "stopped")),
            try start("cut", store.url(for: "cut")),
        ]
        let (first, stopped, cut) = (probes[0], probes[1], probes[2])
        try await provisioner.create(4)
        try await provisioner.publish()
        let beforeDrain = try #require(await provisioner.versions.last)
        for probe in probes { try await probe.hasTaken(beforeDrain) }
        for probe in probes {
            try await eventually("\(probe.name) loads rows into what is retired next") {
                probe.count("loaded", "events_0") > 3
            }
        }
        try await store.save()

        // From here on two of them know nothing new: one is stopped, one can't read.
        try await Self.stop(stopped, connection)
        try await store.cut("cut")
        let retirement = Task { try await provisioner.retire(0) }
        try await Self.follows(first, provisioner, after: beforeDrain)

        let beforeFlush = try #require(await provisioner.versions.last)
        try await store.flush()
        await provisioner.held(nil)
        try await Self.follows(first, provisioner, after: beforeFlush)

        first.end()
        let second = try start("second", store.url)
        probes.append(second)
        let beforeRestore = try #require(await provisioner.versions.last)
        try await second.hasTaken(beforeRestore)

        await store.kill()
        await provisioner.held(beforeDrain)
        try await store.startFromSaved()
        try await Self.follows(second, provisioner, after: beforeRestore)

        let detached = try await retirement.value
        try await provisioner.publish()
        let last = try #require(await provisioner.versions.last)
        // It goes on with the map that it had, and can't read another one: what it looks up first is decided by the clock alone.
        try await store.cut("stopped")
        let refusedBefore = stopped.count("miss", "stale")
        stopped.goOn()
        try await eventually("stopped refuses what may be gone") {
            stopped.count("miss", "stale") > refusedBefore + 10
        }
        #expect(stopped.taken.last == beforeDrain)
        try await store.allow()
        for probe in [second, stopped, cut] {
            try await probe.hasTaken(last)
            let sofar = probe.count("loaded")
            try await eventually("\(probe.name) loads on") { probe.count("loaded") > sofar + 20 }
        }
        for probe in probes { probe.end() }

        let published = await provisioner.versions
        #expect(zip(published, published.dropFirst()).allSatisfy { $0 < $1 }, "published: \(published)")
        let heldUntil = await provisioner.heldUntil
        for probe in probes {
            Self.check(probe, heldUntil: heldUntil, keepFrom: provisioner.keepFrom, detachedAt: detached.at)
            try await Self.checkRows(probe, connection)
        }
        // Else it has shown nothing: stale, the cut-off one refused what might be gone, and served what is promised to stay.
        #expect(cut.count("miss", "stale") > 10)
        let cutLong = (heldUntil[beforeDrain] ?? .max) + 3_000_000_000
        #expect(cut.found.contains { $0.version == beforeDrain && $0.at > cutLong })
        #expect(second.count("miss", "draining") > 10)
        let late = try await connection.query(
            """
            SELECT count(*) AS rows FROM public.events_0
            WHERE written_at > to_timestamp(\(bind: detached.clock)::numeric / 1000000)
            """
        )
        #expect(try #require(late.first).int64("rows") == 0, "rows were written to a partition after it was detached")
        await connection.close()
    }

    /// Between two transactions: the locks of one under way would be held for as long as the process is stopped.
    private static func stop(_ probe: ProbeProcess, _ connection: Connection) async throws {
        try await eventually("\(probe.name) is stopped without a transaction") {
            probe.stop()
            // What it sent arrives.
            try await Task.sleep(for: .milliseconds(100))
            let busy = try await connection.query(
                "SELECT FROM pg_stat_activity WHERE application_name = \(bind: probe.name) AND state <> 'idle'"
            )
            if !busy.isEmpty { probe.goOn() }
            return busy.isEmpty
        }
    }

    private static func follows(
        _ probe: ProbeProcess,
        _ provisioner: ProcessProvisioner,
        after version: Int64
    ) async throws {
        try await eventually(within: .seconds(60), "\(probe.name) follows what is published after version \(version)") {
            guard let newest = await provisioner.versions.last, newest > version else { return false }
            return probe.taken.last == newest
        }
    }

    private static func check(
        _ probe: ProbeProcess,
        heldUntil: [Int64: Int64],
        keepFrom: Int64,
        detachedAt: Int64
    ) {
        let taken = probe.taken
        #expect(!taken.isEmpty)
        #expect(zip(taken, taken.dropFirst()).allSatisfy { $0 < $1 }, "\(probe.name) took \(taken)")
        for found in probe.found {
            let number = Int64(found.partition.split(separator: "_").last ?? "") ?? -1
            #expect(
                number != 0 || found.at < detachedAt,
                "\(probe.name) was given events_0 \((found.at - detachedAt) / 1_000_000) ms after it was detached"
            )
            let until = heldUntil[found.version] ?? .min
            let isFresh = until == .max || found.at < until + Int64(bound) * 1_000_000
            #expect(
                isFresh || number * ProcessProvisioner.width >= keepFrom,
                "\(probe.name) was given \(found.partition) by version \(found.version) past its bound"
            )
        }
    }

    /// What a router was told is loaded is in the table, or went with its partition.
    private static func checkRows(_ probe: ProbeProcess, _ connection: Connection) async throws {
        let rows = try await connection.query(
            """
            SELECT (SELECT count(*) FROM public.events WHERE writer = \(bind: probe.name))
                 + (SELECT count(*) FROM public.events_0 WHERE writer = \(bind: probe.name)) AS rows
            """
        )
        let found = try #require(rows.first).int64("rows")
        let loaded = Int64(probe.count("loaded"))
        // Each was killed in the end: of one row the word may be missing.
        #expect((loaded...loaded + 1).contains(found), "\(probe.name) loaded \(loaded) rows, and \(found) are there")
    }
}
