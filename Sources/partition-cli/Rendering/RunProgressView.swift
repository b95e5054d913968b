// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Provisioning

/// What a run is at, told from its events, as one line. Times are seconds since the run began.
struct RunProgressView: Sendable {
    private enum Activity: Hashable {
        case saying(String)
        case attaching(table: String)
        /// The text has the relation; the time grows beside it.
        case waiting(String, since: Double)
        case indexing(IndexGap, since: Double)
    }

    private var activity = Activity.saying("")
    /// Partitions of the whole run.
    private var attached = 0
    private var toAttach = 0
    private var attachingSeconds = 0.0
    private var attachingSince: Double?
    private var build: Build?

    /// One phase of an index's build.
    private struct Build: Hashable {
        var latest: IndexBuild
        /// What was done when the phase was first seen, and when that was.
        var first: Int64
        var since: Double
    }

    /// A plain text, for what isn't part of a run.
    mutating func say(_ text: String) { activity = .saying(text) }

    mutating func note(_ event: RunEvent, at time: Double) {
        switch event {
        case .observed(let tables): activity = .saying("planning \(counted(tables, "table"))")
        case .planned(let plan):
            // A plan that is made again has what is left.
            toAttach = attached + Tally(plan.steps).partitions
            activity = .saying("\(counted(plan.steps.count, "step")) to take")
        case .scanning(let relation, let bytes, let purpose):
            pause(at: time)
            let size = bytes.map { " (\(Quantity.bytes($0)))" } ?? ""
            activity = .waiting("\(relation)\(size): \(purpose.words)", since: time)
        case .stepStarted(let step, _, _): begin(step, at: time)
        case .stepFinished(let report):
            if case .createPartition = report.step.action, case .done = report.result { attached += 1 }
        // Attempts come and go too fast to be read.
        case .locksTried: break
        case .guardWaived(_, let table, let reason):
            pause(at: time)
            activity = .saying("\(table): \(reason)")
        case .reconnecting(let attempt, let reason):
            pause(at: time)
            activity = .saying("connection lost, attempt \(attempt): \(reason)")
        case .waitingForReplication(let table, let laggards):
            pause(at: time)
            activity = .waiting("\(table): \(laggards.words)", since: time)
        case .verifying(let partitions):
            pause(at: time)
            activity = .saying("verifying \(counted(partitions, "new partition"))")
        case .publishing(let tables): activity = .saying("publishing \(counted(tables, "map"))")
        }
    }

    private mutating func begin(_ step: Step, at time: Double) {
        switch step.action {
        case .createPartition:
            if attachingSince == nil { attachingSince = time }
            activity = .attaching(table: step.table.description)
        case .repairIndex(let gap):
            pause(at: time)
            build = nil
            activity = .indexing(gap, since: time)
        case .finalizeDetach, .dropLeftoverCheck, .dropUnattached:
            pause(at: time)
            activity = .saying("\(step.table): \(step.target)")
        }
    }

    /// Time that goes by with something else is none that partitions take.
    private mutating func pause(at time: Double) {
        if let since = attachingSince { attachingSeconds += time - since }
        attachingSince = nil
    }

    /// The table on which an index is being built for longer than a moment: worth asking the server about.
    func indexedTable(at time: Double) -> UInt32? {
        if case .indexing(let gap, let since) = activity, time - since >= 1 { gap.partitionOID } else { nil }
    }

    /// What the server says of the index that is being built.
    mutating func note(_ news: IndexBuild?, at time: Double) {
        guard case .indexing = activity, let news else { return }
        if let build, build.latest.phase == news.phase, build.latest.total == news.total {
            self.build?.latest = news
        } else {
            build = Build(latest: news, first: news.done, since: time)
        }
    }

    /// One line, no wider than the terminal.
    func text(at time: Double, _ rendition: Rendition) -> String {
        switch activity {
        case .saying(let text): return fitted(text, rendition)
        case .attaching(let table):
            return ProgressBar(
                label: table,
                done: Int64(attached),
                total: Int64(max(toAttach, attached)),
                seconds: attachingSeconds + (attachingSince.map { time - $0 } ?? 0),
                unit: "partitions"
            ).text(rendition)
        case .waiting(let text, let since):
            return fitted("\(text), \(Quantity.seconds((time - since).rounded()))", rendition)
        case .indexing(let gap, let since):
            let label = "index on \(gap.partition)"
            guard let build, build.latest.total > 0 else {
                return fitted("\(label)\(phase), \(Quantity.seconds((time - since).rounded()))", rendition)
            }
            return ProgressBar(
                label: label + phase,
                done: build.latest.done,
                total: build.latest.total,
                before: build.first,
                seconds: time - build.since
            ).text(rendition)
        }
    }

    private var phase: String { build.map { ": \($0.latest.phase)" } ?? "" }

    private func fitted(_ text: String, _ rendition: Rendition) -> String {
        let width = (rendition.width ?? Rendition.usualWidth) - 1
        return DisplayWidth.truncated(rendition.signs(Page.plain(text)), to: width, ellipsis: rendition.signs("…"))
    }
}

extension RunEvent.Scan {
    fileprivate var words: String {
        switch self {
        case .forRows: "looking for rows of the new ranges"
        case .forCheck: "validating a CHECK beside its writers"
        }
    }
}
