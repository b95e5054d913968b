// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import TestSupport
import Testing

@Suite("Maps in pieces, simulated", .timeLimit(.minutes(60)))
struct PiecesSimulationTests {
    @Test(
        "are whole for every reader in whatever order publishers act, die and hear nothing; none is lost, and nothing is left over"
    )
    func sound() async {
        var (published, read, lostCommits, killed, unheard) = (0, 0, 0, 0, 0)
        for seed in Seeds.upTo(60) {
            let result = await PiecesSimulation(seed: seed).run()
            #expect(
                result.violations.isEmpty,
                "seed \(seed): \(result.violations.prefix(5)); SEED=\(seed) ROUNDS=1 TEST_FILTER=SimulationTests.PiecesSimulationTests make soak"
            )
            published += result.published
            read += result.read
            lostCommits += result.lostCommits
            killed += result.killed
            unheard += result.unheard
        }
        print(
            "maps in pieces: published \(published), read \(read), lost commits \(lostCommits), killed \(killed), unheard \(unheard)"
        )
        // Else it has shown nothing.
        #expect(published > 0 && read > 0 && lostCommits > 0 && unheard > 0)
    }

    @Test(
        "are seen to be torn, lost or left over where the store or its use is built wrong",
        arguments: SimulatedKeys.Breakage.allCases
    )
    func broken(breakage: SimulatedKeys.Breakage) async {
        var found: [String] = []
        for seed in 1...60 as ClosedRange<UInt64> where found.isEmpty {
            found = await PiecesSimulation(seed: seed, breakage).run().violations
        }
        #expect(!found.isEmpty, "\(breakage)")
    }

    @Test("happens the same again with the same seed")
    func replay() async {
        let first = await PiecesSimulation(seed: 7).run()
        let second = await PiecesSimulation(seed: 7).run()
        #expect((first.published, first.read, first.lostCommits) == (second.published, second.read, second.lostCommits))
    }
}
