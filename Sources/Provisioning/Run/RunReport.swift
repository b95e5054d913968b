// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import Partitioning

/// What a run did, and how every table stands afterwards.
package struct RunReport: Hashable, Codable, Sendable {
    /// What happened to the run as a whole, before or besides its tables.
    package enum Condition: Hashable, Codable, Sendable {
        case ordinary
        /// Another run holds the database; nothing was done.
        case busy(holder: String)
        /// The server is a standby; nothing can be done there.
        case standby
        /// Cancelled from outside: what was committed stands.
        case interrupted
    }

    package var condition: Condition
    package var database: String
    package var startedAt: Instant
    /// Seconds.
    package var duration: Double
    package var tables: [TableReport]
    /// One outcome for each managed table; nil where nothing was to be published.
    package var publications: [RelationName: Publisher.Outcome]?
    /// What the lag breaker saw and did; nil where it is switched off, or nothing was begun.
    package var replication: ReplicationReport?

    package init(
        condition: Condition = .ordinary,
        database: String,
        startedAt: Instant,
        duration: Double = 0,
        tables: [TableReport] = [],
        publications: [RelationName: Publisher.Outcome]? = nil
    ) {
        self.condition = condition
        self.database = database
        self.startedAt = startedAt
        self.duration = duration
        self.tables = tables
        self.publications = publications
    }
}

/// One table in a run.
package struct TableReport: Hashable, Codable, Sendable {
    package enum Outcome: Hashable, Codable, Sendable {
        /// Nothing is left to do.
        case converged
        /// No policy, so nothing was to be done; the finding says why.
        case leftAlone
        /// A lock, the deadline or another reason to try again later.
        case deferred(String)
        /// The space the partitions would live in is used up.
        case quotaExceeded(String)
        case failed(Failure)
    }

    package var table: RelationName
    package var oid: UInt32
    package var outcome: Outcome
    package var policy: GrowthPolicy?
    package var steps: [StepReport]
    /// As read from the catalog after the run.
    package var coverage: CoverageReport?
    /// What is wrong or remarkable after the run.
    package var findings: [Finding]
    /// What guards did about it.
    package var guardEvents: [GuardEvent] = []
    /// How full the tablespace of its new partitions was; nil without a quota, and where none were to be made.
    package var quota: QuotaMeasure?
    /// Why none were made, where the space is used up. Also where something failed besides, which is the graver outcome.
    package var quotaExceeded: String?

    package init(
        table: RelationName,
        oid: UInt32,
        outcome: Outcome,
        policy: GrowthPolicy?,
        steps: [StepReport] = [],
        coverage: CoverageReport? = nil,
        findings: [Finding] = []
    ) {
        self.table = table
        self.oid = oid
        self.outcome = outcome
        self.policy = policy
        self.steps = steps
        self.coverage = coverage
        self.findings = findings
    }
}

/// One step of a run.
package struct StepReport: Hashable, Codable, Sendable {
    package enum Result: Hashable, Codable, Sendable {
        /// `attempts` counts the times the locks were asked for.
        case done(attempts: Int)
        case deferred(String, blockers: [Blocker])
        case failed(Failure)
        case skipped(String)
    }

    package var step: Step
    package var result: Result
    /// Seconds.
    package var duration: Double

    package init(step: Step, result: Result, duration: Double) {
        self.step = step
        self.result = result
        self.duration = duration
    }
}

/// Why something failed, with the SQLSTATE as PostgreSQL gave it.
package struct Failure: Hashable, Codable, Sendable, Error {
    package var message: String
    package var sqlState: String?
    package var remedy: String?

    package init(message: String, sqlState: String? = nil, remedy: String? = nil) {
        self.message = message
        self.sqlState = sqlState
        self.remedy = remedy
    }
}
