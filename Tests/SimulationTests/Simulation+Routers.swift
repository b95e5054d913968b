// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
@testable import PartitionRouter

extension Simulation {
    mutating func handleRouter(_ event: Event) {
        switch event {
        case .tick(let router):
            carryOut(feed(router, .ticked), router: router)
            if breakage != .hintsTrusted, !routers[router].isReading,
                now - routers[router].lastAnswer >= 30 * Self.second
            {
                ledger.violate(.live, at: now, "router \(router) hasn't read for 30 s")
            }
            plan(.tick(router: router), after: Self.second)
        case .lookUp(let router):
            lookUp(router)
            plan(.lookUp(router: router), after: upTo(seconds: 2))
        case .write(let lower, let version, let router):
            check(lower, attachedFor: "a row is written", version: version, router: router)
        case .hint(let router, let hint):
            if routers[router].isReading { routers[router].owesRead = true }
            carryOut(hinted(router, hint), router: router)
            // One that takes the hint's word for it has no need to.
            if !routers[router].isReading, breakage != .hintsTrusted {
                ledger.violate(.live, at: now, "router \(router) doesn't heed a hint")
            }
        case .routerRequest(let router, let life, let read, let sentAt):
            answer(read, router: router, life: life, sentAt: sentAt)
        case .routerAnswer(let router, let life, let input):
            guard life == routers[router].life else { return }
            routers[router].isReading = false
            routers[router].lastAnswer = now
            carryOut(feed(router, input), router: router)
            if breakage != .hintsTrusted, routers[router].owesRead, !routers[router].isReading {
                ledger.violate(.live, at: now, "router \(router) forgot a hint that came while it read")
            }
        default: ledger.violate(.harness, at: now, "no event of a router")
        }
    }

    mutating func feed(_ router: Int, _ input: ReloadInput) -> [ReloadMachine.Action] {
        if case .map(let map?, _) = input { routers[router].header = map.header }
        let mustTake = routers[router].observe(input)
        let actions = routers[router].feed.handle(input, at: time, wall: wallClock(of: router, reading: input))
        if let mustTake, !actions.contains(.take(mustTake)) {
            ledger.violate(.complete, at: now, "router \(router) doesn't take version \(mustTake.version)")
        }
        return actions
    }

    /// A clock that is behind by minutes prolongs no promise of a map that was just made: its version is a time, too.
    private mutating func wallClock(of router: Int, reading input: ReloadInput) -> Int64 {
        let clock = trueClock + routers[router].clockOffset
        guard case .map(let map?, _) = input, map.header.version > trueClock - 15_000_000, chance(10) else {
            return clock
        }
        if chance(2) { cutOff(router, seconds: 1_700) }
        return clock - 600_000_000
    }

    private mutating func hinted(_ router: Int, _ hint: Hint) -> [ReloadMachine.Action] {
        switch breakage {
        case .hintsTrusted:
            guard let content = hint.content,
                let header = try? PartitionMapHeader(fields: content.fields),
                let document = try? PartitionMapDocument(parsing: content.bytes)
            else { break }
            let map = PublishedSnapshot(header: header, snapshot: .of(document))
            return feed(router, .map(map, sentAt: time))
        case .ageRenewedByHints:
            guard let header = routers[router].header else { break }
            _ = feed(router, .header(header, sentAt: time))
        default: break
        }
        return feed(router, .hinted)
    }

    mutating func carryOut(_ actions: [ReloadMachine.Action], router: Int) {
        for action in actions {
            switch action {
            case .readHeader: send(.header, router: router)
            case .readDocument(let identity, let headerSentAt):
                if let known = routers[router].feed.known(identity) {
                    carryOut(feed(router, .map(known, sentAt: headerSentAt)), router: router)
                } else {
                    send(.document(identity), router: router)
                }
            case .take(let identity):
                ledger.count(.taken)
                note("router \(router) takes version \(identity.version)")
                if identity.version <= routers[router].highest {
                    ledger.violate(
                        .growing,
                        at: now,
                        "router \(router) took version \(identity.version) after \(routers[router].highest)"
                    )
                }
                routers[router].highest = max(routers[router].highest, identity.version)
            case .report(.conflict(let found, let served)):
                ledger.count(.conflicts)
                note("router \(router) finds version \(found.version) and keeps \(served.version)")
            case .report(.stale): note("router \(router) is stale")
            case .report(.recovered): note("router \(router) is confirmed again")
            case .renew, .report: break
            }
        }
    }

    private mutating func send(_ read: Read, router: Int) {
        let life = routers[router].life
        routers[router].isReading = true
        if case .header = read { routers[router].owesRead = false }
        guard !routers[router].isCutOff, !chance(60) else {
            let lost = RegistryError(.unreachable, "no answer")
            plan(.routerAnswer(router: router, life: life, .failed(lost)), after: 5 * Self.second)
            return
        }
        plan(.routerRequest(router: router, life: life, read, sentAt: now), after: upTo(seconds: chance(12) ? 20 : 1))
    }

