// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Testing
import TestSupport

@testable import Provisioning

@Suite("Pooler", .temporaryDatabase)
struct PoolerTests {
    /// A pool that shares its server connections.
    struct Sharing: Sendable, CustomTestStringConvertible {
        var mode: PgBouncer.Mode
        var poolSize: Int
        var takesTurns = false
        var testDescription: String { "\(mode) mode, \(poolSize) connections\(takesTurns ? " in turns" : "")" }
    }

    @Test(
        "behind PgBouncer in transaction or statement mode every command refuses, and leaves nothing on the server connections",
        arguments: [
            Sharing(mode: .transaction, poolSize: 1), Sharing(mode: .transaction, poolSize: 5),
            Sharing(mode: .transaction, poolSize: 5, takesTurns: true),
            Sharing(mode: .statement, poolSize: 1), Sharing(mode: .statement, poolSize: 5),
        ]
    )
    func refused(sharing: Sharing) async throws {
        let events = try await EventsTable()
        let before = try await events.fingerprint
        let bouncer = try await PgBouncer.start(
            before: events.database.cluster,
            mode: sharing.mode,
            poolSize: sharing.poolSize,
            takesTurns: sharing.takesTurns
        )
        defer { bouncer.stop() }
        let url = bouncer.url(database: events.database.name)
        // The application came first, so that there are server connections to share.
        let applications = try await Self.applications(sharing.poolSize, url)
        let settings = try await Self.settings(applications, sharing.mode)
        for command in [["rotate"], ["rotate", "--on-event=postgres"], ["plan"], ["verify"], ["status"]] {
            let result = try await Tool.run(command + ["--db-url=\(url)", "--registry-url=none"])
            #expect(result.status == 64, "\(result.everything)")
            #expect(result.error.contains("a pooler in transaction or statement mode"), "\(result.everything)")
            #expect(result.error.contains("to do: connect directly to the server, or through a pool in session mode"))
            #expect(result.output.isEmpty)
        }
        #expect(try await events.fingerprint == before)
        #expect(try await Self.settings(applications, sharing.mode) == settings)
        #expect(settings.allSatisfy { $0 == "\"$user\", public on 0 0" }, "\(settings)")
        for application in applications { await application.close() }
    }

    @Test("behind PgBouncer in session mode rotate does its work", arguments: [2, 5])
    func sessionMode(poolSize: Int) async throws {
        let events = try await EventsTable()
        let bouncer = try await PgBouncer.start(before: events.database.cluster, mode: .session, poolSize: poolSize)
        defer { bouncer.stop() }
        let url = bouncer.url(database: events.database.name)
        let result = try await Tool.run(["rotate", "--db-url=\(url)", "--registry-url=none"])
        #expect(result.status == 0, "\(result.everything)")
        #expect(try await events.partitions.count > 1)
        let applications = try await Self.applications(1, url)
        #expect(try await Self.settings(applications, .session) == ["\"$user\", public on 0 0"])
        await applications[0].close()
    }

    @Test("a pooler without a second server connection is refused as unreachable, with what to do")
    func noSecondConnection() async throws {
        let events = try await EventsTable()
        let bouncer = try await PgBouncer.start(before: events.database.cluster, mode: .session, poolSize: 1)
        defer { bouncer.stop() }
        let url = bouncer.url(database: events.database.name)
        let result = try await Tool.run(["rotate", "--db-url=\(url)", "--registry-url=none"])
        #expect(result.status == 69, "\(result.everything)")
        #expect(result.error.contains("no second server connection free"), "\(result.everything)")
        #expect(result.error.contains("to do: connect directly"), "\(result.everything)")
        #expect(try await events.partitions.count == 1)
    }

    @Test(
        "what the process ids say about who is at the other end",
        arguments: [
            (PoolerEvidence(announced: 7, readings: [7]), PoolerEvidence.Verdict.direct),
            (PoolerEvidence(announced: 7, readings: [8]), .unknown),
            (PoolerEvidence(announced: 7, readings: [8], witnesses: [.unserved]), .unknown),
            (PoolerEvidence(announced: 7, readings: [8], witnesses: [.holds(8)]), .shared),
            (PoolerEvidence(announced: 7, readings: [8], witnesses: [.holds(9), .holds(8)]), .shared),
            (PoolerEvidence(announced: 7, readings: [8, 8, 9], witnesses: [.holds(1)]), .shared),
            (PoolerEvidence(announced: 7, readings: [8, 7], witnesses: [.holds(1)]), .shared),
            (PoolerEvidence(announced: 7, readings: [7, 8]), .shared),
            (PoolerEvidence(announced: 7, readings: [8], witnesses: [.refusedTransaction]), .shared),
            (PoolerEvidence(announced: 7, readings: [8, 8], witnesses: [.holds(9)]), .session),
            (PoolerEvidence(announced: 7, readings: [8, 8], witnesses: [.holds(9), .unserved]), .session),
        ]
    )
    func verdicts(evidence: PoolerEvidence, verdict: PoolerEvidence.Verdict) {
        #expect(evidence.verdict == verdict)
    }

    private static func applications(_ count: Int, _ url: String) async throws -> [Connection] {
        var connections: [Connection] = []
        for _ in 0..<count {
            connections.append(try await Connection.open(try ConnectionConfiguration(url), logger: .test))
        }
        return connections
    }

    /// What an application's sessions find: all at once in transactions, where there can be any, so that each has a server
    /// connection of its own.
    private static func settings(_ applications: [Connection], _ mode: PgBouncer.Mode) async throws -> [String] {
        var settings: [String] = []
        if mode != .statement { for application in applications { _ = try await application.query("BEGIN") } }
        for application in applications {
            let rows = try await application.query(
                """
                SELECT concat_ws(' ', current_setting('search_path') || ' ' || current_setting('row_security'),
                                 (SELECT string_agg(c, ' ') FROM pg_listening_channels() c),
                                 current_setting('lock_timeout'), current_setting('statement_timeout')) AS settings
                """
            )
            settings += try rows.map { try $0.string("settings") }
        }
        if mode != .statement { for application in applications { _ = try await application.query("ROLLBACK") } }
        return settings
    }
}
