// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap

/// Decides from readings, one after the other, whether DDL may go on: a pure state machine.
///
/// What a standby reports of its own lag reads small while its replay stands still. So each reading leaves a mark, "at this moment the log
/// reached this far", and a standby's lag lies between the age of the oldest mark that it hasn't replayed and the age of the newest that it has.
/// The breaker opens when somebody is surely above the upper limit and lets pass when everybody is surely within it; in between it
/// has to look again. Once open it closes only when everybody is surely below the lower limit.
package struct LagBreaker: Sendable {
    package enum Verdict: Hashable, Sendable {
        /// Everybody is within the limit.
        case closed
        /// These haven't replayed what was flushed at the first look, which was less than the limit ago: look again.
        case undecided([Laggard])
        case open([Laggard])
    }

    package let limits: LagLimits
    package private(set) var isOpen = false
    /// How often it has opened.
    package private(set) var openings = 0
    private var marks: [Mark] = []

    package init(limits: LagLimits) {
        self.limits = limits
    }

    /// The log reached `position` from `first` to `last`, and perhaps longer.
    private struct Mark: Sendable {
        var position: LogSequenceNumber
        var first: Duration
        var last: Duration
    }

    /// More marks than these are thinned out: bounds get coarser, never wrong.
    private static let mostMarks = 256

    /// - Parameter moment: since any fixed moment; never less than at the reading before.
    package mutating func observe(_ reading: ReplicationReading, at moment: Duration) -> Verdict {
        mark(reading.flushed, at: moment)
        var lagging: [Laggard] = []
        var undecided: [Laggard] = []
        for standby in reading.standbys {
            let lag = lag(of: standby, flushed: reading.flushed, at: moment)
            let laggard = Laggard(
                .standby,
                name: standby.name,
                address: standby.address,
                seconds: lag.atLeast / .seconds(1)
            )
            if isOpen {
                if lag.atMost.map({ $0 >= limits.closesBelow }) ?? true { lagging.append(laggard) }
            } else if lag.atLeast > limits.opensAbove {
                lagging.append(laggard)
            } else if lag.atMost.map({ $0 > limits.opensAbove }) ?? true {
                undecided.append(laggard)
            }
        }
        for slot in reading.slots
        where isOpen ? slot.unconfirmed >= limits.slotClosesBelow : slot.unconfirmed > limits.slotOpensAbove {
            lagging.append(Laggard(.slot, name: slot.name, bytes: slot.unconfirmed))
        }
        for name in limits.expectedStandbys.subtracting(reading.standbys.map(\.name)).sorted() {
            lagging.append(Laggard(reading.missingGrant == nil ? .missingStandby : .unseenStandby, name: name))
        }
        prune(reading)
        return conclude(lagging, undecided)
    }

    private mutating func conclude(_ lagging: [Laggard], _ undecided: [Laggard]) -> Verdict {
        if lagging.isEmpty {
            isOpen = false
            return undecided.isEmpty ? .closed : .undecided(undecided)
        }
        if !isOpen { openings += 1 }
        isOpen = true
        return .open(lagging)
    }

    /// What is surely known of a standby's lag.
    private func lag(
        of standby: ReplicationReading.Standby,
        flushed: LogSequenceNumber,
        at moment: Duration
    ) -> (atLeast: Duration, atMost: Duration?) {
        guard standby.replayed < flushed else { return (.zero, .zero) }
        let missed = marks.first { $0.position > standby.replayed }
        let replayed = marks.last { $0.position <= standby.replayed }
        // A large report is true: it was measured. Only a small one proves nothing.
        let atLeast = max(missed.map { moment - $0.first } ?? .zero, standby.reportedLag ?? .zero)
        return (atLeast, replayed.map { max(moment - $0.last, atLeast) })
    }

    private mutating func mark(_ position: LogSequenceNumber, at moment: Duration) {
        // Behind a lost connection may be another primary, whose log went another way.
        if let last = marks.last, position < last.position { marks = [] }
        if marks.last?.position == position {
            marks[marks.count - 1].last = moment
        } else {
            marks.append(Mark(position: position, first: moment, last: moment))
        }
    }

    /// Marks that everybody has replayed say nothing any more, but for the newest of them.
    private mutating func prune(_ reading: ReplicationReading) {
        let slowest = reading.standbys.map(\.replayed).min() ?? reading.flushed
        if let newest = marks.lastIndex(where: { $0.position <= slowest }) { marks.removeFirst(newest) }
        guard marks.count > Self.mostMarks else { return }
        marks = marks.enumerated().filter { $0.offset.isMultiple(of: 2) || $0.offset == marks.count - 1 }.map(\.element)
    }
}
