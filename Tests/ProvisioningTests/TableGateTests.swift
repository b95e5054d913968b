// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning
import Synchronization
import Testing
import TestSupport

@testable import Provisioning

@Suite("The guards of a step", .serialized)
struct TableGateTests {
    @Test("a window that closes while standbys are waited for is closed; in an emergency it is waived")
    func closingWindow() async throws {
        try await ReplicaFixture.with(standbys: ["east"]) { fixture in
            for emergencyDays in [0.0, 14] {
                let replication = ReplicationGuard(
                    limits: LagLimits(opensAbove: .seconds(1)),
                    patience: .seconds(60)
                )
                try await fixture.pauseReplay(on: 0)
                try await fixture.load()
                try await eventually("the breaker is open") {
                    if case .open = try await replication.look(fixture.connection) { true } else { false }
                }
                // The window has five seconds left, by a clock that begins now.
                let window = MaintenanceWindow(try #require(DailyWindow(start: 120, end: 180)), zone: .utc)
                let clock = ServerClock(try #require(Instant(parsing: "2026-11-26T02:59:55Z")))
                let gate = TableGate(
                    replication: replication,
                    hours: .window(window),
                    clock: clock,
                    daysRemaining: 3,
                    emergencyDays: emergencyDays,
                    lagWaiverDays: 2
                )
                let (waits, wait) = AsyncStream.makeStream(of: Void.self)
                let connection = fixture.connection
                let asked = Task {
                    defer { wait.finish() }
                    let end = ContinuousClock.now + .seconds(60)
                    return try await gate.ask(isCreation: true, connection, until: end, runEnd: end) { _ in
                        wait.yield()
                    }
                }
                for await _ in waits {
                    #expect(window.contains(clock.now))
                    try await eventually("the window is closed") { !window.contains(clock.now) }
                    try await fixture.resumeReplay(on: 0)
                    break
                }
                let answer = try await asked.value
                let report = await replication.report
                #expect(report.openings == 1, "\(answer) \(report)")
                switch answer {
                case .deferred(let reason, let event):
                    #expect(emergencyDays == 0 && reason.hasPrefix("outside the window 02:00-03:00 UTC"), "\(reason)")
                    #expect(event.waived == nil)
                case .go(let waivers, let waited):
                    #expect(emergencyDays > 0 && waited > .zero)
                    #expect(waivers.map(\.waived) == [.window])
                }
            }
        }
    }
}
