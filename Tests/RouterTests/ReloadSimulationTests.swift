// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Testing

@Suite("A simulated router")
struct ReloadSimulationTests {
    @Test(
        "takes only higher versions, and is stale before a publisher may detach what it serves",
        arguments: 1...12 as ClosedRange<UInt64>
    )
    func invariants(seed: UInt64) {
        var simulation = ReloadSimulation(seed: seed)
        simulation.run(hours: 3)
        #expect(simulation.violations.isEmpty, "seed \(seed): \(simulation.violations.prefix(3))")
        // Else it has shown nothing.
        #expect(simulation.taken > 20)
        #expect(simulation.staleSteps > 100)
    }

    @Test("meets conflicts")
    func conflicts() {
        let conflicts = (1...12 as ClosedRange<UInt64>).map { seed in
            var simulation = ReloadSimulation(seed: seed)
            simulation.run(hours: 1)
            return simulation.conflicts
        }
        #expect(conflicts.reduce(0, +) > 12)
    }
}
