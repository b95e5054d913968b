// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
@testable import PartitionRouter

/// What befalls the system by intent: in the moments in which a retire is in danger, which chance finds once in a thousand hours.
enum Plot {
    case clocks(server: Int64, client: Int64)
    /// The store is set back to before it said that the partition drains, and a router is started anew on that.
    case setBack(Int64, router: Int)
    case cutOff(router: Int, seconds: Int64)
    /// Somebody started the program on a copy of the database, which still names the original's registry.
    case clone(SimulatedDatabase, rounds: Int)
}

extension Simulation {
    mutating func carryOut(_ plot: Plot) {
        switch plot {
        case .clocks(let server, let client): setClocks(server: server, client: client)
        case .cutOff(let router, let seconds): cutOff(router, seconds: seconds)
        case .setBack(let lower, let router): setBack(lower, router)
        case .clone(let clone, let rounds): run(clone, rounds: rounds)
        }
    }

    mutating func cutOff(_ router: Int, seconds: Int64) {
        guard !routers[router].isCutOff else { return }
        routers[router].isCutOff = true
        note("router \(router) is cut off")
        plan(.reachable(router: router), after: upTo(seconds: seconds / 2) + seconds / 2 * Self.second)
    }

    /// A partition that is draining, or was until lately: what a router must not get wrong.
    mutating func suspect() -> Int64? {
        guard chance(2) else { return nil }
        let lately = now - 600 * Self.second
        let suspects = database.partitions.filter { _, partition in
            partition.mark != nil && partition.detachedAt.map { $0 > lately } ?? true
        }
        return suspects.keys.sorted().randomElement(using: &random)
    }

    // MARK: - Moments of a retire

    /// The catalog says something new of the partition.
    mutating func plotAtMark(_ mark: RetireMark, of lower: Int64, first: Bool) {
        if let sighting = mark.sighting { return plotAtSighting(lower, sighting) }
        guard first else { return }
        // Long after the catalog says it, routers still confirm the map that doesn't.
        if chance(4) {
            note("publishers are cut off")
            publishersCutOffUntil = now + upTo(seconds: 300)
        }
        if chance(2) {
            setClocks(server: -Self.skew, client: -Self.skew)
        } else if !onlyMapsKnowPromises {
            bothClocksWrong()
        }
    }

    /// And more than a minute apart: only that shows that something is wrong.
    private mutating func bothClocksWrong() {
        let wrong = Int64.random(in: -900...(-300), using: &random)
        let apart = Int64.random(in: 90...200, using: &random)
        let isServer = chance(2)
        ledger.count(.bothClocksWrong)
        setClocks(
            server: (isServer ? wrong : wrong + apart) * 1_000_000,
            client: (isServer ? wrong + apart : wrong) * 1_000_000
        )
        plan(.plot(.clocks(server: 0, client: 0)), after: 10 * Self.second + upTo(seconds: 60))
    }

    /// The server's clock is minutes ahead when a version is made, and right again: the next versions only count up, and a store that is set
    /// back gets the same ones again. So somebody retires what isn't promised any more.
    mutating func plotAhead() {
        let clock = trueClock
        let over = database.partitions.filter { lower, partition in
            partition.isAttached && partition.mark == nil && SimulatedDatabase.due(lower) < clock
        }
        guard let lower = over.keys.sorted().randomElement(using: &random) else { return }
        database.partitions[lower]?.isUnwanted = true
        note("an operator wants events_\(lower / SimulatedDatabase.width) retired")
    }

    /// The map with the draining entry is about to be published: routers read what is there before.
    mutating func plotBeforePublish() {
        guard chance(2) else { return }
        for router in routers.indices { plan(.hint(router: router, Hint(content: store.content)), after: 0) }
    }

    mutating func plotAtDraining() {
        for router in routers.indices where chance(2) { cutOff(router, seconds: 400) }
    }

