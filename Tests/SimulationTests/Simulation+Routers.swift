// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
@testable import PartitionRouter

extension Simulation {
    mutating func handleRouter(_ event: Event) {
        switch event {
        case .tick(let router):
            carryOut(feed(router, .ticked), router: router)
            plan(.tick(router: router), after: Self.second)
        case .lookUp(let router):
            lookUp(router)
            plan(.lookUp(router: router), after: upTo(seconds: 2))
        case .write(let lower, let version, let router):
            check(lower, attachedFor: "a row is written", version: version, router: router)
        case .hint(let router, let hint): carryOut(hinted(router, hint), router: router)
        case .routerRequest(let router, let life, let read, let sentAt):
            answer(read, router: router, life: life, sentAt: sentAt)
        case .routerAnswer(let router, let life, let input):
            guard life == routers[router].life else { return }
            carryOut(feed(router, input), router: router)
        default: ledger.violate(.harness, at: now, "no event of a router")
        }
    }

    mutating func feed(_ router: Int, _ input: ReloadInput) -> [ReloadMachine.Action] {
        if case .map(let map?, _) = input { routers[router].header = map.header }
        return routers[router].feed.handle(input, at: time, wall: trueClock + routers[router].clockOffset)
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
        guard !routers[router].isCutOff, !chance(60) else {
            let lost = RegistryError(.unreachable, "no answer")
            plan(.routerAnswer(router: router, life: life, .failed(lost)), after: 5 * Self.second)
            return
        }
        plan(.routerRequest(router: router, life: life, read, sentAt: now), after: upTo(seconds: chance(20) ? 20 : 1))
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
        plan(.routerAnswer(router: router, life: life, input), after: upTo(seconds: chance(20) ? 20 : 1))
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
        let key = current + Int64.random(in: -12...3, using: &random) * SimulatedDatabase.width
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
            return
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

    private mutating func check(_ lower: Int64, attachedFor what: String, version: Int64, router: Int) {
        let partition = database.partitions[lower]
        if partition?.isAttached == true { return }
        // Somebody set the store back to a time before it said that the partition drains.
        if let partition, let drain = partition.drainPublishedAt, let restored = store.restored[version],
            restored >= drain,
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
