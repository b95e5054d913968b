// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning

/// One step, in plan and report.
struct StepView: Encodable {
    struct Lock: Encodable {
        var table: String
        var mode: String
    }

    var action: String
    var target: String
    @Nullable var from: String?
    @Nullable var to: String?
    var reason: String
    var locks: [Lock]

    init(_ step: Step) {
        target = step.target
        reason = step.reason
        locks = step.locks.map { Lock(table: $0.relation.description, mode: $0.mode.rawValue) }
        from = nil
        to = nil
        switch step.action {
        case .createPartition(let creation):
            action = creation.adoptsExisting ? "attach-partition" : "create-partition"
            from = creation.range.lower == .min ? nil : KeyText.iso(creation.lowerBound)
            to = creation.range.upper == .max ? nil : KeyText.iso(creation.upperBound)
        case .repairIndex: action = "repair-index"
        case .finalizeDetach: action = "finalize-detach"
        case .dropLeftoverCheck: action = "drop-leftover-check"
        case .dropUnattached: action = "drop-unattached"
        }
    }
}

extension Step {
    /// `+` for what comes, `~` for what changes, `-` for what goes.
    var sign: String {
        switch action {
        case .createPartition: "+"
        case .repairIndex: "~"
        case .finalizeDetach, .dropLeftoverCheck, .dropUnattached: "-"
        }
    }

    var tone: Page.Tone {
        switch action {
        case .createPartition: .added
        case .repairIndex: .changed
        case .finalizeDetach, .dropLeftoverCheck, .dropUnattached: .removed
        }
    }

    /// The words without what is empty: an index has no range, and its long name would push those of others aside.
    func filledWords(_ policy: GrowthPolicy?) -> [String] { words(policy).filter { !$0.isEmpty } }

    /// What, and which range.
    func words(_ policy: GrowthPolicy?) -> [String] {
        switch action {
        case .createPartition(let creation):
            let range =
                policy.map { KeyText($0).display(creation.range) } ?? "\(creation.lowerBound) … \(creation.upperBound)"
            return [
                sign, creation.name.description,
                creation.adoptsExisting ? "\(range) (a table that is there already)" : range,
            ]
        case .repairIndex: return [sign, "index \(target)", ""]
        case .finalizeDetach: return [sign, "detach of \(target)", ""]
        case .dropLeftoverCheck: return [sign, "CHECK \(target)", ""]
        case .dropUnattached: return [sign, "table \(target)", "never attached"]
        }
    }
}
