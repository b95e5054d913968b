// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import TestSupport
import Testing

@Suite("The whole system, simulated", .timeLimit(.minutes(60)))
struct SimulationTests {
    /// The seed, what happened last, and how to see it again.
    static func report(_ simulation: Simulation, seed: UInt64) -> Comment {
        Comment(
            rawValue: """
                seed \(seed): \(simulation.ledger.violations)
                \(simulation.ledger.trace.suffix(60).joined(separator: "\n"))
                again: SEED=\(seed) ROUNDS=1 TEST_FILTER=SimulationTests.SimulationTests make soak
                """
        )
    }

    @Test(
        "yields no partition that isn't attached, serves none past its bound, and versions only grow",
        arguments: Seeds.upTo(4)
    )
    func invariants(seed: UInt64) {
        var simulation = Simulation(seed: seed, name: "sound_\(seed)")
        simulation.run(hours: 4)
        #expect(simulation.ledger.violations.isEmpty, Self.report(simulation, seed: seed))
        let counts = simulation.ledger.counts
        // Else it has shown nothing.
        let shown: [Ledger.Count] = [
            .created, .detached, .taken, .servedFresh, .servedKept, .refusedStale, .refusedDraining,
        ]
        for what in shown {
            #expect(counts[what, default: 0] > 3, "seed \(seed): \(what): \(counts)")
        }
        print("simulation of seed \(seed): \(counts.map { "\($0.key) \($0.value)" }.sorted().joined(separator: ", "))")
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
