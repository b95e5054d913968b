// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
@testable import PartitionRouter

/// A run of the program, between two waits.
struct SimulatedRun {
    enum Stage {
        /// Partitions yet to be made.
        case creating([Int64])
        /// Waits for the store's content, to decide about the first of these.
        case retiring([Int64], rounds: Int)
        /// The first is fenced and is detached next.
        case detaching([Int64])
        /// Waits for the store's content, to bring it in line.
        case publishing(rounds: Int)
        /// Waits for what came of it.
        case retirePublish([Int64], rounds: Int, PublishedMap)
        case finalPublish(rounds: Int, PublishedMap)
    }

    enum Answer {
        case content(RetireProtocol.Standing, at: Int64)
        case published(PublishOutcome)
        case failed
    }

    var stage: Stage
    /// Of a broken run: what it will commit after it has published.
    var uncommitted: [Int64] = []
}

extension Simulation {
    mutating func beginRun() {
        plan(.run, after: 5 * Self.second + upTo(seconds: 20))
        // One run at a time: the others find the lock taken.
        guard !isDatabaseDown, !runs.values.contains(where: \.holdsLock) else { return }
        let first = SimulatedDatabase.lower(of: serverClock)
        var missing = (0...3).map { first + $0 * SimulatedDatabase.width }.filter { database.partitions[$0] == nil }
        // Not all that could be made, and in no order.
        var dice = random
        missing.shuffle(using: &dice)
        random = dice
        if !missing.isEmpty, chance(3) { missing.removeLast() }
        lastRun += 1
        runs[lastRun] = SimulatedRun(stage: .creating(missing))
        plan(.runAwakes(run: lastRun), after: upTo(seconds: 3))
    }

    /// Somebody repairs the registry beside the runs, and takes no lock.
    mutating func beginRepair() {
        guard !isDatabaseDown else { return }
        lastRun += 1
        runs[lastRun] = SimulatedRun(stage: .publishing(rounds: 5))
        send(.load, of: lastRun)
    }

    mutating func crashRuns() {
        guard !runs.isEmpty else { return }
        ledger.count(.crashes)
        note("\(runs.count) run(s) die")
        runs = [:]
    }

    /// What a run does by itself, without the store.
    mutating func awake(_ id: Int) {
        guard let run = runs[id] else { return }
        switch run.stage {
        case .creating(let missing):
            guard let lower = missing.first else { return beginRetiring(id) }
            if breakage == .publishBeforeCommit {
                runs[id]?.uncommitted = missing
                runs[id]?.stage = .publishing(rounds: 5)
                return send(.load, of: id)
            }
            create(lower)
            runs[id]?.stage = .creating(Array(missing.dropFirst()))
            plan(.runAwakes(run: id), after: upTo(seconds: 3))
        case .detaching(let pending):
            guard let lower = pending.first else { return }
            let moment = now
            database.commit {
                $0.partitions[lower]?.isAttached = false
                $0.partitions[lower]?.detachedAt = moment
            }
            ledger.count(.detached)
            note("events_\(lower / SimulatedDatabase.width) is detached")
            retire(Array(pending.dropFirst()), id)
        default: break
        }
    }

    private mutating func create(_ lower: Int64) {
        // A transaction that fails leaves nothing.
        guard !chance(10) else { return }
        database.create(lower)
        ledger.count(.created)
        note("events_\(lower / SimulatedDatabase.width) is committed")
    }

    private mutating func beginRetiring(_ id: Int) {
        let clock = serverClock
        func isToGo(_ lower: Int64, _ partition: SimulatedDatabase.Partition) -> Bool {
            partition.mark != nil || partition.isUnwanted || SimulatedDatabase.isDue(lower, at: clock)
        }
        let attached = database.partitions.filter(\.value.isAttached).sorted { $0.key < $1.key }
        // A promise is of everything from some time on: where a newer one goes first, the older ones aren't promised any more, and the last
        // map doesn't tell of what earlier ones promised.
        let candidates = onlyMapsKnowPromises ? Array(attached.prefix(while: isToGo)) : attached.filter(isToGo)
        let lowers = candidates.map(\.key)
        retire(onlyMapsKnowPromises ? lowers : lowers.shuffled(using: &random), id)
    }

