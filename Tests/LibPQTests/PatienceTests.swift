// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Testing

@Suite("Patience with a statement")
struct PatienceTests {
    private let start = ContinuousClock.now

    private func at(_ milliseconds: Int) -> Patience.Instant { start + .milliseconds(milliseconds) }

    @Test("has no end when there is neither deadline nor cancellation")
    func endless() {
        var patience = Patience(deadline: nil, grace: .seconds(5))
        #expect(patience.next(now: at(0), interrupted: false, requestInFlight: false) == .wait(until: nil))
        #expect(patience.next(now: at(9_999_999), interrupted: false, requestInFlight: false) == .wait(until: nil))
        #expect(patience.reason == nil)
    }

    @Test("ends at the deadline with requests to cancel, growing further apart, until the grace is over")
    func deadline() {
        var patience = Patience(deadline: at(100), grace: .milliseconds(400))
        #expect(patience.next(now: at(99), interrupted: false, requestInFlight: false) == .wait(until: at(100)))
        #expect(patience.next(now: at(100), interrupted: false, requestInFlight: false) == .requestCancel)
        #expect(patience.reason == .deadline)
        // One request at a time, and not another before the pause is over.
        #expect(patience.next(now: at(101), interrupted: false, requestInFlight: true) == .wait(until: at(500)))
        #expect(patience.next(now: at(102), interrupted: false, requestInFlight: false) == .wait(until: at(150)))
        #expect(patience.next(now: at(150), interrupted: false, requestInFlight: false) == .requestCancel)
        #expect(patience.next(now: at(151), interrupted: false, requestInFlight: false) == .wait(until: at(250)))
        #expect(patience.next(now: at(250), interrupted: false, requestInFlight: false) == .requestCancel)
        #expect(patience.next(now: at(449), interrupted: false, requestInFlight: false) == .wait(until: at(450)))
        #expect(patience.next(now: at(450), interrupted: false, requestInFlight: false) == .requestCancel)
        #expect(patience.next(now: at(499), interrupted: false, requestInFlight: false) == .wait(until: at(500)))
        #expect(patience.next(now: at(500), interrupted: false, requestInFlight: true) == .giveUp(.deadline))
    }

    @Test("keeps its first reason")
    func firstReason() {
        var patience = Patience(deadline: at(100), grace: .seconds(5))
        #expect(patience.next(now: at(50), interrupted: true, requestInFlight: false) == .requestCancel)
        #expect(patience.next(now: at(200), interrupted: true, requestInFlight: true) == .wait(until: at(5_050)))
        #expect(patience.reason == .cancelled)
        #expect(patience.next(now: at(5_050), interrupted: true, requestInFlight: false) == .giveUp(.cancelled))
    }
}