    private mutating func answer(_ read: Read, router: Int, life: Int, sentAt: Int64) {
        let sent = MonotonicTime(nanoseconds: sentAt)
        let input: ReloadInput
        do throws(RegistryError) {
            if store.isDown || chance(100) { throw RegistryError(.unreachable, "no answer") }
            switch read {
            case .header: input = .header(try store.header(), sentAt: sent)
            case .document:
                let map = try store.load()
                input = .map(
                    map.map { PublishedSnapshot(header: $0.header, snapshot: .of($0.document)) },
                    sentAt: sent
                )
            }
        } catch {
            input = .failed(error)
        }
        plan(.routerAnswer(router: router, life: life, input), after: upTo(seconds: chance(12) ? 20 : 1))
    }

    /// To every router: lost, late, repeated. A router that can't read may be told all the same.
    mutating func sendHints() {
        for router in routers.indices {
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                if routers[router].isCutOff, chance(2) { continue }
                let delay = chance(8) ? upTo(seconds: 900) : upTo(seconds: 2)
                plan(.hint(router: router, Hint(content: store.content)), after: delay)
            }
        }
    }

    private mutating func lookUp(_ router: Int) {
        let current = SimulatedDatabase.lower(of: trueClock)
        let key = suspect() ?? current + Int64.random(in: -12...3, using: &random) * SimulatedDatabase.width
        let reader = routers[router].reader
        do throws(RoutingMiss) {
            let moment = time
            let found = try reader.partition(for: key, clock: { moment })
            guard let lower = database.lower(named: found.name), lower == key, found.state == .active else {
                ledger.violate(.harness, at: now, "\(found.name) was found for \(key)")
                return
            }
            check(lower, attachedFor: "a lookup yields it", version: found.version, router: router)
            checkBound(lower, version: found.version, router: router)
            plan(.write(lower: lower, version: found.version, router: router), after: upTo(seconds: 5))
        } catch {
            switch error.reason {
            case .stale: ledger.count(.refusedStale)
            case .draining: ledger.count(.refusedDraining)
            default: break
            }
            if routers[router].isFresh(at: now), activeNames(of: reader.snapshot?.document, in: key..<key + 1) != [] {
                ledger.violate(.complete, at: now, "router \(router) has \(key) in its map and says \(error.reason)")
            }
        }
        if chance(4) { lookUpInterval(router, from: key) }
    }

    /// What is read straight from the partitions must be attached, too.
    private mutating func lookUpInterval(_ router: Int, from start: Int64) {
        let end = start + Int64.random(in: 1...6, using: &random) * SimulatedDatabase.width
        let moment = time
        let found: [RoutedPartition]
        do throws(RoutingMiss) {
            found = try routers[router].reader
                .partitions(from: start, to: end, for: .writing, clock: { moment })
        } catch {
            if error.reason != .noMap, routers[router].isFresh(at: now) {
                ledger.violate(.complete, at: now, "router \(router) refuses an interval: \(error.reason)")
            }
            return
        }
        let expected = activeNames(of: routers[router].reader.snapshot?.document, in: start..<end)
        if found.map(\.name) != expected {
            ledger.violate(.complete, at: now, "router \(router) has \(found.map(\.name)) for \(expected)")
        }
        for partition in found {
            guard let lower = database.lower(named: partition.name), (start..<end).contains(lower) else {
                return ledger.violate(.harness, at: now, "\(partition.name) was found from \(start) to \(end)")
            }
            ledger.count(.readInIntervals)
            check(lower, attachedFor: "an interval has it", version: partition.version, router: router)
            checkBound(lower, version: partition.version, router: router)
        }
    }

    /// The names that the map has there and doesn't say to be draining, in their order.
    private func activeNames(of document: PartitionMapDocument?, in keys: Range<Int64>) -> [String] {
        let width = SimulatedDatabase.width
        let names = stride(from: keys.lowerBound, to: keys.upperBound, by: Int(width)).map { "events_\($0 / width)" }
        let active = Set((document?.entries ?? []).filter { $0.state == .active }.map(\.name))
        return names.filter(active.contains)
    }

    private mutating func check(_ lower: Int64, attachedFor what: String, version: Int64, router: Int) {
        let partition = database.partitions[lower]
        if partition?.isAttached == true { return }
        // Somebody set the store back after it had been read for the last time before the detach.
        if let partition, let released = partition.releasedAt, let restored = store.restored[version],
            restored >= released,
            partition.isFenced
        {
            ledger.count(.fenced)
            return
        }
        ledger.violate(
            .attached,
            at: now,
            "events_\(lower / SimulatedDatabase.width) isn't attached, and \(what) (router \(router), version \(version))"
        )
    }

    /// A map that counts as fresh was in the store less than 90 s ago; from others only what they promise is served, until the
    /// server's clock says that the promise is over, as exactly as clocks agree.
    private mutating func checkBound(_ lower: Int64, version: Int64, router: Int) {
        let held = store.lastHeld(version, at: now)
        if let held, now - held < Self.bound {
            ledger.count(.servedFresh)
            return
        }
        ledger.count(.servedKept)
        let document = routers[router].reader.snapshot?.document
        let entry = document?.entries.first { $0.name == "events_\(lower / SimulatedDatabase.width)" }
        let skew: Int64 = 60_000_000
        if routers[router].whenStale == .serveStable, let document, let entry, document.isKept(entry),
            let until = document.keep?.until, trueClock < until + skew
        {
            return
        }
        let age = held.map { "\((now - $0) / Self.second) s after the store held it" } ?? "which no store held"
        ledger.violate(.bound, at: now, "router \(router) serves version \(version), \(age)")
    }
}