    private mutating func retire(_ pending: [Int64], _ id: Int) {
        runs[id]?.stage = pending.isEmpty ? .publishing(rounds: 5) : .retiring(pending, rounds: 6)
        send(.load, of: id)
    }

    // MARK: - What the store answers

    private mutating func send(_ request: RunRequest, of id: Int) {
        guard now >= publishersCutOffUntil, !chance(40) else {
            return plan(.runAnswer(run: id, .failed), after: 5 * Self.second)
        }
        plan(.runRequest(run: id, request), after: upTo(seconds: chance(20) ? 40 : 1))
    }

    /// Whether the run that asked lives or not, what it sent takes effect.
    mutating func answer(_ request: RunRequest, of id: Int) {
        guard !store.isDown else { return plan(.runAnswer(run: id, .failed), after: Self.second) }
        var answer: SimulatedRun.Answer
        do throws(RegistryError) {
            switch request {
            case .load: answer = .content(try standing(), at: now)
            case .publish(let map, let replaced): answer = .published(try publish(map, replacing: replaced))
            }
        } catch {
            answer = .failed
        }
        if chance(40) { answer = .failed }
        plan(.runAnswer(run: id, answer), after: upTo(seconds: 1))
    }

    func standing() throws(RegistryError) -> RetireProtocol.Standing {
        do throws(RegistryError) {
            return .stored(try store.load())
        } catch {
            guard error.code == .corrupt else { throw error }
            return .damaged(try? store.header())
        }
    }

    private mutating func publish(
        _ map: PublishedMap,
        replacing replaced: PartitionMapHeader?
    ) throws(RegistryError) -> PublishOutcome {
        let highest = store.highestVersion
        if (try? map.header.mustFollow(replaced)) == nil {
            ledger.violate(.growing, at: now, "version \(map.header.version) doesn't follow what it is to replace")
        }
        let outcome = try store.publish(map, replacing: replaced, at: now)
        guard outcome == .published else { return outcome }
        ledger.count(.published)
        note("version \(map.header.version) is published")
        for entry in map.document.entries where entry.state == .draining {
            guard let lower = database.lower(named: entry.name), database.partitions[lower]?.drainPublishedAt == nil
            else { continue }
            database.partitions[lower]?.drainPublishedAt = now
            note("it says that \(entry.name) drains")
            plotAtDraining()
        }
        // A version is the clock's time, unless the clock was set back: then nobody can know what was there before.
        if map.header.version <= highest, madeAt[map.header.version].map({ $0 > highest }) ?? true {
            ledger.violate(.growing, at: now, "version \(map.header.version) is published after \(highest)")
        }
        sendHints()
        return outcome
    }

    mutating func take(_ answer: SimulatedRun.Answer, of id: Int) {
        guard let run = runs[id] else { return }
        switch (run.stage, answer) {
        case (_, .failed):
            // Exit 74: what there is stands, and nothing is retired meanwhile.
            ledger.count(.unreachable)
            end(id)
        case (.retiring(let pending, let rounds), .content(let standing, let readAt)):
            decide(pending, rounds, standing, readAt: readAt, id)
        case (.publishing(let rounds), .content(let standing, _)):
            guard let map = mapToPublish(over: standing, uncommitted: run.uncommitted) else { return end(id) }
            runs[id]?.stage = .finalPublish(rounds: rounds, map)
            send(.publish(map, replacing: standing.header), of: id)
        case (.finalPublish(let rounds, _), .published(let outcome)):
            guard outcome != .published, rounds > 1 else {
                if outcome != .published { ledger.count(.racesLost) }
                return end(id)
            }
            ledger.count(.racesLost)
            runs[id]?.stage = .publishing(rounds: rounds - 1)
            send(.load, of: id)
        case (.retirePublish(let pending, let rounds, _), .published):
            runs[id]?.stage = .retiring(pending, rounds: rounds)
            send(.load, of: id)
        default: ledger.violate(.harness, at: now, "an answer that nobody asked for")
        }
    }