    private mutating func plotAtSighting(_ lower: Int64, _ sighting: RetireMark.Sighting) {
        if chance(2) {
            plan(.plot(.clocks(server: Self.skew, client: Self.skew)), after: upTo(seconds: 60))
        }
        let isAhead = sighting.version > trueClock + 100_000_000
        if chance(isAhead ? 2 : 10) {
            let router = Int.random(in: routers.indices, using: &random)
            plan(.plot(.setBack(lower, router: router)), after: 130 * Self.second + upTo(seconds: 90))
        }
    }

    private mutating func setBack(_ lower: Int64, _ router: Int) {
        guard !onlyMapsKnowPromises, let partition = database.partitions[lower], partition.isAttached,
            let drain = partition.drainPublishedAt
        else { return }
        ledger.count(.setBackWhileWaiting)
        note("the store is restored as it was before it said that \(partition.name) drains")
        store.goBack(to: drain - 1, isRestore: true, at: now)
        for router in [router, (router + 1) % routers.count] {
            routers[router].isCutOff = false
            restart(router)
            plan(.plot(.cutOff(router: router, seconds: 300)), after: 4 * Self.second)
        }
    }

    // MARK: - At any time

    mutating func weatherOfPlots() {
        if chance(1_000) { plotPromise() }
        if chance(600) {
            ledger.count(.clones)
            var clone = database
            if chance(2) { clone.systemIdentifier = "7000000000000000002" }
            plan(.plot(.clone(clone, rounds: 3)), after: upTo(seconds: 300))
        }
    }

    /// An operator wants a partition retired that a map promises to keep for ten minutes and more, and a router knows no other map until
    /// then. When the promise ends the router's clock is behind, and those that the wait goes by are ahead.
    private mutating func plotPromise() {
        let clock = trueClock
        let promised = database.partitions.filter { lower, partition in
            let left = SimulatedDatabase.due(lower) - clock
            return partition.isAttached && partition.mark == nil && left > 630_000_000 && left < 1_170_000_000
        }
        guard let lower = promised.keys.sorted().randomElement(using: &random) else { return }
        database.partitions[lower]?.isUnwanted = true
        note("an operator wants events_\(lower / SimulatedDatabase.width) retired, which is promised")
        let router = Int.random(in: 0..<3, using: &random)
        routers[router].clockOffset = -Self.skew
        routers[router].isCutOff = false
        restart(router)
        let left = (SimulatedDatabase.due(lower) - trueClock) * 1000
        plan(.plot(.cutOff(router: router, seconds: 2 * (left / Self.second + 90))), after: 4 * Self.second)
        let (server, client) = [(Self.skew, Self.skew), (0, 59_000_000), (59_000_000, 0)][
            Int.random(in: 0..<3, using: &random)
        ]
        plan(.plot(.clocks(server: server, client: client)), after: left - 30 * Self.second - upTo(seconds: 90))
    }

    // MARK: - A clone

    /// It may do nothing as long as it finds the original's map. (Where it finds none nobody can know.)
    private mutating func run(_ clone: SimulatedDatabase, rounds: Int) {
        guard !store.isDown, let standing = try? standing(), let header = standing.header,
            header.systemIdentifier != clone.systemIdentifier || header.lsn > clone.origin.lsn
        else { return }
        if mapToPublish(of: clone, over: standing) != nil {
            return ledger.violate(.foreign, at: now, "a clone is to publish over the original's map")
        }
        var clone = clone
        for (lower, partition) in clone.partitions.sorted(by: { $0.key < $1.key }) where partition.isAttached {
            switch next(lower, partition, of: clone, standing) {
            case .mark(let mark): clone.partitions[lower]?.mark = mark
            case .detach:
                return ledger.violate(.foreign, at: now, "a clone is to detach \(partition.name) by the original's map")
            case .publish, .wait, .refuse: break
            }
        }
        if rounds > 1 { plan(.plot(.clone(clone, rounds: rounds - 1)), after: 60 * Self.second + upTo(seconds: 120)) }
    }
}
