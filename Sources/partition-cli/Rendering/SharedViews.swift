// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Provisioning

/// What the JSON of every command says of a table's name.
struct NameView: Encodable {
    var schema: String
    var name: String
    var qualified: String

    init(_ name: RelationName) {
        schema = name.schema
        self.name = name.name
        qualified = name.description
    }
}

struct PolicyView: Encodable {
    var interval: String
    @Nullable var timezone: String?
    var namePattern: String
    /// A fraction where the policy file says hours.
    var bufferDays: Double

    init(_ policy: GrowthPolicy) {
        interval = policy.grid.period.description
        timezone = policy.grid.timeline.zoneName
        namePattern = policy.names.description
        bufferDays = (policy.buffer.days * 1000).rounded() / 1000
    }
}

struct CoverageView: Encodable {
    @Nullable var coveredUntil: String?
    @Nullable var daysRemaining: Double?
    var requiredUntil: String
    var isComplete: Bool
    var hasDefaultPartition: Bool

    init(_ report: CoverageReport) {
        coveredUntil = report.coveredUntilText.map(KeyText.iso)
        daysRemaining = report.daysRemaining.map { ($0 * 1000).rounded() / 1000 }
        requiredUntil = KeyText.iso(report.requiredUntilText)
        isComplete = report.isComplete
        hasDefaultPartition = report.hasDefaultPartition
    }
}

struct FindingView: Encodable {
    var severity: String
    var code: String
    var table: NameView
    @Nullable var object: String?
    var message: String
    @Nullable var remedy: String?

    init(_ finding: Finding) {
        severity = finding.severity.rawValue
        code = finding.code.rawValue
        table = NameView(finding.table)
        object = finding.object
        message = finding.message
        remedy = finding.remedy
    }
}

struct RegistryView: Encodable {
    var name: String
    /// Why there is none.
    @Nullable var reason: String?

    init(_ choice: RegistryChoice) {
        name = choice.name
        reason = choice.reason
    }
}

struct FailureView: Encodable {
    struct Cause: Encodable {
        var message: String
        @Nullable var remedy: String?
        @Nullable var sqlState: String?
        var others: [String]
    }

    let schemaVersion = 1
    var command: String
    var exitStatus: Int32
    var error: Cause

    init(_ failure: CommandFailure, command: String) {
        self.command = command
        exitStatus = failure.status.code
        error = Cause(
            message: failure.message,
            remedy: failure.remedy,
            sqlState: failure.sqlState,
            others: failure.others
        )
    }
}

struct QuotaView: Encodable, Sendable {
    var tablespace: String
    var thresholdPercent: Int
    @Nullable var usedPercent: Double?
    @Nullable var source: String?
    /// Why the used share isn't known.
    @Nullable var unknownBecause: String?

    init(_ measure: QuotaMeasure) {
        tablespace = measure.tablespace
        thresholdPercent = Int((measure.threshold * 100).rounded())
        switch measure.reading {
        case .known(let ratio, let origin):
            usedPercent = (ratio * 1000).rounded(.down) / 10
            source = origin.rawValue
            unknownBecause = nil
        case .unknown(let why):
            usedPercent = nil
            source = nil
            unknownBecause = why
        }
    }

    /// - Parameter isDefault: whether it is of the database's default tablespace, which isn't named then.
    func text(isDefault: Bool) -> String {
        let quota = isDefault ? "quota" : "quota of the tablespace \(tablespace)"
        return if let usedPercent {
            "\(quota): \(usedPercent) % of the space is used, the threshold is \(thresholdPercent) %"
        } else {
            "\(quota): how full the space is, is not known: \(unknownBecause ?? "")"
        }
    }
}
