// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning

/// A session of the database, as far as this role is shown it.
package struct SessionFacts: Hashable, Sendable {
    /// With an empty relation and mode.
    package var session: Blocker
    /// Other roles' sessions show neither state nor age nor query without `pg_read_all_stats`.
    package var isHidden: Bool
    /// Partitioned tables, and targets of their foreign keys, on which it holds locks, each with the strongest mode; for people.
    package var tables: [String]

    package init(session: Blocker, isHidden: Bool = false, tables: [String] = []) {
        self.session = session
        self.isHidden = isHidden
        self.tables = tables
    }
}

extension Hazard {
    /// - Parameter convoys: as ``LockConvoy/convoys(in:patience:)`` found them.
    package static func hazards(of convoys: [LockConvoy]) -> [Hazard] {
        convoys.map { convoy in
            let waiters = convoy.queue.count == 1 ? "1 session waits" : "\(convoy.queue.count) sessions wait"
            let longest = convoy.queue.first?.waited.map { ", the longest for \(whole($0)) s" } ?? ""
            // Who waits for a row holds nobody up but those who want the same row.
            let isOnRelation = convoy.queue.contains { !$0.waiter.relation.isEmpty }
            return Hazard(
                isOnRelation ? .error : .warning,
                .lockConvoy,
                object: convoy.rootName,
                "\(waiters) behind \(convoy.rootName)\(longest)",
                evidence: ["root: \(convoy.rootWords)"] + queueWords(convoy.queue),
                remedy: convoy.remedy
            )
        }
    }

    /// Of a queue this many are named; the rest is counted.
    private static let namedWaiters = 20

    private static func queueWords(_ queue: [LockWait]) -> [String] {
        var words = queue.prefix(namedWaiters).enumerated().map { index, wait in
            let asked =
                wait.waiter.relation.isEmpty ? wait.waiter.mode : "\(wait.waiter.mode) on \(wait.waiter.relation)"
            let time = wait.waited.map { " for \(whole($0)) s" } ?? ""
            let query = wait.waiter.query.map { ", query: \($0)" } ?? ""
            let who = [
                wait.waiter.user.map { "user \($0)" },
                wait.waiter.application.flatMap { $0.isEmpty ? nil : "application \($0)" },
            ]
            .compactMap(\.self).map { ", \($0)" }.joined()
            return "\(index + 1) in the queue: pid \(wait.waiter.pid ?? 0)\(who), waiting\(time) for \(asked)\(query)"
        }
        if queue.count > namedWaiters { words.append("and \(queue.count - namedWaiters) more") }
        return words
    }

    /// Transactions older than `threshold` seconds that are nobody's root already.
    ///
    /// One that holds a lock on a partitioned table is in the way of every run; another only of vacuum, which an hour of it bothers.
    package static func hazards(
        of sessions: [SessionFacts],
        besides convoys: [LockConvoy],
        threshold: Double
    ) -> [Hazard] {
        let roots = Set(convoys.compactMap(\.rootPID))
        return sessions.compactMap { facts in
            let session = facts.session
            guard let pid = session.pid, let age = session.transactionAge, age >= threshold, !roots.contains(pid) else {
                return nil
            }
            if session.isWraparoundVacuum {
                guard !facts.tables.isEmpty else { return nil }
                return Hazard(
                    .warning,
                    .wraparoundVacuum,
                    object: "pid \(pid)",
                    "an autovacuum against wraparound has been at work for \(whole(age)) s",
                    evidence: facts.tables.map { "it holds \($0)" },
                    remedy:
                        "let it finish: it would only begin again. rotate defers what would wait for it (exit 75) and goes on the next time"
                )
            }
            guard !session.isAutovacuum else { return nil }
            let isIdle = session.state?.hasPrefix("idle in transaction") ?? false
            let isInTheWay = !facts.tables.isEmpty
            let command = isIdle ? "pg_terminate_backend" : "pg_cancel_backend"
            return Hazard(
                isInTheWay || age >= 3600 ? .warning : .note,
                .longTransaction,
                object: "pid \(pid)",
                "a transaction has been open for \(whole(age)) s\(isIdle ? " and is idle" : "")",
                evidence: [who(session)] + facts.tables.map { "it holds \($0)" },
                remedy: "SELECT \(command)(\(pid)) ends it"
                    + (isIdle
                        ? "; idle_in_transaction_session_timeout would have, for the role: ALTER ROLE … SET idle_in_transaction_session_timeout = '60s'"
                        : "; a dump or a report is better taken from a standby, or outside rotate's hours")
            )
        }
    }

    package static func hazards(of prepared: [PreparedTransaction], threshold: Double) -> [Hazard] {
        prepared.filter { $0.age >= threshold }.map { transaction in
            Hazard(
                .warning,
                .preparedTransaction,
                object: transaction.identifier,
                "the prepared transaction \(transaction.identifier) has been there for \(whole(transaction.age)) s",
                evidence: ["its owner is \(transaction.owner)"] + transaction.tables.map { "it holds \($0)" },
                remedy: "ask its transaction manager what became of it; then \(transaction.command), or COMMIT PREPARED"
            )
        }
    }

    /// Sessions of which this role is shown nothing.
    package static func blindSpot(among sessions: [SessionFacts], role: String) -> Hazard? {
        let hidden = sessions.filter(\.isHidden).count
        guard hidden > 0 else { return nil }
        return Hazard(
            .note,
            .notExamined,
            object: "sessions",
            "of \(hidden == 1 ? "1 session" : "\(hidden) sessions") of other roles neither age nor state nor query is shown to this role",
            remedy: "GRANT pg_read_all_stats TO \(quoted(role))"
        )
    }

    static func who(_ session: Blocker) -> String {
        [
            session.pid.map { "pid \($0)" }, session.user.map { "user \($0)" },
            session.application.flatMap { $0.isEmpty ? nil : "application \($0)" }, session.state,
            session.query.map { "query: \($0)" },
        ].compactMap(\.self).joined(separator: ", ")
    }

    static func whole(_ seconds: Double) -> Int64 { Int64(max(0, min(seconds, 1e15)).rounded(.down)) }

    /// An identifier as SQL that people are told to run, quoted always.
    static func quoted(_ identifier: String) -> String {
        "\"" + identifier.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}

extension LockConvoy {
    var rootPID: Int? { if case .session(let session) = root { session.pid } else { nil } }

    var rootName: String {
        switch root {
        case .session(let session): "pid \(session.pid ?? 0)"
        case .prepared(let transaction): "the prepared transaction \(transaction.identifier)"
        }
    }

    var rootWords: String {
        switch root {
        case .session(let session): session.relation.isEmpty ? Hazard.who(session) : "\(session)"
        case .prepared(let transaction): "prepared \(Hazard.whole(transaction.age)) s ago, owner \(transaction.owner)"
        }
    }

    var remedy: String {
        var words: String
        switch root {
        case .session(let session) where session.isWraparoundVacuum:
            words = "it is an autovacuum against wraparound, which would begin again: let it finish"
        case .session(let session) where session.state == "active" || session.isAutovacuum:
            words = "\(command) ends its statement, SELECT pg_terminate_backend(\(session.pid ?? 0)) its session"
        case .session: words = "\(command) ends it"
        case .prepared: words = "\(command) ends it (or COMMIT PREPARED, as its transaction manager says)"
        }
        if let pid = head?.waiter.pid {
            words +=
                "; or SELECT pg_cancel_backend(\(pid)) ends what waits at the head of the queue, and the others go on"
        }
        return words
    }
}
