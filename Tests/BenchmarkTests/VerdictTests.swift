// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import BenchmarkReport
import Testing

@Suite("What must hold, and whether it did")
struct VerdictTests {
    private static let circumstances = Circumstances(
        mode: "quick",
        date: "2026-11-26 05:00",
        commit: "abc",
        processor: "some processor",
        cores: 2,
        memoryGiB: 24,
        kernel: "6.1",
        versions: ["PostgreSQL 15.18"],
        loadBefore: 0.1,
        loadAfter: 1
    )

    private static func stalls(
        _ waits: [(StallResults.Contender, longest: Double, made: [Int])],
        errors: Int = 0
    ) -> StallResults {
        let situation = StallResults.Situation(defaultPartition: .none, hasReader: true)
        return StallResults(
            circumstances: circumstances,
            rate: 200,
            sessions: 4,
            readerSeconds: 8,
            defaultRows: 3_000_000,
            repetitions: 2,
            cells: waits.map { contender, longest, made in
                StallResults.Cell(
                    situation: situation,
                    contender: contender,
                    writers: LatencySummary(count: 10, p50: 1, p99: 2, p999: 3, longest: longest),
                    readers: LatencySummary(count: 10, p50: 1, p99: 2, p999: 3, longest: 1),
                    errors: errors,
                    generatorDelay: 1,
                    made: made,
                    wanted: 2,
                    duration: Samples([0.5]),
                    outcome: ""
                )
            }
        )
    }

    @Test("50 ms over the baseline are allowed, a little more is not")
    func allowance() {
        let met = Self.stalls([(.nobody, 10, [0, 0]), (.ours, 60, [2, 2])])
        #expect(met.verdicts.allSatisfy { $0.isMet })
        let missed = Self.stalls([(.nobody, 10, [0, 0]), (.ours, 60.1, [2, 2])])
        #expect(missed.verdicts.map(\.isMet) == [false, true])
        #expect(missed.markdown(picture: "x.svg").contains("**Missed**"))
    }

    @Test("a partition that isn't there in one repetition, or a bystander's error, is a miss")
    func completeness() {
        let missing = Self.stalls([(.nobody, 10, [0, 0]), (.ours, 10, [2, 1])])
        #expect(missing.verdicts.map(\.isMet) == [true, false])
        #expect(missing.markdown(picture: "x.svg").contains("1 or 2 of 2"))
        let error = Self.stalls([(.nobody, 10, [0, 0]), (.ours, 10, [2, 2])], errors: 1)
        #expect(error.verdicts.map(\.isMet) == [true, false])
    }

    @Test("without a baseline nothing is claimed")
    func nothing() {
        #expect(Self.stalls([(.ours, 1, [2, 2])]).verdicts.first?.isMet == false)
    }

    @Test("a first run is compared by medians with psql's, and what it sends is counted")
    func ratio() {
        func results(ours: [Double], messages: Int) -> ThroughputResults {
            func row(_ contender: ThroughputResults.Contender, _ seconds: [Double]) -> ThroughputResults.Row {
                ThroughputResults.Row(
                    contender: contender,
                    seconds: Samples(seconds),
                    client: Samples(seconds),
                    server: Samples(seconds),
                    messages: messages
                )
            }
            return ThroughputResults(
                circumstances: Self.circumstances,
                tables: 10,
                partitions: 600,
                rows: [row(.ours, ours), row(.everyStatement, [2, 2, 2]), row(.changesAlone, [1, 1, 1])]
            )
        }
        let met = results(ours: [2.6, 2.6, 9], messages: 3000)
        #expect(met.ratio(to: .everyStatement) == 1.3)
        #expect(met.ratio(to: .byHand) == nil)
        #expect(met.verdicts.map(\.isMet) == [true, true])
        #expect(met.markdown.contains("× 1.30"))
        #expect(results(ours: [2.62, 2.62], messages: 3000).verdicts.map(\.isMet) == [false, true])
        #expect(results(ours: [2], messages: 3001).verdicts.map(\.isMet) == [true, false])
    }

    @Test("a run with nothing to do is judged by its median time and its greatest memory")
    func idle() {
        func results(wall: [Double], peak: [Double]) -> IdleResults {
            IdleResults(
                circumstances: Self.circumstances,
                tables: 1000,
                partitionsOfEach: 60,
                rows: [
                    IdleResults.Row(
                        variant: "x",
                        wall: Samples(wall),
                        ours: Samples(wall),
                        server: Samples(wall),
                        peak: Samples(peak)
                    )
                ]
            )
        }
        #expect(results(wall: [3, 4, 9], peak: [1e8, 2e8]).verdicts.allSatisfy { $0.isMet })
        #expect(results(wall: [3, 4.1, 9], peak: [1e8]).verdicts.contains { !$0.isMet })
        #expect(results(wall: [3], peak: [1e8, 2.001e8]).verdicts.contains { !$0.isMet })
    }
}
