// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import Testing

@Suite("Two-phase retire, step by step")
struct RetireProtocolTests {
    private typealias Fixture = RetireFixture
    private let steps = RetireProtocol()
    private let noon = RetireFixture.noon
    private let wait: Int64 = 210_000_000

    @Test("from the first mark over publish and sighting to the detach, each once")
    func wholeWay() throws {
        let active = try Fixture.map(.active)
        let draining = try Fixture.map(.draining, version: 6)
        let first = steps.next(Fixture.subject(nil), .stored(active), Fixture.clocks(noon))
        #expect(first == .mark(Fixture.mark()))
        let second = steps.next(Fixture.subject(Fixture.mark()), .stored(active), Fixture.clocks(noon))
        #expect(second == .publish(replacing: active.header))
        let third = steps.next(Fixture.subject(Fixture.mark()), .stored(draining), Fixture.clocks(noon))
        #expect(third == .mark(Fixture.mark(seen: 6)))
        let seen = Fixture.subject(Fixture.mark(seen: 6))
        let early = steps.next(seen, .stored(draining), Fixture.clocks(noon + wait - 1))
        #expect(early == .wait(until: noon + wait, .routers))
        #expect(steps.next(seen, .stored(draining), Fixture.clocks(noon + wait)) == .detach)
    }

    @Test("the wait is two bounds and half a minute, and follows the bound")
    func waitOfBound() {
        var timing = RetireProtocol.Timing()
        #expect(timing.wait == .seconds(210))
        timing.bound = .seconds(10)
        #expect(timing.wait == .seconds(50))
    }

    @Test("the wait begins by the later clock and ends by the earlier one")
    func twoClocks() throws {
        let draining = try Fixture.map(.draining)
        let begins = steps.next(
            Fixture.subject(Fixture.mark()),
            .stored(draining),
            Fixture.clocks(noon, client: noon + 40_000_000)
        )
        #expect(begins == .mark(Fixture.mark(seen: 5, at: noon + 40_000_000)))
        let ends = steps.next(
            Fixture.subject(Fixture.mark(seen: 5)),
            .stored(draining),
            Fixture.clocks(noon + wait + 40_000_000, client: noon + wait - 1)
        )
        #expect(ends == .wait(until: noon + wait, .routers))
    }

