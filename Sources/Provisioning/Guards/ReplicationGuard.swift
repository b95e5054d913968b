// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import LibPQ
package import PartitionMap

/// The lag breaker at work in one run: looks, waits, and remembers, for every table the same breaker.
package actor ReplicationGuard {
    /// What came of a wait.
    package enum Passage: Sendable {
        /// - waited: how long it took.
        case clear(waited: Duration)
        case obstructed([Laggard], waited: Duration)
    }

    private let limits: LagLimits
    private var breaker: LagBreaker
    private let start = ContinuousClock.now
    /// What waiting may take in the whole run: a standby that is gone for good would cost every table its time.
    private var patience: Duration
    package private(set) var report: ReplicationReport

    /// - Parameter patience: for all waits of the run together.
    package init(limits: LagLimits, patience: Duration) {
        self.limits = limits
        breaker = LagBreaker(limits: limits)
        self.patience = patience
        report = ReplicationReport(maxLagSeconds: limits.opensAbove / .seconds(1))
    }

    /// Who is passed anyhow is looked at for no longer than this.
    private static let waivedWait = Duration.seconds(10)

    private static let pauses = Duration.milliseconds(20)...Duration.milliseconds(250)

    /// One look, whatever comes of it: the first one of a run leaves the first mark.
    ///
    /// - Throws: the loss of the connection, a cancellation. What else goes wrong makes the breaker blind, which is in the report; a guard
    ///   that can't look must not stop anything.
    @discardableResult
    package func look(_ connection: Connection) async throws -> LagBreaker.Verdict {
        try await observe(connection)?.verdict ?? .closed
    }

    /// nil where nothing can be seen.
    private func observe(
        _ connection: Connection
    ) async throws -> (reading: ReplicationReading, verdict: LagBreaker.Verdict)? {
        var reading: ReplicationReading
        do {
            reading = try await ReplicationObserver(connection: connection).look()
            report.blindBecause = nil
        } catch {
            guard !error.isConnectionLoss, !error.isCancellation else { throw error }
            report.blindBecause = error.message
            return nil
        }
        reading.standbys.removeAll { limits.ignoredStandbys.contains($0.name) }
        let verdict = breaker.observe(reading, at: ContinuousClock.now - start)
        record(reading, verdict)
        return (reading, verdict)
    }

    /// Waits until the breaker lets pass.
    ///
    /// - Parameters:
    ///   - end: not longer than this, nor longer than what is left of the run's patience.
    ///   - runEnd: until when it may be found out whether the breaker is open at all: once in a run that takes as long as its upper limit, and a
    ///     standby which is within that limit must not cost a table its time.
    ///   - isWaived: only finds out, and not for long.
    ///   - tell: hears once whom it waits for.
    package func passage(
        _ connection: Connection,
        until end: ContinuousClock.Instant,
        runEnd: ContinuousClock.Instant? = nil,
        isWaived: Bool = false,
        waiting tell: @Sendable ([Laggard]) -> Void = { _ in }
    ) async throws -> Passage {
        let began = ContinuousClock.now
        var undecidedEnd = runEnd ?? end
        if isWaived { undecidedEnd = min(undecidedEnd, began + Self.waivedWait) }
        var pause = Self.pauses.lowerBound
        var hasTold = false
        while true {
            let verdict = try await look(connection)
            let waited = ContinuousClock.now - began
            switch verdict {
            case .closed:
                spend(waited)
                return .clear(waited: waited)
            case .undecided(let laggards):
                guard ContinuousClock.now < undecidedEnd else {
                    spend(waited)
                    return .obstructed(laggards, waited: waited)
                }
            case .open(let laggards):
                guard !isWaived, ContinuousClock.now < end, waited < patience else {
                    spend(waited)
                    return .obstructed(laggards, waited: waited)
                }
                if !hasTold { tell(laggards) }
                hasTold = true
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 3 / 2, Self.pauses.upperBound)
        }
    }

    /// Waits until every standby that is connected has replayed a position.
    ///
    /// - Returns: those that haven't by then.
    package func replay(
        of position: LogSequenceNumber,
        _ connection: Connection,
        until end: ContinuousClock.Instant
    ) async throws -> [Laggard] {
        let began = ContinuousClock.now
        var pause = Self.pauses.lowerBound
        while true {
            try Task.checkCancellation()
            guard let (reading, _) = try await observe(connection) else { return [] }
            let waited = ContinuousClock.now - began
            let behind = reading.standbys.filter { $0.replayed < position }.map {
                Laggard(.standby, name: $0.name, address: $0.address, seconds: waited / .seconds(1))
            }
            guard !behind.isEmpty, ContinuousClock.now < end else {
                report.waitedSeconds += waited / .seconds(1)
                return behind
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 3 / 2, Self.pauses.upperBound)
        }
    }

    private func spend(_ waited: Duration) {
        patience = max(.zero, patience - waited)
        report.waitedSeconds += waited / .seconds(1)
    }

    private func record(_ reading: ReplicationReading, _ verdict: LagBreaker.Verdict) {
        var known: [Laggard] = []
        switch verdict {
        case .closed: break
        case .undecided(let laggards): known = laggards
        case .open(let laggards):
            known = laggards
            report.openedBy = laggards
        }
        report.isOpen = breaker.isOpen
        report.openings = breaker.openings
        report.missingGrant = reading.missingGrant
        report.receivers = reading.standbys.map { standby in
            known.first { $0.kind == .standby && $0.name == standby.name && $0.address == standby.address }
                ?? Laggard(
                    .standby,
                    name: standby.name,
                    address: standby.address,
                    seconds: standby.replayed < reading.flushed ? (standby.reportedLag ?? .zero) / .seconds(1) : 0
                )
        }
        report.receivers += reading.slots.map { Laggard(.slot, name: $0.name, bytes: $0.unconfirmed) }
        report.receivers += known.filter { $0.kind == .missingStandby || $0.kind == .unseenStandby }
    }
}