    private mutating func end(_ id: Int) {
        for lower in runs[id]?.uncommitted ?? [] { create(lower) }
        runs[id] = nil
    }

    /// One step of the real protocol for the first partition.
    private mutating func decide(
        _ pending: [Int64],
        _ rounds: Int,
        _ standing: RetireProtocol.Standing,
        readAt: Int64,
        _ id: Int
    ) {
        let rest = Array(pending.dropFirst())
        guard let lower = pending.first, let partition = database.partitions[lower], partition.isAttached, rounds > 0
        else {
            return retire(rest, id)
        }
        switch next(lower, partition, of: database, standing) {
        case .mark(let mark):
            database.commit { $0.partitions[lower]?.mark = mark }
            ledger.count(.marked)
            note("\(partition.name) is marked: \(mark.sighting.map { "version \($0.version) was seen" } ?? "draining")")
            plotAtMark(mark, of: lower, first: partition.mark == nil)
            runs[id]?.stage = .retiring(pending, rounds: rounds - 1)
            send(.load, of: id)
        case .publish(let replaced):
            guard let map = mapToPublish(over: standing) else { return retire(rest, id) }
            plotBeforePublish()
            runs[id]?.stage = .retirePublish(pending, rounds: rounds - 1, map)
            send(.publish(map, replacing: replaced), of: id)
        case .detach:
            database.commit {
                $0.partitions[lower]?.isFenced = true
                $0.partitions[lower]?.releasedAt = readAt
            }
            note("\(partition.name) is fenced")
            runs[id]?.stage = .detaching(pending)
            plan(.runAwakes(run: id), after: upTo(seconds: 3))
        case .wait, .refuse: retire(rest, id)
        }
    }

    /// What the protocol says of a partition of that database.
    func next(
        _ lower: Int64,
        _ partition: SimulatedDatabase.Partition,
        of database: SimulatedDatabase,
        _ standing: RetireProtocol.Standing
    ) -> RetireProtocol.Step {
        let subject = RetireProtocol.Subject(
            partition: EntityName(schema: "public", table: partition.name),
            origin: database.origin,
            mark: partition.mark,
            promisedUntil: onlyMapsKnowPromises ? nil : SimulatedDatabase.due(lower)
        )
        let clocks = RetireClocks(server: trueClock + database.clockOffset, client: clientClock)
        return RetireProtocol(timing: timing).next(subject, standing, clocks)
    }

    private mutating func mapToPublish(
        over standing: RetireProtocol.Standing,
        uncommitted: [Int64] = []
    ) -> PublishedMap? {
        mapToPublish(of: database, over: standing, uncommitted: uncommitted)
    }

    /// As the publisher decides: nil where nothing is to be done, or nothing may be.
    mutating func mapToPublish(
        of database: SimulatedDatabase,
        over standing: RetireProtocol.Standing,
        uncommitted: [Int64] = []
    ) -> PublishedMap? {
        var clock = trueClock + database.clockOffset
        do throws(PartitionMapError) {
            let document = try database.document(clock: clock, uncommitted: uncommitted)
            if case .stored(let map?) = standing, map.header.checksum == document.checksum { return nil }
            let stored = standing.header
            if !onlyMapsKnowPromises, chance(5) {
                clock += Int64.random(in: 60...900, using: &random) * 1_000_000
                plotAhead()
            }
            let version =
                breakage == .versionReset
                ? (stored?.version ?? 0) + 1
                : try PartitionMapHeader.version(after: stored?.version, clock: clock)
            let map = try PublishedMap(document: document, version: version, origin: database.origin)
            if let stored, map.header.refusal(replacing: stored) != nil { return nil }
            madeAt[version] = clock
            return map
        } catch {
            ledger.violate(.harness, at: now, "no map: \(error.message)")
            return nil
        }
    }
}

extension SimulatedRun {
    /// A repair takes none.
    fileprivate var holdsLock: Bool { if case .publishing = stage { false } else { true } }
}

extension RetireProtocol.Standing {
    var header: PartitionMapHeader? {
        switch self {
        case .stored(let map): map?.header
        case .damaged(let header): header
        case .unconfigured, .unreachable: nil
        }
    }
}
