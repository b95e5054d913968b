// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap

/// A partition that is retired again and again while routers are cut off, the store is flushed and set back, clocks step, other
/// publishers come in between, and whoever retires is stopped for minutes or killed between any two steps. Seconds are steps;
/// everything follows from the seed.
///
/// What a router must not do after the detach is taken from the promise that routers make, not from the protocol under test.
struct RetireSimulation {
    /// What can go wrong in a run.
    struct Weather {
        var storeIsSetBack = true
        /// Whether the catalog knows what was promised; else the maps alone do.
        var catalogKnowsPromises = true
    }

    private struct RandomNumbers: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    private struct RouterModel {
        var map: PublishedMap?
        /// When the last read that found exactly this map was sent.
        var confirmedAt: Int64 = 0
        var isCutOff = false
        /// The wall clock's error.
        var clockError: Int64
        var request: (sentAt: Int64, reachesAt: Int64)?
        var answer: (sentAt: Int64, arrivesAt: Int64, found: PublishedMap?)?
    }

    /// A process that carries out the protocol, or that publishes for other reasons.
    private enum Action {
        case mark(RetireMark)
        case publish(PublishedMap, replacing: PartitionMapHeader?)
    }

    private static let second: Int64 = 1_000_000
    private let weather: Weather
    private let steps = RetireProtocol()
    private var random: RandomNumbers
    private var now: Int64
    private var serverError: Int64 = 0
    private var clientError: Int64 = 0
    private var stored: PublishedMap?
    private var history: [PublishedMap] = []
    private var routers: [RouterModel] = []
    /// The catalog.
    private var isAttached = true
    private var mark: RetireMark?
    private var promisedUntil: Int64?
    /// One run at a time holds the database, and marks are written on the connection that holds it. What was sent to the registry may
    /// arrive long after its sender was killed.
    private var isBusy = false
    private var underWay: [(at: Int64, action: Action)] = []
    private var detachedAt: Int64 = 0
    private(set) var detached = 0
    private(set) var waited = 0
    private(set) var violations: [String] = []

    init(seed: UInt64, _ weather: Weather = Weather()) {
        self.weather = weather
        random = RandomNumbers(state: seed)
        now = RetireFixture.noon
        for _ in 0..<3 {
            routers.append(RouterModel(clockError: Self.second * Int64.random(in: -30...30, using: &random)))
        }
    }

    mutating func run(hours: Int) throws {
        for _ in 0..<(hours * 3_600) {
            now += Self.second
            live()
            for index in routers.indices { step(router: index) }
            while let index = underWay.firstIndex(where: { $0.at <= now }) {
                carryOut(underWay.remove(at: index).action)
            }
            if chance(20) { try publishForOtherReasons() }
            if chance(5) { try retire() }
            check()
        }
    }

