// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
@testable import PartitionRouter

/// Hours of the whole system in seconds: a database whose partitions come and go, runs that make, publish and retire them and die
/// in between, a store that is flushed, fails over, is restored and damaged, routers that are cut off, stopped and started anew,
/// hints that are lost, repeated and late, and clocks that step.
///
/// Everything follows from the seed. What decides is the real code: ``RetireProtocol``, the publisher's version and refusal, coding
/// and validation of header and document, ``MapFeed`` with its ``ReloadMachine``, and ``Reader``. What carries it out is simulated.
///
/// What it takes for granted:
/// - Clocks are at most 27 s off, each in its direction, so that with the time for writing a row they stay within the protocol's minute.
///   Of the server's and the client's one at a time may be wrong by minutes, or both while they are more than a minute apart.
/// - A failover loses at most the last 60 s. A restore may lose everything since any time: then a router that knows only what was
///   restored can yield a partition that is gone, and the fence must refuse the write.
/// - A compare-and-swap that was sent takes effect within 40 s or never.
/// - A row is written within 5 s of its lookup.
struct Simulation {
    enum Event {
        case tick(router: Int)
        case lookUp(router: Int)
        case write(lower: Int64, version: Int64, router: Int)
        /// Reaches the store.
        case routerRequest(router: Int, life: Int, Read, sentAt: Int64)
        case routerAnswer(router: Int, life: Int, ReloadInput)
        case hint(router: Int, Hint)
        case weather
        case storeIsBack, databaseIsBack
        case reachable(router: Int)
        case run
        case runAwakes(run: Int)
        case runRequest(run: Int, RunRequest)
        case runAnswer(run: Int, SimulatedRun.Answer)
        case plot(Plot)
    }

    enum Read { case header, document(MapIdentity) }

    enum RunRequest {
        case load
        case publish(PublishedMap, replacing: PartitionMapHeader?)
    }

    /// What goes with a hint: the store's content when it was sent. Only a broken router looks at it.
    struct Hint {
        let content: SimulatedStore.Content?
    }

    static let second: Int64 = 1_000_000_000
    static let bound = 90 * second
    /// How far a clock is off, in microseconds.
    static let skew: Int64 = 27_000_000
    /// Of virtual time: 2040-01-01, in microseconds since 1970.
    static let beginning: Int64 = 2_208_988_800_000_000

    let breakage: Breakage?
    let timing: RetireProtocol.Timing
    var random: SplitMix64
    private(set) var now: Int64 = 0
    private var queue = EventQueue<Event>()
    var database: SimulatedDatabase
    var store = SimulatedStore()
    var routers: [SimulatedRouter] = []
    var runs: [Int: SimulatedRun] = [:]
    var lastRun = 0
    var isDatabaseDown = false
    /// Of the machine on which runs happen, in microseconds.
    var clientClockOffset: Int64 = 0
    /// The server's clock when a version was made.
    var madeAt: [Int64: Int64] = [:]
    /// Nobody but the maps themselves knows what they promised. The last one is all there is to learn it from, so here no later map promises
    /// less than an earlier one: the store keeps what it was given, the server's clock goes evenly, the oldest partition goes first, and
    /// all active ones are promised.
    let onlyMapsKnowPromises: Bool
    /// The store doesn't answer whoever publishes; it does answer routers.
    var publishersCutOffUntil: Int64 = 0
    var ledger = Ledger()

    /// - Parameter name: the table's, which no other simulation of the process may have: decoded maps are shared.
    init(seed: UInt64, breakage: Breakage? = nil, name: String) {
        self.breakage = breakage
        var timing = RetireProtocol.Timing()
        if breakage == .detachBeforeBound { timing.bound = .zero }
        self.timing = timing
        random = SplitMix64(seed: seed)
        let entity = EntityName(schema: "public", table: name)
        database = SimulatedDatabase(entity: entity)
        onlyMapsKnowPromises = seed % 3 == 0
        if onlyMapsKnowPromises {
            database.keptBeyondDue = .max / 2
            database.clockOffset = Int64.random(in: -Self.skew...Self.skew, using: &random)
        }
        for whenStale in [WhenStale.serveStable, .serveStable, .serveStable, .refuse] {
            routers.append(SimulatedRouter(entity, whenStale: whenStale, seed: random.next()))
        }
    }

    mutating func run(hours: Int64) {
        plan(.weather, after: 0)
        plan(.run, after: 0)
        for index in routers.indices {
            carryOut(feed(index, .started), router: index)
            plan(.tick(router: index), after: Self.second * Int64(index) / 4)
            plan(.lookUp(router: index), after: Self.second * Int64(index) / 3)
        }
        let end = hours * 3600 * Self.second
        while ledger.violations.isEmpty, let (at, event) = queue.next(), at <= end {
            now = at
            handle(event)
        }
    }

    var time: MonotonicTime { MonotonicTime(nanoseconds: now) }
    /// What every clock would say if it were right.
    var trueClock: Int64 { Self.beginning + now / 1000 }
    var serverClock: Int64 { trueClock + database.clockOffset }
    var clientClock: Int64 { trueClock + clientClockOffset }

    mutating func plan(_ event: Event, after pause: Int64) { queue.plan(event, at: now + pause) }

    mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }

    /// A time from nothing to so many seconds, in milliseconds.
    mutating func upTo(seconds: Int64) -> Int64 {
        Int64.random(in: 0...(seconds * 1000), using: &random) * 1_000_000
    }

    mutating func note(_ what: String) { ledger.note(now, what) }

    private mutating func handle(_ event: Event) {
        switch event {
        case .weather: weather()
        case .storeIsBack: store.isDown = false
        case .databaseIsBack: isDatabaseDown = false
        case .reachable(let router): routers[router].isCutOff = false
        case .run: beginRun()
        case .runAwakes(let run): awake(run)
        case .runRequest(let run, let request): answer(request, of: run)
        case .runAnswer(let run, let answer): take(answer, of: run)
        case .plot(let plot): carryOut(plot)
        case .tick(let router), .lookUp(let router), .hint(let router, _), .routerAnswer(let router, _, _):
            // A stopped process does all of it when it goes on; what it looks up then comes first.
            guard now >= routers[router].stoppedUntil else {
                var pause = routers[router].stoppedUntil - now
                if case .lookUp = event {} else { pause += 1_000_000 }
                plan(event, after: pause)
                return
            }
            handleRouter(event)
        case .routerRequest, .write: handleRouter(event)
        }
    }
}
