// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import Synchronization

/// The map of one table as one registry has it, shared by all routers of the process that ask for it.
///
/// Lookups read two atomic words: when what they hold goes stale, and the generation of what is served. The order matters: a
/// taker stores the generation first, a lookup reads it last. So whoever sees the time until which a new map is good also sees
/// that there is a new map.
package final class MapFeed: Sendable {
    /// What is served.
    struct Current: Sendable {
        /// No other map of the process has it: an index names a partition of one map of one table.
        let generation: UInt64
        var snapshot: MapSnapshot?
        var version: Int64 = 0
        /// When the last read that found this map was sent.
        var confirmedAt: MonotonicTime?
        /// Until when the partitions that the map promises to keep will stay; nil without a promise.
        var keptUntil: MonotonicTime?
    }

    private struct State {
        var current: Current
        var machine: ReloadMachine
        /// The last header that was read.
        var header: PartitionMapHeader?
        /// What was read and not yet taken.
        var pending: PublishedSnapshot?
        /// By a number, so that each can be taken out.
        var listeners: [UInt64: AsyncStream<Int64>.Continuation] = [:]
        var lastListener: UInt64 = 0
    }

    let entity: EntityName
    let registry: any Registry
    /// Which router reads for all of them.
    let turn = Turn()
    /// Which feed of the registry listens for all of them.
    let listening: Turn
    let generation: Atomic<UInt64>
    /// Nanoseconds of ``MonotonicTime``.
    let staleAt = Atomic<Int64>(.min)
    private let state: Mutex<State>

    private static let lastGeneration = Atomic<UInt64>(0)

    private static func nextGeneration() -> UInt64 { lastGeneration.wrappingAdd(1, ordering: .relaxed).newValue }

    /// - Parameter seed: of the pauses between reads.
    init(
        entity: EntityName,
        registry: any Registry,
        listening: Turn,
        timing: ReloadMachine.Timing = .init(),
        seed: UInt64 = .random(in: .min ... .max)
    ) {
        self.entity = entity
        self.registry = registry
        self.listening = listening
        let first = Self.nextGeneration()
        generation = Atomic(first)
        state = Mutex(
            State(current: Current(generation: first), machine: ReloadMachine(timing: timing, seed: seed))
        )
    }

    var current: Current { state.withLock { $0.current } }

    /// How many iterate over ``versions()``, or may yet.
    var listenerCount: Int { state.withLock { $0.listeners.count } }

    func age(at now: MonotonicTime) -> Duration? { state.withLock { $0.machine.age(at: now) } }

    /// The map of the header read last, where the process has decoded its document already.
    func known(_ identity: MapIdentity) -> PublishedSnapshot? {
        guard let header = state.withLock({ $0.header }), MapIdentity(header) == identity,
            let snapshot = MapSnapshot.existing(checksum: identity.checksum), snapshot.document.table == entity,
            snapshot.document.canonicalBytes.count == header.size
        else { return nil }
        return PublishedSnapshot(header: header, snapshot: snapshot)
    }

    /// The served version, and every one that replaces it; an iterator that is slow is given the newest.
    func versions() -> AsyncStream<Int64> {
        let (stream, continuation) = AsyncStream.makeStream(of: Int64.self, bufferingPolicy: .bufferingNewest(1))
        state.withLock { state in
            if state.current.snapshot != nil { continuation.yield(state.current.version) }
            state.lastListener += 1
            state.listeners[state.lastListener] = continuation
            let number = state.lastListener
            // Whoever ceases to listen is forgotten then, not at the next map, which may be months away.
            continuation.onTermination = { [weak self] _ in
                self?.state.withLock { _ = $0.listeners.removeValue(forKey: number) }
            }
        }
        return stream
    }

    /// Gives the machine an input and carries out what concerns the served map; the rest is for the caller.
    ///
    /// - Parameter wall: the wall clock, in microseconds since 1970 UTC.
    func handle(
        _ input: ReloadInput,
        at now: MonotonicTime = .now(),
        wall: Int64 = MonotonicTime.wallMicroseconds()
    ) -> [ReloadMachine.Action] {
        state.withLock { state in
            let actions: [ReloadMachine.Action]
            switch input {
            case .started: actions = state.machine.started(at: now)
            case .hinted: actions = state.machine.hinted(at: now)
            case .ticked: actions = state.machine.ticked(at: now)
            case .header(let header, let sentAt):
                state.header = header
                actions = state.machine.headerRead(header.map(MapIdentity.init), sentAt: sentAt, at: now)
            case .map(let map, let sentAt):
                state.pending = map
                actions = state.machine.documentRead(map.map { MapIdentity($0.header) }, sentAt: sentAt, at: now)
            case .failed(let error): actions = state.machine.failed(error, at: now)
            }
            for action in actions {
                switch action {
                case .take: take(&state, wall)
                case .renew: renew(&state, wall)
                default: break
                }
            }
            state.pending = nil
            return actions
        }
    }

    private func take(_ state: inout State, _ wall: Int64) {
        guard let map = state.pending else { return }
        state.current = Current(
            generation: Self.nextGeneration(),
            snapshot: map.snapshot,
            version: map.header.version
        )
        generation.store(state.current.generation, ordering: .releasing)
        renew(&state, wall)
        for listener in state.listeners.values { listener.yield(map.header.version) }
    }

    private func renew(_ state: inout State, _ wall: Int64) {
        guard let confirmedAt = state.machine.confirmedAt, let until = state.machine.staleAt else { return }
        state.current.confirmedAt = confirmedAt
        if let keep = state.current.snapshot?.document.keep {
            // The promise is a time of the database's clock. Ours may be behind; the version is a time of that clock that has
            // passed. Of two estimates the earlier one counts, so that a step of our clock prolongs nothing.
            let remaining = keep.until.subtractingReportingOverflow(max(wall, state.current.version))
            let end = confirmedAt + .microseconds(remaining.overflow ? 0 : remaining.partialValue)
            state.current.keptUntil = min(state.current.keptUntil ?? end, end)
        }
        staleAt.store(until.nanoseconds, ordering: .releasing)
    }
}

/// A decoded map and its header.
struct PublishedSnapshot: Sendable {
    let header: PartitionMapHeader
    let snapshot: MapSnapshot
}

/// What happens to a feed.
enum ReloadInput: Sendable {
    case started, hinted, ticked
    case header(PartitionMapHeader?, sentAt: MonotonicTime)
    case map(PublishedSnapshot?, sentAt: MonotonicTime)
    case failed(RegistryError)
}
