// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Provisioning

/// What the process ends with. This file is the only place where a code is chosen.
enum ExitStatus: Int32, CaseIterable, Sendable {
    /// Every managed table is covered to its horizon.
    case success = 0
    /// A table isn't as it must be, or `verify` or `doctor` found something.
    case failed = 1
    /// `plan --detailed-exitcode`: there is something to do.
    case changesPlanned = 2
    case usage = 64
    case unreachable = 69
    case internalError = 70
    /// The space is used up: creation was skipped.
    case quotaExceeded = 73
    /// The database is done, the registry isn't.
    case unpublished = 74
    /// A lock, the deadline or a standby: try again.
    case deferred = 75
    /// Another run holds the database; nothing was done.
    case busy = 76
    case privilegeMissing = 77
    /// The policy file: nothing was run.
    case configuration = 78
    /// SIGINT: 128 + 2.
    case interrupted = 130
    /// SIGTERM: 128 + 15.
    case terminated = 143

    var code: Int32 { rawValue }

    /// Of several outcomes the most severe counts, in this order.
    private static let bySeverity: [ExitStatus] = [
        .internalError, .unreachable, .privilegeMissing, .failed, .quotaExceeded, .unpublished, .deferred, .busy,
        .success,
    ]

    /// The status of a run in which all of these happened.
    static func mostSevere(_ statuses: [ExitStatus]) -> ExitStatus {
        bySeverity.first { statuses.contains($0) } ?? .success
    }

    /// - Parameter signal: the one that ended the run.
    init(endedBy signal: Int32) {
        self = signal == 2 ? .interrupted : .terminated
    }

    /// - Parameters:
    ///   - named: tables that the caller asked for by name: leaving one of these alone is not success.
    ///   - interrupted: what a signal that came makes of it.
    init(_ report: RunReport, named: Set<RelationName> = [], interrupted: ExitStatus? = nil) {
        switch report.condition {
        case .busy:
            self = .busy
        case .standby:
            // Nothing can be done on a standby, so nothing failed there either. A role that may see to nothing knows nothing.
            let isCovered =
                !report.isIdle
                && report.tables.allSatisfy { table in
                    table.outcome == .converged || (table.outcome == .leftAlone && !named.contains(table.table))
                }
            self = isCovered ? .success : .deferred
        case .interrupted:
            self = interrupted ?? .terminated
        case .ordinary:
            let tables = report.tables.map { ExitStatus($0, isNamed: named.contains($0.table)) }
            let publications = (report.publications ?? [:]).values.map { $0.isFailure ? Self.unpublished : .success }
            self = .mostSevere(tables + publications + (report.isIdle ? [.privilegeMissing] : []))
        }
    }

    /// What one table contributes.
    init(_ table: TableReport, isNamed: Bool) {
        switch table.outcome {
        case .converged: self = .success
        case .deferred: self = .deferred
        case .quotaExceeded: self = .quotaExceeded
        case .leftAlone:
            self = isNamed ? (table.lacksPrivilege ? .privilegeMissing : .failed) : .success
        case .failed(let failure):
            self = failure.isPrivilege || table.lacksPrivilege ? .privilegeMissing : .failed
        }
    }

    /// What a plan comes to: what is left alone or stays wrong as it would for a run, and rights that one would miss.
    init(_ plan: Plan, named: Set<RelationName>, hindrances: [RelationName: [Hindrance]]) {
        let statuses = plan.tables.map { table -> ExitStatus in
            if hindrances[table.table]?.contains(where: { $0.kind == .privilege }) ?? false { return .privilegeMissing }
            let isLeftAlone = table.policy == nil && named.contains(table.table)
            let open = table.findings.contains { $0.severity == .error && !table.mends($0) }
            guard isLeftAlone || open else { return .success }
            return table.findings.contains { $0.code == .privilege } ? .privilegeMissing : .failed
        }
        let isIdle =
            !plan.tables.contains { $0.policy != nil }
            && plan.tables.contains { $0.findings.contains { $0.code == .privilege } }
        self = .mostSevere(statuses + (isIdle ? [.privilegeMissing] : []))
    }

    /// What `doctor` found comes to: a note is no hazard.
    init(_ hazards: [Hazard]) {
        self = hazards.contains { $0.severity > .note } ? .failed : .success
    }

    /// What the findings of `verify` come to: remarks are no findings.
    init(_ findings: [Finding]) {
        let found = findings.filter { $0.severity > .note }
        if found.contains(where: { $0.severity == .error && $0.code == .privilege }) {
            self = .privilegeMissing
        } else {
            self = found.isEmpty ? .success : .failed
        }
    }
}

extension Failure {
    fileprivate var isPrivilege: Bool { sqlState == "42501" }
}

extension RunReport {
    /// A role that may look after nothing at all is a mistake, and must not look like a night without work.
    fileprivate var isIdle: Bool {
        !tables.contains { $0.policy != nil } && tables.contains(where: \.lacksPrivilege)
    }
}

extension TableReport {
    /// Other steps of the table may have failed for another reason: the one that can be mended by a GRANT counts.
    fileprivate var lacksPrivilege: Bool {
        steps.contains { step in
            if case .failed(let failure) = step.result { failure.isPrivilege } else { false }
        } || findings.contains { $0.code == .privilege }
    }
}
