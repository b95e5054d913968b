// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Somebody who holds a lock that a change of ours needs.
package struct Blocker: Hashable, Codable, Sendable {
    /// The relation on which the lock is held, for people.
    package var relation: String
    /// `pg_locks.mode`, for example `AccessShareLock`; ``snapshot`` for one that is in the way without a lock.
    package var mode: String
    /// nil for a prepared transaction, which no process owns any more.
    package var pid: Int?
    package var user: String?
    package var application: String?
    /// `pg_stat_activity.state`, for example `idle in transaction`.
    package var state: String?
    /// Seconds since its transaction began.
    package var transactionAge: Double?
    /// The beginning of its current or last statement, where this role may see it.
    package var query: String?
    /// What would show the rest, where this role isn't shown what the session does.
    package var grant: String?
    package var isAutovacuum: Bool
    /// An autovacuum against transaction id wraparound, which yields to nobody.
    package var isWraparoundVacuum: Bool

    /// The mode of a transaction that is in the way with its snapshot.
    package static let snapshot = "a snapshot"
}

extension Blocker: CustomStringConvertible {
    /// Without the query: this gets into logs, alerts and the registry's table of runs, where others' SQL and what stands in it have no business.
    package var description: String {
        guard let pid else {
            return "a prepared transaction holding \(mode) on \(relation) (see pg_prepared_xacts)"
        }
        var parts = [isAutovacuum ? "autovacuum, pid \(pid)" : "pid \(pid)"]
        if let user { parts.append("user \(user)") }
        if let application, !application.isEmpty { parts.append("application \(application)") }
        if let state { parts.append(state) }
        if let transactionAge { parts.append("transaction open for \(Int(transactionAge.rounded())) s") }
        let who = parts.joined(separator: ", ")
        let vacuum = isWraparoundVacuum ? ", against transaction id wraparound, for which it yields to nobody" : ""
        let more = grant.map { " (\($0) shows more)" } ?? ""
        return "\(who), holding \(mode) on \(relation)\(vacuum)\(more)"
    }

    /// With the query, for who looks at it on a terminal.
    package var descriptionWithQuery: String { description + (query.map { ", query: \($0)" } ?? "") }
}
