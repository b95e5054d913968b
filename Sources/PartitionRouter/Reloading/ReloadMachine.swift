// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Decides when a map is read again, whether what was read is taken, and how old the served map is: values in, actions out, no
/// clock and no I/O. ``MapFeed`` carries the actions out.
///
/// The **age** of the served map counts from when the last linearizable read that found *exactly this map* was **sent**: what
/// happened in the store after that moment the router can't know. So nothing else renews it, above all no hint, no read that
/// found another version (whether or not that one could be taken), none that found nothing and none that failed. A publisher
/// may therefore rely on this: two bounds after it published a partition as draining, no router serves that partition.
package struct ReloadMachine: Sendable {
    /// All of them promises to publishers or to operators, none a matter of taste.
    package struct Timing: Sendable {
        /// The age beyond which a map is stale (B).
        package var bound: Duration = .seconds(90)
        /// The longest pause between two reads; the shortest is half of it, so that a fleet doesn't read in one moment.
        package var interval: Duration = .seconds(30)
        /// The first pause after a failed read; it doubles up to ``interval``.
        package var firstRetry: Duration = .milliseconds(500)

        package init() {}
    }

    package enum Action: Sendable, Equatable {
        case readHeader
        /// A header of this map was just read, by a read that was sent then.
        case readDocument(MapIdentity, headerSentAt: MonotonicTime)
        /// Serve the map that was just read.
        case take(MapIdentity)
        /// The served map was confirmed.
        case renew
        case report(Report)
    }

    /// What somebody should hear of, each once for as long as it lasts.
    package enum Report: Sendable, Hashable {
        /// The store holds a map that doesn't follow the served one; that one is kept.
        case conflict(found: MapIdentity, served: MapIdentity)
        /// The store holds no map of the table; the served one, if any, is kept.
        case missing
        case failed(RegistryError)
        case stale
        /// The store holds the served map, or one that follows it, after one of the others was reported.
        case recovered
    }

    private let timing: Timing
    private var jitter: SplitMix64
    /// The map being served.
    package private(set) var served: MapIdentity?
    /// When the last read that found the served map was sent.
    package private(set) var confirmedAt: MonotonicTime?
    private var isReading = false
    /// A hint came after the read under way was sent, which may have missed what the hint is about.
    private var mustReadAgain = false
    private var nextRead: MonotonicTime?
    private var failures = 0
    private var trouble: Report?
    private var saidStale = false

    package init(timing: Timing = Timing(), seed: UInt64) {
        self.timing = timing
        jitter = SplitMix64(seed: seed)
    }

    /// Nil before the first map.
    package func age(at now: MonotonicTime) -> Duration? { confirmedAt.map { max(.zero, now - $0) } }

    /// When the served map will be stale unless it is confirmed before.
    package var staleAt: MonotonicTime? { confirmedAt.map { $0 + timing.bound } }

    /// Somebody begins to carry out the actions, for the first time or after somebody else stopped.
    package mutating func started(at now: MonotonicTime) -> [Action] {
        isReading = false
        mustReadAgain = false
        return read()
    }

    /// "Read again." That is all a hint says; it is no evidence of anything.
    package mutating func hinted(at now: MonotonicTime) -> [Action] {
        guard !isReading else {
            mustReadAgain = true
            return []
        }
        return read()
    }

    /// Time has passed. To be called at least every second.
    package mutating func ticked(at now: MonotonicTime) -> [Action] {
        var actions: [Action] = []
        if let staleAt, now >= staleAt, !saidStale {
            saidStale = true
            actions.append(.report(.stale))
        }
        if !isReading, let nextRead, now >= nextRead { actions += read() }
        return actions
    }

    /// A linearizable read of the header, sent at `sentAt`, was answered; nil when there is no map.
    package mutating func headerRead(
        _ found: MapIdentity?,
        sentAt: MonotonicTime,
        at now: MonotonicTime
    ) -> [Action] {
        isReading = false
        failures = 0
        guard let found else { return report(.missing) + finished(at: now) }
        switch found.relation(toServed: served) {
        case .same: return confirmed(sentAt) + finished(at: now)
        case .newer:
            isReading = true
            return [.readDocument(found, headerSentAt: sentAt)]
        case .conflict: return conflict(found) + finished(at: now)
        }
    }

    /// Header and document were read together, by a read sent at `sentAt`; nil when there is no map.
    package mutating func documentRead(
        _ found: MapIdentity?,
        sentAt: MonotonicTime,
        at now: MonotonicTime
    ) -> [Action] {
        isReading = false
        failures = 0
        guard let found else { return report(.missing) + finished(at: now) }
        switch found.relation(toServed: served) {
        case .same: return confirmed(sentAt) + finished(at: now)
        case .newer:
            served = found
            // Of another map, so that it may well lie before what confirmed the last one.
            confirmedAt = sentAt
            return [.take(found)] + recovered() + finished(at: now)
        case .conflict: return conflict(found) + finished(at: now)
        }
    }

    /// A read failed; the served map is kept.
    package mutating func failed(_ error: RegistryError, at now: MonotonicTime) -> [Action] {
        isReading = false
        // Doubling thirty times is more than any interval.
        let pause = min(timing.firstRetry * (1 << min(failures, 30)), timing.interval)
        failures += 1
        let actions = report(.failed(error))
        if mustReadAgain { return actions + finished(at: now) }
        nextRead = now + pause * jitter.halfToOne()
        return actions
    }

    private mutating func read() -> [Action] {
        isReading = true
        mustReadAgain = false
        return [.readHeader]
    }

    private mutating func finished(at now: MonotonicTime) -> [Action] {
        nextRead = now + timing.interval * jitter.halfToOne()
        return mustReadAgain ? read() : []
    }

    private mutating func confirmed(_ sentAt: MonotonicTime) -> [Action] {
        confirmedAt = max(confirmedAt ?? sentAt, sentAt)
        return [.renew] + recovered()
    }

    private mutating func conflict(_ found: MapIdentity) -> [Action] {
        guard let served else { return [] }
        return report(.conflict(found: found, served: served))
    }

    private mutating func report(_ report: Report) -> [Action] {
        guard report != trouble else { return [] }
        trouble = report
        return [.report(report)]
    }

    private mutating func recovered() -> [Action] {
        let wasTroubled = trouble != nil || saidStale
        trouble = nil
        saidStale = false
        return wasTroubled ? [.report(.recovered)] : []
    }
}

extension SplitMix64 {
    fileprivate mutating func halfToOne() -> Double { Double.random(in: 0.5...1, using: &self) }
}
