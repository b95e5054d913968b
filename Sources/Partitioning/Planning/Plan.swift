// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// What has to be done for every table to be as it must be; a value that can be printed, compared and carried out.
package struct Plan: Hashable, Codable, Sendable {
    /// The moment the plan is for, by the server's clock.
    package var now: Instant
    package var database: String
    /// The most urgent first: fewest days left.
    package var tables: [TablePlan]

    package init(now: Instant, database: String, tables: [TablePlan]) {
        self.now = now
        self.database = database
        self.tables = tables
    }

    package var steps: [Step] { tables.flatMap(\.steps) }
    package var findings: [Finding] { tables.flatMap(\.findings) }
    package var isEmpty: Bool { tables.allSatisfy { $0.steps.isEmpty } }
}

/// The plan for one table: its policy or why it has none, its coverage, its steps.
package struct TablePlan: Hashable, Codable, Sendable {
    package enum Disposition: Hashable, Codable, Sendable {
        case grown(GrowthPolicy)
        case leftAlone(LeftAlone)
    }

    package var table: RelationName
    package var oid: UInt32
    package var disposition: Disposition
    package var coverage: CoverageReport?
    package var steps: [Step]
    package var findings: [Finding]

    package init(
        table: RelationName,
        oid: UInt32,
        disposition: Disposition,
        coverage: CoverageReport? = nil,
        steps: [Step] = [],
        findings: [Finding] = []
    ) {
        self.table = table
        self.oid = oid
        self.disposition = disposition
        self.coverage = coverage
        self.steps = steps
        self.findings = findings
    }

    package var policy: GrowthPolicy? {
        if case .grown(let policy) = disposition { policy } else { nil }
    }

    /// Whether a step of this plan, or one that was left to the next run, does away with what was found. A range without a partition is made
    /// one wherever it can be; what stands in the way is a finding of its own.
    package func mends(_ finding: Finding) -> Bool {
        switch finding.code {
        case .notCovered: policy != nil
        case .missingIndex, .pendingDetach, .leftoverCheck:
            findings.contains { $0.code == .stepCap }
                || steps.contains { $0.mends(finding) }
        default: false
        }
    }

    /// Nothing to do, and nothing wrong.
    package var isConverged: Bool { steps.isEmpty && !findings.contains { $0.severity == .error } }
}

/// How far a table's partitions reach, read from the catalog.
package struct CoverageReport: Hashable, Codable, Sendable {
    /// Where a row for now is, and every later one up to here has, an attached partition: exclusive upper bound, as a
    /// coordinate of the key; nil where now itself has none.
    package var coveredUntil: Int64?
    /// The same as PostgreSQL reads it; `infinity` past a MAXVALUE bound.
    package var coveredUntilText: String?
    /// Days of 24 hours from now to `coveredUntil`; 0 where now has no partition; nil past a MAXVALUE bound.
    package var daysRemaining: Double?
    /// Exclusive end of the range that must be covered.
    package var requiredUntil: Int64
    package var requiredUntilText: String
    /// Uncovered parts of the required range, but for what lies wholly in the past.
    package var missing: [KeyRange]
    /// Uncovered parts between the oldest partition and now that are not going to be filled.
    package var gapsInThePast: [KeyRange]
    package var hasDefaultPartition: Bool

    package init(
        coveredUntil: Int64?,
        coveredUntilText: String?,
        daysRemaining: Double?,
        requiredUntil: Int64,
        requiredUntilText: String,
        missing: [KeyRange],
        gapsInThePast: [KeyRange],
        hasDefaultPartition: Bool
    ) {
        self.coveredUntil = coveredUntil
        self.coveredUntilText = coveredUntilText
        self.daysRemaining = daysRemaining
        self.requiredUntil = requiredUntil
        self.requiredUntilText = requiredUntilText
        self.missing = missing
        self.gapsInThePast = gapsInThePast
        self.hasDefaultPartition = hasDefaultPartition
    }
}

extension Step {
    /// Whether it does away with what was found: a missing index, a pending detach or a CHECK that was left.
    fileprivate func mends(_ finding: Finding) -> Bool {
        switch (action, finding.code) {
        case (.repairIndex(let gap), .missingIndex): gap.partition.description == finding.object
        case (.finalizeDetach(let partition), .pendingDetach): partition.description == finding.object
        case (.dropLeftoverCheck(let constraint, _), .leftoverCheck): constraint == finding.object
        default: false
        }
    }
}
