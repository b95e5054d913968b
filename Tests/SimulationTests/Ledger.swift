// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Testing

/// A way in which the system could have been built wrong. The simulation must find each.
enum Breakage: String, CaseIterable, Sendable, CustomTestStringConvertible {
    /// A map names partitions whose transaction isn't committed yet.
    case publishBeforeCommit
    /// The wait between the draining map and the detach is shorter than what a cut-off router may serve.
    case detachBeforeBound
    /// A hint carries the map, and the router takes it for what the store holds.
    case hintsTrusted
    /// After a flush versions begin with 1 again.
    case versionReset
    /// A hint counts as a confirmation of the served map.
    case ageRenewedByHints

    /// Which invariants may notice it.
    var noticedBy: Set<Violation.Invariant> {
        switch self {
        case .publishBeforeCommit, .detachBeforeBound: [.attached]
        case .hintsTrusted, .ageRenewedByHints: [.attached, .bound, .growing]
        case .versionReset: [.growing]
        }
    }

    var testDescription: String { rawValue }
}

/// Something that must never happen, and did.
struct Violation: CustomStringConvertible {
    enum Invariant: String {
        /// No lookup yields a partition that isn't attached.
        case attached
        /// None is served past its bound: 90 s after the store last held the map, or the end of the map's own promise.
        case bound
        /// Versions only grow: those that a router takes, and those that are published while the clock hasn't been set back.
        case growing
        /// What a map has is found by a router that may serve it, in an interval too, and a map that was read and follows is taken.
        case complete
        /// A router reads again within 30 s, and after each hint.
        case live
        /// A clone of the database changes nothing while the store holds the original's map.
        case foreign
        /// What the harness relies on itself.
        case harness
    }

    let invariant: Invariant
    let at: Int64
    let what: String

    var description: String { "\(Ledger.text(at)) \(invariant.rawValue): \(what)" }
}

/// What happened: what must not, how often what may, and the last of everything.
struct Ledger {
    enum Count: String, CaseIterable {
        case taken, restarted, conflicts, servedFresh, servedKept, refusedStale, refusedDraining, readInIntervals
        case created, marked, detached, published, racesLost, unreachable, flushes, failovers, restores, crashes
        case clones, setBackWhileWaiting, bothClocksWrong
        /// A partition that is gone was looked up from a map that somebody restored; the fence refuses the write.
        case fenced
    }

    private static let traceLength = 60

    private(set) var violations: [Violation] = []
    private(set) var counts: [Count: Int] = [:]
    private(set) var trace: [String] = []

    mutating func count(_ what: Count) { counts[what, default: 0] += 1 }

    mutating func note(_ at: Int64, _ what: String) {
        guard violations.isEmpty else { return }
        if trace.count == 2 * Self.traceLength { trace.removeFirst(Self.traceLength) }
        trace.append("\(Self.text(at)) \(what)")
    }

    mutating func violate(_ invariant: Violation.Invariant, at: Int64, _ what: String) {
        violations.append(Violation(invariant: invariant, at: at, what: what))
    }

    /// Hours, minutes, seconds and milliseconds since the beginning.
    static func text(_ nanoseconds: Int64) -> String {
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let milliseconds = nanoseconds / 1_000_000
        let fraction = String(1000 + milliseconds % 1000).dropFirst()
        return
            "\(two(milliseconds / 3_600_000)):\(two(milliseconds / 60_000 % 60)):\(two(milliseconds / 1000 % 60)).\(fraction)"
    }
}
