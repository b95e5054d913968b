// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import Testing

@Suite("Retiring under flushes, cut-off routers, stepping clocks and stopped processes")
struct RetireSimulationTests {
    @Test("no router serves a partition after its detach, though the store is flushed and set back", arguments: 1...10)
    func setBack(seed: UInt64) throws {
        var simulation = RetireSimulation(seed: seed)
        try simulation.run(hours: 8)
        #expect(simulation.violations.prefix(3) == [], "seed \(seed)")
        #expect(simulation.detached > 1, "seed \(seed)")
        #expect(simulation.waited > 20, "seed \(seed)")
    }

    @Test("what maps promised is kept from the maps alone where the store keeps what it was given", arguments: 1...6)
    func promises(seed: UInt64) throws {
        let weather = RetireSimulation.Weather(storeIsSetBack: false, catalogKnowsPromises: false)
        var simulation = RetireSimulation(seed: seed, weather)
        try simulation.run(hours: 8)
        #expect(simulation.violations.prefix(3) == [], "seed \(seed)")
        #expect(simulation.detached > 1, "seed \(seed)")
    }
}
