// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

@testable import PartitionRouter

/// Hours of a router's life in milliseconds: a store that is published to, flushed and restored by publishers whose clocks
/// step, a network that delays, fails and is cut, and hints that are lost, repeated and late. Everything follows from the seed.
struct ReloadSimulation {
    private static let step: Int64 = 100_000_000
    private var random: SplitMix64
    private var machine: ReloadMachine
    private var now: Int64 = 0
    /// What the store holds, and what it once held and may be restored to.
    private var stored: MapIdentity?
    private var history: [MapIdentity] = []
    private var publisherClock: Int64 = 1_000
    /// When the store last held a map.
    private var heldUntil: [MapIdentity: Int64] = [:]
    private var highestServed: Int64 = 0
    private var isCutOff = false
    /// Inputs under way, with the time at which they arrive.
    private var underWay: [(at: Int64, deliver: Delivery)] = []
    private(set) var violations: [String] = []
    private(set) var taken = 0
    private(set) var conflicts = 0
    private(set) var staleSteps = 0

    private enum Delivery {
        case hint
        /// Looks at the store when it reaches it, and answers later.
        case request(document: Bool, sentAt: Int64)
        case answer(document: Bool, sentAt: Int64, MapIdentity?)
        case failure
    }

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
        machine = ReloadMachine(seed: seed)
    }

    mutating func run(hours: Int) {
        carryOut(machine.started(at: time))
        for _ in 0..<(hours * 36_000) {
            now += Self.step
            if let stored { heldUntil[stored] = now }
            live()
            while let index = underWay.indices.first(where: { underWay[$0].at <= now }) {
                deliver(underWay.remove(at: index).deliver)
            }
            if now % 1_000_000_000 == 0 { carryOut(machine.ticked(at: time)) }
            check()
        }
    }

    private var time: MonotonicTime { MonotonicTime(nanoseconds: now) }

    private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }

    /// What happens to the store and to the network.
    private mutating func live() {
        publisherClock += 100
        if chance(3_000) { publisherClock += Int64.random(in: -200_000...200_000, using: &random) }
        if chance(600) { publish() }
        if chance(6_000) { stored = nil }
        if chance(9_000), let old = history.randomElement(using: &random) { stored = old }
        if chance(isCutOff ? 1_500 : 4_000) { isCutOff.toggle() }
        // Hints that nobody sent, or late ones; they come through where reads don't.
        if chance(200) { underWay.append((now, .hint)) }
    }

    private mutating func publish() {
        let version = max((stored?.version ?? 0) + 1, publisherClock)
        let map = MapIdentity(version: version, checksum: String(random.next()))
        stored = map
        history.append(map)
        heldUntil[map] = now
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            underWay.append((now + Int64.random(in: 0...20, using: &random) * Self.step, .hint))
        }
    }

    private mutating func carryOut(_ actions: [ReloadMachine.Action]) {
        for action in actions {
            switch action {
            case .readHeader: send(document: false)
            case .readDocument: send(document: true)
            case .take(let identity):
                taken += 1
                if identity.version <= highestServed {
                    violations.append("\(now): version \(identity.version) taken after \(highestServed)")
                }
                highestServed = max(highestServed, identity.version)
            case .report(.conflict): conflicts += 1
            case .renew, .report: break
            }
        }
    }

    private mutating func send(document: Bool) {
        let delay = Int64.random(in: 0...10, using: &random) * Self.step
        if isCutOff || chance(20) {
            underWay.append((now + delay + Self.step, .failure))
        } else {
            underWay.append((now + delay, .request(document: document, sentAt: now)))
        }
    }

    private mutating func deliver(_ delivery: Delivery) {
        switch delivery {
        case .hint: carryOut(machine.hinted(at: time))
        case .request(let document, let sentAt):
            let delay = Int64.random(in: 0...10, using: &random) * Self.step
            underWay.append((now + delay, .answer(document: document, sentAt: sentAt, stored)))
        case .answer(let document, let sentAt, let found):
            let sentAt = MonotonicTime(nanoseconds: sentAt)
            carryOut(
                document
                    ? machine.documentRead(found, sentAt: sentAt, at: time)
                    : machine.headerRead(found, sentAt: sentAt, at: time)
            )
        case .failure: carryOut(machine.failed(RegistryError(.unreachable, "cut off"), at: time))
        }
    }

    /// A map that isn't stale was in the store less than the bound ago: else a publisher that waits for the bound, and
    /// detaches then, loses rows.
    private mutating func check() {
        guard let served = machine.served, let staleAt = machine.staleAt else { return }
        guard time < staleAt else {
            staleSteps += 1
            return
        }
        let heldAgo = now - (heldUntil[served] ?? .min / 2)
        if heldAgo >= 90_000_000_000 {
            violations.append("\(now): version \(served.version) served fresh, \(heldAgo) ns after the store held it")
        }
    }
}
