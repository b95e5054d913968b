// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import BenchmarkReport
import Testing

@Suite("Latencies and samples")
struct LatenciesTests {
    @Test("percentiles are those of the values, to a thousandth, and the longest is exact")
    func percentiles() {
        var latencies = Latencies()
        for milliseconds in 1...1000 { latencies.record(.milliseconds(milliseconds)) }
        latencies.record(.microseconds(8_021_337))
        let summary = latencies.summary
        #expect(summary.count == 1001)
        #expect(abs(summary.p50 - 501) < 1)
        #expect(abs(summary.p99 - 991) < 1.1)
        #expect(summary.longest == 8021.337)
    }

    @Test("two groups together have the percentiles and the longest of both")
    func merge() {
        var quick = Latencies()
        var slow = Latencies()
        for _ in 0..<90 { quick.record(.milliseconds(1)) }
        for _ in 0..<10 { slow.record(.seconds(2)) }
        quick.merge(slow)
        #expect(quick.count == 100)
        #expect(quick.summary.p50 < 1.01)
        #expect(quick.summary.p99 > 1990)
        #expect(quick.longest == .seconds(2))
    }

    @Test("a latency below zero counts as none, one beyond an hour is kept as the longest")
    func extremes() {
        var latencies = Latencies()
        latencies.record(.microseconds(-3))
        #expect(latencies.summary.longest == 0)
        latencies.record(.seconds(7200))
        #expect(latencies.count == 2)
        #expect(latencies.summary.longest == 7_200_000)
    }

    @Test("nothing recorded is nothing, not a crash")
    func empty() {
        #expect(Latencies().summary == LatencySummary(count: 0, p50: 0, p99: 0, p999: 0, longest: 0))
        #expect(Samples([]).median == 0)
    }

    @Test("the median of an even number is the mean of the two in the middle")
    func median() {
        #expect(Samples([9, 1, 5]).median == 5)
        #expect(Samples([9, 1, 5, 7]).median == 6)
        #expect(Samples([9, 1, 5]).least == 1)
        #expect(Samples([9, 1, 5]).greatest == 9)
    }
}

@Suite("Arrival schedules")
struct ArrivalScheduleTests {
    @Test("sessions share a rate evenly: together one request every interval, none twice")
    func shared() {
        let schedules = ArrivalSchedule.sessions(4, rate: 200)
        let due = schedules.flatMap { schedule in (0..<50).map { schedule.due($0) } }.sorted()
        #expect(due.count == 200)
        for (index, instant) in due.enumerated() { #expect(instant == .milliseconds(5) * index) }
    }

    @Test("when a request is due doesn't depend on anything that happened before")
    func open() {
        let schedule = ArrivalSchedule(first: .milliseconds(3), interval: .milliseconds(20))
        #expect(schedule.due(0) == .milliseconds(3))
        #expect(schedule.due(400) == .milliseconds(8003))
    }
}