    @Test("a store that was flushed, damaged or set back is published to, and the wait begins again")
    func setBack() throws {
        let subject = Fixture.subject(Fixture.mark(seen: 5))
        let late = Fixture.clocks(noon + 100 * wait)
        #expect(steps.next(subject, .stored(nil), late) == .publish(replacing: nil))
        #expect(steps.next(subject, .damaged(nil), late) == .publish(replacing: nil))
        let active = try Fixture.map(.active, version: 4)
        #expect(steps.next(subject, .damaged(active.header), late) == .publish(replacing: active.header))
        #expect(steps.next(subject, .stored(active), late) == .publish(replacing: active.header))
        let absent = try Fixture.map(nil, version: 3)
        #expect(steps.next(subject, .stored(absent), late) == .publish(replacing: absent.header))
        let again = try Fixture.map(.draining, version: 7)
        #expect(
            steps.next(subject, .stored(again), late) == .mark(Fixture.mark(seen: 7, at: noon + 100 * wait))
        )
    }

    @Test("a version that is given out twice, by a clock that is behind, isn't taken for the sighted one")
    func versionTwice() throws {
        let again = try Fixture.map(.draining, origin: Fixture.origin(lsn: 101))
        let subject = Fixture.subject(Fixture.mark(seen: 5), origin: Fixture.origin(lsn: 102))
        let seen = RetireMark.Sighting(version: 5, lsn: LogSequenceNumber(rawValue: 101), at: noon + 9 * wait)
        #expect(
            steps.next(subject, .stored(again), Fixture.clocks(noon + 9 * wait))
                == .mark(RetireMark(drainingSince: noon, sighting: seen))
        )
    }

    @Test("the last promise of a map in which the partition is active is written down before that map is replaced")
    func promiseFirst() throws {
        let until = noon + 7 * microsecondsPerDay
        let active = try Fixture.map(.active, keptUntil: until)
        let clocks = Fixture.clocks(noon)
        let noted = Fixture.mark(keptUntil: until)
        // With the first mark already: from then on anybody may replace the map.
        #expect(steps.next(Fixture.subject(nil), .stored(active), clocks) == .mark(noted))
        #expect(steps.next(Fixture.subject(Fixture.mark()), .stored(active), clocks) == .mark(noted))
        #expect(steps.next(Fixture.subject(noted), .stored(active), clocks) == .publish(replacing: active.header))
        // A shorter one changes nothing.
        let shorter = try Fixture.map(.active, keptUntil: until - 1)
        #expect(steps.next(Fixture.subject(noted), .stored(shorter), clocks) == .publish(replacing: shorter.header))
    }

    @Test("a promise is kept, whoever knows of it, for as long as a router's slow clock takes it to be valid")
    func promiseKept() throws {
        let until = noon + microsecondsPerDay
        let end = until + 60_000_000
        // What the draining map itself promises concerns the others.
        let draining = try Fixture.map(.draining, keptUntil: until + microsecondsPerDay)
        for subject in [
            Fixture.subject(Fixture.mark(seen: 5, keptUntil: until)),
            Fixture.subject(Fixture.mark(seen: 5), promisedUntil: until),
            Fixture.subject(Fixture.mark(seen: 5, keptUntil: until - 5), promisedUntil: until),
        ] {
            let early = steps.next(subject, .stored(draining), Fixture.clocks(end - 1))
            #expect(early == .wait(until: end, .promise))
            #expect(steps.next(subject, .stored(draining), Fixture.clocks(end)) == .detach)
        }
        let forEver = Fixture.subject(Fixture.mark(seen: 5, keptUntil: .max))
        #expect(
            steps.next(forEver, .stored(draining), Fixture.clocks(.max - 1)) == .wait(until: .max, .promise)
        )
    }

    @Test("a clone, another database and this one's past refuse: their marks say nothing of what routers serve")
    func foreign() throws {
        let draining = try Fixture.map(.draining, origin: Fixture.origin(timeline: 2))
        let late = Fixture.clocks(noon + 100 * wait)
        for (origin, reason) in [
            (Fixture.origin(cluster: "8", timeline: 2), TakeOverReason.otherCluster),
            (Fixture.origin(database: "staging", timeline: 2), .otherDatabase),
            (Fixture.origin(timeline: 1), .olderTimeline),
            (Fixture.origin(timeline: 2, lsn: 99), .olderLSN),
        ] {
            for mark in [nil, Fixture.mark(), Fixture.mark(seen: 5)] {
                let subject = Fixture.subject(mark, origin: origin)
                #expect(steps.next(subject, .stored(draining), late) == .refuse(.foreign(reason)))
                #expect(steps.next(subject, .damaged(draining.header), late) == .refuse(.foreign(reason)))
            }
        }
        let same = Fixture.subject(Fixture.mark(seen: 5), origin: Fixture.origin(timeline: 2))
        #expect(steps.next(same, .stored(draining), late) == .detach)
    }

    @Test(
        "a registry that doesn't answer and clocks that disagree stop every step; without a registry there is nobody to wait for, unless there was one"
    )
    func nothingKnown() throws {
        let late = Fixture.clocks(noon + 100 * wait)
        let apart = Fixture.clocks(noon + 100 * wait, client: noon + 100 * wait + 60_000_001)
        for mark in [nil, Fixture.mark(), Fixture.mark(seen: 5)] {
            let subject = Fixture.subject(mark)
            #expect(steps.next(subject, .unreachable, late) == .refuse(.unreachable))
            let wasSeen = mark?.sighting != nil
            #expect(steps.next(subject, .unconfigured, late) == (wasSeen ? .refuse(.unconfigured) : .detach))
            for standing in [RetireProtocol.Standing.unconfigured, .stored(nil), .stored(try Fixture.map(.draining))] {
                #expect(steps.next(subject, standing, apart) == .refuse(.clocksDisagree))
            }
        }
        // What a map promised is kept without the registry, too, by a router's clock that is behind.
        let end = noon + 100 * wait
        let promised = [Fixture.subject(nil, promisedUntil: end), Fixture.subject(Fixture.mark(keptUntil: end))]
        for subject in promised {
            let until = end + 60_000_000
            #expect(
                steps.next(subject, .unconfigured, Fixture.clocks(until - 1)) == .wait(until: until, .promise)
            )
            #expect(steps.next(subject, .unconfigured, Fixture.clocks(until)) == .detach)
        }
        #expect(
            steps.next(Fixture.subject(nil), .unconfigured, Fixture.clocks(.min, client: .max))
                == .refuse(.clocksDisagree)
        )
    }

    @Test("of every combination of mark, map, promises and clocks exactly those detach that the rules name")
    func everyCombination() throws {
        let states: [PartitionMapDocument.State?] = [.active, .draining, nil]
        let versions: [Int64] = [5, 6]
        var marks: [RetireMark?] = [nil, Fixture.mark()]
        for version in versions {
            for at in [noon, noon + wait] {
                marks.append(Fixture.mark(seen: version, at: at))
                marks.append(Fixture.mark(seen: version, at: at, keptUntil: noon + 2 * wait))
            }
        }
        let promises: [Int64?] = [nil, noon + 2 * wait]
        let times = (0...8).map { noon + Int64($0) * wait / 2 }
        let differences: [Int64] = [-60_000_001, -60_000_000, 0, 60_000_000, 60_000_001]
        var (combinations, detached) = (0, 0)
        for state in states {
            for version in versions {
                let standing = RetireProtocol.Standing.stored(try Fixture.map(state, version: version))
                for mark in marks {
                    for promise in promises {
                        for time in times {
                            for difference in differences {
                                let clocks = Fixture.clocks(time, client: time + difference)
                                let step = steps.next(Fixture.subject(mark, promisedUntil: promise), standing, clocks)
                                let earlier = min(time, time + difference)
                                let end = [mark?.keptUntil, promise].compactMap(\.self).max() ?? noon - 60_000_000
                                let mayDetach =
                                    abs(difference) <= 60_000_000 && state == .draining
                                    && mark?.sighting?.version == version
                                    && earlier >= (mark?.sighting?.at ?? .max - wait) + wait
                                    && earlier - 60_000_000 >= end
                                combinations += 1
                                detached += mayDetach ? 1 : 0
                                if (step == .detach) != mayDetach {
                                    Issue.record("\(step) for \(standing), \(String(describing: mark)), \(clocks)")
                                }
                            }
                        }
                    }
                }
            }
        }
        #expect(combinations == 3 * 2 * 10 * 2 * 9 * 5)
        #expect(detached > 50)
    }
}
