// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

@testable import PartitionRouter

extension Simulation {
    /// What befalls the system in a second.
    mutating func weather() {
        plan(.weather, after: Self.second)
        weatherOfStore()
        weatherOfRouters()
        weatherOfClocks()
        weatherOfPlots()
        if chance(3_000) {
            isDatabaseDown = true
            note("the server is restarted")
            crashRuns()
            plan(.databaseIsBack, after: upTo(seconds: 60))
        }
        if chance(600) { crashRuns() }
        if chance(200) { beginRepair() }
        if chance(1_800),
            let lower = database.partitions.filter({ $0.value.isAttached }).keys.sorted().randomElement(using: &random)
        {
            database.partitions[lower]?.isUnwanted = true
            note("an operator wants events_\(lower / SimulatedDatabase.width) retired")
        }
    }

    private mutating func weatherOfStore() {
        if chance(1_500) {
            store.isDown = true
            note("the store is down")
            plan(.storeIsBack, after: upTo(seconds: 250))
        }
        if chance(60) {
            plan(
                .hint(router: Int.random(in: routers.indices, using: &random), Hint(content: store.content)),
                after: upTo(seconds: 600)
            )
        }
        guard !onlyMapsKnowPromises else { return }
        if chance(3_000) {
            ledger.count(.flushes)
            note("the store is flushed")
            store.flush(at: now)
        }
        if chance(2_000) {
            let lost = upTo(seconds: 60)
            ledger.count(.failovers)
            note("the store fails over and loses \(lost / 1_000_000) ms")
            store.goBack(to: now - lost, isRestore: false, at: now)
        }
        if chance(6_000) {
            let lost = upTo(seconds: 3_600)
            ledger.count(.restores)
            note("the store is restored as it was \(lost / Self.second) s ago")
            store.goBack(to: now - lost, isRestore: true, at: now)
        }
        if chance(1_500) {
            note("somebody damages the document by hand")
            // Half of the time so that it can still be parsed, with another name in it.
            let isParsed = chance(2)
            store.damage(isParsed ? UInt8(ascii: "v") : nil, at: now, &random)
        }
    }

    private mutating func weatherOfRouters() {
        for router in routers.indices {
            if !routers[router].isCutOff, chance(router == 0 ? 400 : 1_500) {
                routers[router].isCutOff = true
                note("router \(router) is cut off")
                plan(.reachable(router: router), after: upTo(seconds: router == 0 ? 1_500 : 300))
            }
            if chance(2_500) {
                restart(router)
            }
            if chance(1_500) {
                note("router \(router) is stopped for a while")
                let pause = upTo(seconds: 300)
                routers[router].stoppedUntil = now + pause
            }
        }
    }

    mutating func restart(_ router: Int) {
        ledger.count(.restarted)
        note("router \(router) is started anew")
        let seed = random.next()
        routers[router].restart(seed: seed, at: now)
        carryOut(feed(router, .started), router: router)
    }

    private mutating func weatherOfClocks() {
        for router in routers.indices where chance(900) {
            let offset = Int64.random(in: -Self.skew...Self.skew, using: &random)
            routers[router].clockOffset = offset
        }
        if chance(600) {
            let offsets = (0..<2).map { _ in Int64.random(in: -Self.skew...Self.skew, using: &random) }
            setClocks(server: offsets[0], client: offsets[1])
        }
        // One of the two is wrong by minutes, the other one isn't.
        if chance(3_600) {
            let wrong = Int64.random(in: -600_000_000...600_000_000, using: &random)
            let isServer = chance(2)
            setClocks(server: isServer ? wrong : 0, client: isServer ? 0 : wrong)
        }
    }

    mutating func setClocks(server: Int64, client: Int64) {
        if onlyMapsKnowPromises, abs(server) > Self.skew || abs(client) > Self.skew { return }
        if !onlyMapsKnowPromises { database.clockOffset = server }
        clientClockOffset = client
        note("clocks step: server \(database.clockOffset / 1000) ms, client \(clientClockOffset / 1000) ms")
    }
}
