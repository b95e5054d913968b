// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning
import Provisioning

/// How one table stands after a run, whatever came of the run, as the catalog and the registry say.
struct TableStanding: Sendable {
    /// All that a run was about.
    struct Reading: Sendable {
        var tables: [TableStanding]
        /// By the server's clock.
        var now: Instant
    }

    /// What takes a look at the table itself.
    struct Counts: Sendable {
        var defaultRows: DefaultRows
        var missingIndexes: Int
        var pendingDetaches: Int
        /// Partitions that aren't what their parent and siblings ask for; also those of earlier runs.
        var drift: [Finding]
    }

    var plan: TablePlan
    var counts: Counts
    var registry: RegistryStanding

    var findings: [Finding] { plan.findings + counts.drift }

    /// Reads the catalog anew, and the registry.
    ///
    /// - Parameter limit: for the whole reading. Rows are counted in its first half; then the planner's estimate has to do.
    /// - Throws: what hinders it, or ``TimeLimitExceeded``.
    static func read(_ inspection: Inspection, within limit: Duration) async throws -> Reading {
        let half = ContinuousClock.now + limit / 2
        return try await withTimeLimit(limit) {
            let result = try await inspection.run { session, observation, table, _ in
                let rows =
                    ContinuousClock.now < half
                    ? try await DefaultRows.count(in: table, session) : DefaultRows.estimate(of: table)
                return Counts(
                    defaultRows: rows,
                    missingIndexes: table.indexGaps.count,
                    pendingDetaches: table.partitions.filter(\.isDetachPending).count,
                    drift: try await VerifyCommand.properties(of: table, in: observation, session)
                )
            }
            return Reading(
                // What is listed in a policy file and isn't there stands nowhere.
                tables: result.tables.compactMap { table in
                    table.extra.map { TableStanding(plan: table.plan, counts: $0, registry: table.standing) }
                },
                now: result.server.now
            )
        }
    }
}
