// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

@testable import PartitionRouter
import Testing

@Suite("The decisions of reloading")
struct ReloadMachineTests {
    typealias Action = ReloadMachine.Action

    private static let one = MapIdentity(version: 1, checksum: "a")
    private static let two = MapIdentity(version: 2, checksum: "b")

    private static func at(_ seconds: Double) -> MonotonicTime {
        MonotonicTime(nanoseconds: Int64(seconds * 1_000_000_000))
    }

    /// A machine that serves a map confirmed by a read sent at that time.
    private static func serving(_ identity: MapIdentity, sentAt seconds: Double = 0) -> ReloadMachine {
        var machine = ReloadMachine(seed: 1)
        #expect(machine.started(at: at(seconds)) == [.readHeader])
        #expect(
            machine.headerRead(identity, sentAt: at(seconds), at: at(seconds))
                == [.readDocument(identity, headerSentAt: at(seconds))]
        )
        #expect(machine.documentRead(identity, sentAt: at(seconds), at: at(seconds)) == [.take(identity)])
        return machine
    }

    @Test("a moment too far away for the clock is its last, or its first", arguments: [1, -1] as [Int64])
    func farAway(sign: Int64) {
        let now = Self.at(10)
        let last = MonotonicTime(nanoseconds: sign > 0 ? .max : .min)
        // Beyond in the product, in its sum with the fraction, and in that with the clock.
        for microseconds in [Int64.max, 9_223_372_036_860_000, 9_223_372_036_854_700] {
            let sum = now + .microseconds(sign * microseconds)
            #expect(sum == last || sign < 0 && microseconds == 9_223_372_036_854_700)
        }
        #expect(now + .microseconds(sign) == MonotonicTime(nanoseconds: 10_000_000_000 + sign * 1000))
    }

    @Test("the age counts from when the read was sent, not from when it was answered")
    func sent() {
        var machine = Self.serving(Self.one)
        _ = machine.hinted(at: Self.at(10))
        #expect(machine.headerRead(Self.one, sentAt: Self.at(10), at: Self.at(14)) == [.renew])
        #expect(machine.age(at: Self.at(15)) == .seconds(5))
        #expect(machine.staleAt == Self.at(100))
    }

    @Test("a hint renews nothing: it only makes the map be read")
    func hints() {
        var machine = Self.serving(Self.one)
        #expect(machine.hinted(at: Self.at(60)) == [.readHeader])
        #expect(machine.age(at: Self.at(60)) == .seconds(60))
        #expect(machine.served == Self.one)
    }

    @Test("a hint during a read makes another one follow, and however many hints, one")
    func hintsDuringARead() {
        var machine = Self.serving(Self.one)
        #expect(machine.hinted(at: Self.at(1)) == [.readHeader])
        #expect(machine.hinted(at: Self.at(1)) == [])
        #expect(machine.hinted(at: Self.at(1)) == [])
        #expect(machine.headerRead(Self.one, sentAt: Self.at(1), at: Self.at(2)) == [.renew, .readHeader])
        #expect(machine.headerRead(Self.one, sentAt: Self.at(2), at: Self.at(3)) == [.renew])
    }

    @Test("a read that failed, found nothing, an older version or another map of the same version renews nothing")
    func notRenewed() {
        let error = RegistryError(.unreachable, "gone")
        var machine = Self.serving(Self.two)
        _ = machine.hinted(at: Self.at(10))
        #expect(machine.failed(error, at: Self.at(10)) == [.report(.failed(error))])
        _ = machine.hinted(at: Self.at(20))
        #expect(machine.headerRead(nil, sentAt: Self.at(20), at: Self.at(20)) == [.report(.missing)])
        for found in [Self.one, MapIdentity(version: 2, checksum: "c")] {
            _ = machine.hinted(at: Self.at(30))
            #expect(
                machine.headerRead(found, sentAt: Self.at(30), at: Self.at(30))
                    == [.report(.conflict(found: found, served: Self.two))]
            )
        }
        // Newer, but its document can't be read.
        _ = machine.hinted(at: Self.at(40))
        let three = MapIdentity(version: 3, checksum: "d")
        #expect(
            machine.headerRead(three, sentAt: Self.at(40), at: Self.at(40))
                == [.readDocument(three, headerSentAt: Self.at(40))]
        )
        _ = machine.failed(RegistryError(.corrupt, "bad"), at: Self.at(40))
        #expect(machine.served == Self.two)
        #expect(machine.age(at: Self.at(50)) == .seconds(50))
    }

    @Test("a document older than its header announced is judged by what it is")
    func documentChangedMeanwhile() {
        var machine = Self.serving(Self.two)
        _ = machine.hinted(at: Self.at(1))
        _ = machine.headerRead(.init(version: 5, checksum: "e"), sentAt: Self.at(1), at: Self.at(1))
        #expect(
            machine.documentRead(Self.one, sentAt: Self.at(2), at: Self.at(2))
                == [.report(.conflict(found: Self.one, served: Self.two))]
        )
        _ = machine.hinted(at: Self.at(3))
        _ = machine.headerRead(.init(version: 5, checksum: "e"), sentAt: Self.at(3), at: Self.at(3))
        let seven = MapIdentity(version: 7, checksum: "g")
        #expect(
            machine.documentRead(seven, sentAt: Self.at(4), at: Self.at(4)) == [.take(seven), .report(.recovered)]
        )
        #expect(machine.age(at: Self.at(5)) == .seconds(1))
    }

    @Test("it reads by itself after 15 to 30 s, and after a failure sooner, with pauses that double")
    func pauses() {
        var machine = Self.serving(Self.one)
        var readAt = Self.firstRead(&machine, from: 0)
        #expect((15...30).contains(readAt))
        var pauses: [Double] = []
        for _ in 0..<8 {
            _ = machine.failed(RegistryError(.unreachable, "gone"), at: Self.at(readAt))
            let next = Self.firstRead(&machine, from: readAt)
            pauses.append(next - readAt)
            readAt = next
        }
        for (index, pause) in pauses.enumerated() {
            let longest = min(0.5 * Double(1 << index), 30)
            #expect((longest / 2...longest + 0.2).contains(pause), "\(pauses)")
        }
    }

    /// Ticks every tenth of a second until a read is asked for.
    private static func firstRead(_ machine: inout ReloadMachine, from seconds: Double) -> Double {
        for tenth in 1...400 {
            let now = seconds + Double(tenth) / 10
            if machine.ticked(at: at(now)).contains(.readHeader) { return now }
        }
        return .infinity
    }

    @Test("trouble and staleness are reported once, and that they are over")
    func reports() {
        let error = RegistryError(.unreachable, "gone")
        var machine = Self.serving(Self.one)
        _ = machine.hinted(at: Self.at(1))
        #expect(machine.failed(error, at: Self.at(1)) == [.report(.failed(error))])
        #expect(machine.ticked(at: Self.at(2)) == [.readHeader])
        #expect(machine.failed(error, at: Self.at(2)) == [])
        _ = machine.ticked(at: Self.at(89.9))
        #expect(machine.ticked(at: Self.at(90)) == [.report(.stale)])
        #expect(machine.ticked(at: Self.at(91)) == [])
        #expect(machine.headerRead(Self.one, sentAt: Self.at(90), at: Self.at(92)) == [.renew, .report(.recovered)])
    }

    @Test("who takes over reads at once, whatever the last one left undone")
    func takingOver() {
        var machine = Self.serving(Self.one)
        _ = machine.hinted(at: Self.at(1))
        #expect(machine.started(at: Self.at(2)) == [.readHeader])
        #expect(machine.headerRead(Self.one, sentAt: Self.at(2), at: Self.at(2)) == [.renew])
    }
}
