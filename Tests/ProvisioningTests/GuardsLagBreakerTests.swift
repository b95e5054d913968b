// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import Provisioning
import Testing

@Suite("The lag breaker")
struct GuardsLagBreakerTests {
    private static func position(_ bytes: UInt64) -> LogSequenceNumber { LogSequenceNumber(rawValue: bytes) }

    /// A primary at `flushed` with one standby at `replayed`.
    private static func reading(
        _ flushed: UInt64,
        _ replayed: UInt64?,
        reported: Double? = nil,
        slot: Int64? = nil
    ) -> ReplicationReading {
        ReplicationReading(
            flushed: position(flushed),
            standbys: replayed.map {
                [
                    ReplicationReading.Standby(
                        name: "east",
                        replayed: position($0),
                        reportedLag: reported.map { .seconds($0) }
                    )
                ]
            } ?? [],
            slots: slot.map { [ReplicationReading.Slot(name: "sub", unconfirmed: $0, isActive: true)] } ?? []
        )
    }

    /// Readings a number of seconds after the first, one after the other, and whether the breaker was closed, open, or undecided at each.
    private static func run(
        _ readings: [(Double, ReplicationReading)],
        limits: LagLimits = LagLimits()
    ) -> [String] {
        var breaker = LagBreaker(limits: limits)
        return readings.map { moment, reading in
            switch breaker.observe(reading, at: .seconds(moment)) {
            case .closed: "closed"
            case .undecided: "undecided"
            case .open: "open"
            }
        }
    }

    @Test("is closed without a standby, and at once with one that has replayed everything")
    func nobodyBehind() {
        #expect(Self.run([(0, Self.reading(100, nil))]) == ["closed"])
        #expect(Self.run([(0, Self.reading(100, 100)), (90, Self.reading(100, 100))]) == ["closed", "closed"])
    }

    @Test(
        "opens when what was flushed at the first look isn't replayed 5 s later, however small the lag that the standby reports"
    )
    func stuck() {
        let moments: [Double] = [0, 1, 4.9, 5, 5.1, 60]
        let readings = moments.map { ($0, Self.reading(100 + UInt64($0 * 10), 90, reported: 0.002)) }
        #expect(Self.run(readings) == ["undecided", "undecided", "undecided", "undecided", "open", "open"])
    }

    @Test("lets a busy standby pass as soon as it has replayed what was flushed at the look before")
    func busy() {
        let readings = [(0.0, Self.reading(100, 99)), (0.02, Self.reading(120, 119)), (0.04, Self.reading(140, 139))]
        #expect(Self.run(readings) == ["undecided", "closed", "closed"])
    }

    @Test("lets a standby pass that is always 3 s behind, after it has shown that it is no more")
    func alwaysLate() {
        let readings = (0...8).map { second in
            let replayed: Int = max(99, 70 + 10 * second)
            return (Double(second), Self.reading(UInt64(100 + 10 * second), UInt64(replayed)))
        }
        #expect(Self.run(readings) == Array(repeating: "undecided", count: 3) + Array(repeating: "closed", count: 6))
    }

    @Test("opens at once on a large lag that the standby itself measured, unless it has replayed everything since")
    func reported() {
        #expect(Self.run([(0, Self.reading(100, 90, reported: 7))]) == ["open"])
        #expect(Self.run([(0, Self.reading(100, 100, reported: 7))]) == ["closed"])
    }

    @Test("closes only below the lower mark, not already below the upper one")
    func hysteresis() {
        // Open; then 3 s behind for a while, which would not have opened it; then less than a second.
        let states: [(Double, UInt64, UInt64)] = [
            (0, 100, 90), (6, 160, 90), (7, 170, 100), (8, 180, 100), (9, 190, 160), (10, 200, 170), (11, 210, 200),
            (12, 220, 200),
        ]
        let readings = states.map { ($0, Self.reading($1, $2)) }
        #expect(
            Self.run(readings) == ["undecided", "open", "open", "open", "open", "open", "closed", "closed"]
        )
    }

    @Test("opens and closes by bytes for a logical slot")
    func slots() {
        let limits = LagLimits(slotOpensAbove: 1000)
        let readings = [900, 1001, 900, 400, 399, 900].map { (0.0, Self.reading(5000, nil, slot: $0)) }
        #expect(Self.run(readings, limits: limits) == ["closed", "open", "open", "open", "closed", "closed"])
    }

    @Test("takes an expected standby that isn't there for a lagging one, until it is there and has caught up")
    func expected() {
        let limits = LagLimits(expectedStandbys: ["east"])
        let readings = [(0.0, Self.reading(100, nil)), (1, Self.reading(110, 50)), (2, Self.reading(120, 120))]
        #expect(Self.run(readings, limits: limits) == ["open", "open", "closed"])
    }

    @Test("begins anew when the log goes back: behind a lost connection may be another primary")
    func otherPrimary() {
        let readings = [(0.0, Self.reading(1000, 900)), (4.0, Self.reading(100, 50)), (6.0, Self.reading(110, 50))]
        #expect(Self.run(readings) == ["undecided", "undecided", "undecided"])
    }

    @Test("stays open over hours of looks at a standby that stands still")
    func hours() {
        var breaker = LagBreaker(limits: LagLimits())
        for look in 0..<20_000 {
            _ = breaker.observe(Self.reading(UInt64(100 + look), 90), at: .milliseconds(250 * look))
        }
        guard case .open(let laggards) = breaker.observe(Self.reading(99_999, 90), at: .seconds(5000)) else {
            Issue.record("it isn't open")
            return
        }
        #expect(laggards.first?.seconds == 5000)
        #expect(breaker.openings == 1)
    }
}
