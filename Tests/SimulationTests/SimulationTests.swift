// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import TestSupport
import Testing

@Suite("The whole system, simulated", .timeLimit(.minutes(60)))
struct SimulationTests {
    /// The seed, what happened last, and how to see it again.
    static func report(_ ledger: Ledger, seed: UInt64) -> Comment {
        Comment(
            rawValue: """
                seed \(seed): \(ledger.violations)
                \(ledger.trace.suffix(60).joined(separator: "\n"))
                again: SEED=\(seed) ROUNDS=1 TEST_FILTER=SimulationTests.SimulationTests make soak
                """
        )
    }

    @Test("yields no partition that isn't attached, serves none past its bound, and versions only grow")
    func invariants() async {
        let seeds = Seeds.upTo(6)
        var sum: [Ledger.Count: Int] = [:]
        await withTaskGroup(of: (UInt64, Ledger).self) { group in
            for seed in seeds {
                group.addTask {
                    var simulation = Simulation(seed: seed, name: "sound_\(seed)")
                    simulation.run(hours: 4)
                    return (seed, simulation.ledger)
                }
            }
            for await (seed, ledger) in group {
                #expect(ledger.violations.isEmpty, Self.report(ledger, seed: seed))
                // Else it has shown nothing.
                let shown: [Ledger.Count] = [
                    .created, .detached, .taken, .servedFresh, .servedKept, .refusedStale, .refusedDraining,
                    .readInIntervals,
                ]
                for what in shown {
                    #expect(ledger.counts[what, default: 0] > 3, "seed \(seed): \(what): \(ledger.counts)")
                }
                sum.merge(ledger.counts, uniquingKeysWith: +)
                print("simulation of seed \(seed): \(Self.text(ledger.counts))")
            }
        }
        // What is rare needn't befall each of them; one seed by itself is a replay. That a fence is needed is rarer still.
        guard seeds.count > 1 else { return }
        for what in Ledger.Count.allCases where what != .fenced {
            #expect(sum[what, default: 0] > 0, "\(what): \(Self.text(sum))")
        }
    }

    private static func text(_ counts: [Ledger.Count: Int]) -> String {
        counts.map { "\($0.key) \($0.value)" }.sorted().joined(separator: ", ")
    }

    @Test("finds what is built wrong", arguments: Breakage.allCases)
    func broken(breakage: Breakage) {
        var found: Violation?
        var hours: Int64 = 0
        for seed in 1...20 as ClosedRange<UInt64> where found == nil {
            var simulation = Simulation(seed: seed, breakage: breakage, name: "\(breakage)_\(seed)")
            simulation.run(hours: 6)
            hours += 6
            found = simulation.ledger.violations.first
            if let found { print("\(breakage): seed \(seed): \(found)") }
        }
        #expect(
            found.map { breakage.noticedBy.contains($0.invariant) } == true,
            "\(breakage): \(String(describing: found)) in \(hours) h"
        )
    }

    @Test("is the same again with the same seed")
    func replay() {
        let ledgers = (0..<2).map { _ in
            var simulation = Simulation(seed: 7, name: "replayed")
            simulation.run(hours: 1)
            return simulation.ledger
        }
        #expect(ledgers[0].trace.count > 20)
        #expect(ledgers[0].trace == ledgers[1].trace)
        #expect(ledgers[0].counts == ledgers[1].counts)
    }
}