    private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }

    private mutating func seconds(_ range: ClosedRange<Int64>) -> Int64 {
        Self.second * Int64.random(in: range, using: &random)
    }

    private mutating func live() {
        if chance(900) { serverError = seconds(-30...30) }
        if chance(900) { clientError = seconds(-30...30) }
        // A step of hours, of one of the two at a time. All other clocks are within a minute of each other.
        if chance(2_000) {
            let error = seconds(-40_000...40_000)
            let isServer = chance(2)
            (serverError, clientError) = isServer ? (error, 0) : (0, error)
        }
        // A store that goes back to a map of before the detach is beyond what a wait could help: that is what the fence is for.
        guard weather.storeIsSetBack, isAttached else { return }
        if chance(700) { stored = nil }
        // To a state that it once had, but never forth again to the sighted one, which is said to be beyond the protocol.
        let sighted = mark?.sighting?.version
        if chance(700), let old = history.filter({ $0.header.version != sighted }).randomElement(using: &random) {
            stored = old
        }
    }

    private mutating func step(router index: Int) {
        var router = routers[index]
        if chance(router.isCutOff ? 120 : 90) { router.isCutOff.toggle() }
        if let request = router.request, now >= request.reachesAt {
            router.request = nil
            router.answer = (request.sentAt, now + seconds(0...8), stored)
        }
        if let answer = router.answer, now >= answer.arrivesAt {
            router.answer = nil
            if let found = answer.found {
                if found.header == router.map?.header {
                    router.confirmedAt = max(router.confirmedAt, answer.sentAt)
                } else if found.header.version > router.map?.header.version ?? 0 {
                    router.map = found
                    router.confirmedAt = answer.sentAt
                }
            }
        }
        if router.request == nil, router.answer == nil, !router.isCutOff, chance(15) {
            router.request = (now, now + seconds(0...8))
        }
        routers[index] = router
    }

    /// The log grows, by other people's writes too.
    private var origin: MapOrigin { RetireFixture.origin(lsn: UInt64((now - RetireFixture.noon) / Self.second)) }

    private var clocks: RetireClocks { RetireClocks(server: now + serverError, client: now + clientError) }

    /// The map of the catalog as it is, on top of what the store holds.
    private mutating func catalogMap(over header: PartitionMapHeader?) throws -> PublishedMap {
        let state: PartitionMapDocument.State? = isAttached ? (mark == nil ? .active : .draining) : nil
        var keptUntil: Int64?
        if state == .active, !chance(3) {
            keptUntil = now + 900 * Self.second
            promisedUntil = keptUntil
        }
        let version = try PartitionMapHeader.version(after: header?.version, clock: clocks.server)
        return try RetireFixture.map(state, version: version, keptUntil: keptUntil, origin: origin)
    }

    private mutating func publishForOtherReasons() throws {
        // A map that would be the same isn't published; one in forty is, as after a new partition.
        guard chance(40) || stored == nil else { return }
        underWay.append(
            (now + seconds(0...5), .publish(try catalogMap(over: stored?.header), replacing: stored?.header))
        )
    }

    private mutating func retire() throws {
        guard isAttached, !isBusy, mark != nil || chance(200) else { return }
        let subject = RetireFixture.subject(
            mark,
            promisedUntil: weather.catalogKnowsPromises ? promisedUntil : nil,
            origin: origin
        )
        // Stopped for minutes, now and then, and now and then killed.
        let pause = chance(10) ? seconds(0...900) : 0
        if chance(20) { return }
        switch steps.next(subject, chance(20) ? .unreachable : .stored(stored), clocks) {
        case .mark(let mark):
            isBusy = true
            underWay.append((now + pause, .mark(mark)))

        case .publish(let replaced):
            // Stopped, whoever publishes still holds the database; killed, it doesn't, and what it sent is under way all the same.
            isBusy = chance(2)
            underWay.append((now + pause, .publish(try catalogMap(over: replaced), replacing: replaced)))
        case .wait: waited += 1
        case .detach:
            isAttached = false
            detached += 1
            detachedAt = now
        case .refuse: break
        }
    }

    private mutating func carryOut(_ action: Action) {
        switch action {
        case .mark(let mark):
            self.mark = mark
            isBusy = false
        case .publish(let map, let replaced):
            isBusy = false
            guard stored?.header == replaced else { return }
            stored = map
            history.append(map)
        }
    }

    /// No router serves what is detached: neither what it was told lately, nor what it was promised.
    private mutating func check() {
        guard !isAttached else { return }
        for (index, router) in routers.enumerated() {
            guard let map = router.map, let entry = map.document.entries.first,
                entry.name == RetireFixture.november.table,
                entry.state == .active
            else { continue }
            let isFresh = now - router.confirmedAt < 90 * Self.second
            let isPromised = map.document.keep.map { now + router.clockError < $0.until } ?? false
            if isFresh || isPromised {
                violations.append("\(now): router \(index) serves version \(map.header.version) after the detach")
            }
        }
        // The next partition, after a while: a router that was cut off has had its time to show itself.
        guard now - detachedAt > 1_200 * Self.second else { return }
        (isAttached, isBusy, mark, promisedUntil) = (true, false, nil, nil)
        (stored, history, underWay) = (nil, [], [])
        for index in routers.indices { routers[index] = RouterModel(clockError: routers[index].clockError) }
    }
}
