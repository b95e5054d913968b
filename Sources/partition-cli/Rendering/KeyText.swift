// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning

/// Bounds as people and programs read them.
struct KeyText {
    private let policy: GrowthPolicy

    init(_ policy: GrowthPolicy) {
        self.policy = policy
    }

    /// Local time of the table's zone, a date alone at midnight: `2026-12-01`, `2026-12-01 06:00:00`.
    func display(_ coordinate: Int64) -> String {
        switch coordinate {
        case .min: return "the beginning"
        case .max: return "for ever"
        default:
            let time = policy.civil(coordinate)
            return time.isMidnight ? time.date.description : time.description
        }
    }

    /// `covered until 2027-02-01 (67.3 days)`, or what else there is to say.
    func covered(_ coverage: CoverageReport) -> String {
        guard let until = coverage.coveredUntil else { return "now has no partition" }
        return until == .max
            ? "covered for ever" : "covered until \(display(until)) (\(Self.days(coverage.daysRemaining)))"
    }

    /// A moment on an axis: to the day, or to the minute where the axis is short.
    func brief(_ coordinate: Int64, in window: KeyRange) -> String {
        guard coordinate != .min, coordinate != .max else { return display(coordinate) }
        let time = policy.civil(coordinate)
        let isShort = Double(window.upper) - Double(window.lower) < 5 * 86_400_000_000
        return isShort ? String(time.description.prefix(16)) : time.date.description
    }

    func display(_ range: KeyRange) -> String { "\(display(range.lower)) … \(display(range.upper))" }

    /// A literal of PostgreSQL's as ISO 8601: `2026-12-01`, `2026-12-01T00:00:00`, `2026-12-01T00:00:00Z`.
    static func iso(_ literal: String) -> String {
        let text = literal.replacing(" ", with: "T", maxReplacements: 1)
        return text.hasSuffix("+00") ? text.dropLast(3) + "Z" : text
    }

    /// Such as `month in Europe/Paris`.
    var interval: String {
        switch policy.grid.timeline {
        case .civil: policy.grid.period.description
        case .zoned(let rules): "\(policy.grid.period) in \(rules.name)"
        }
    }

    /// Such as `8.3 days`; for ever where there is no end.
    static func days(_ days: Double?) -> String {
        guard let days else { return "no end" }
        return "\(tenths(days)) days"
    }

    /// Such as `8.3`, never more than it is.
    static func tenths(_ days: Double) -> String {
        let tenths = Int((days * 10).rounded(.down))
        return "\(tenths / 10).\(tenths % 10)"
    }
}

extension CoverageReport {
    /// Whether every row of the required range has a partition of its own.
    var isComplete: Bool { missing.isEmpty }
}

/// `1 table`, `3 tables`.
func counted(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
    "\(count) \(count == 1 ? noun : plural ?? noun + "s")"
}
