// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A session that waits for a lock.
package struct LockWait: Hashable, Sendable {
    /// The session, with the relation and the mode that it waits for.
    package var waiter: Blocker
    /// Seconds; nil in the instant in which the wait begins.
    package var waited: Double?
    /// Process ids that keep it from its lock, by holding it or by asking earlier; 0 for a prepared transaction.
    package var blockedBy: [Int]

    package init(waiter: Blocker, waited: Double?, blockedBy: [Int]) {
        self.waiter = waiter
        self.waited = waited
        self.blockedBy = blockedBy
    }
}

/// Who waits for whom, as one look shows it.
package struct LockQueue: Hashable, Sendable {
    package var waits: [LockWait]
    /// Sessions that keep others waiting, by process id; with the relation and the mode that they hold.
    package var holders: [Int: Blocker]
    /// Prepared transactions that hold a lock on a relation that is waited for, by that relation.
    package var prepared: [String: PreparedTransaction]

    package init(
        waits: [LockWait] = [],
        holders: [Int: Blocker] = [:],
        prepared: [String: PreparedTransaction] = [:]
    ) {
        self.waits = waits
        self.holders = holders
        self.prepared = prepared
    }
}

/// A session that waits for nobody and for which others wait, with the queue behind it.
package struct LockConvoy: Hashable, Sendable {
    package enum Root: Hashable, Sendable {
        case session(Blocker)
        case prepared(PreparedTransaction)
    }

    package var root: Root
    /// The longest waiting first: with relation locks the order in which they are served.
    package var queue: [LockWait]

    package init(root: Root, queue: [LockWait]) {
        self.root = root
        self.queue = queue
    }

    /// The convoys in which somebody has waited for `patience` seconds, the longest queue first.
    ///
    /// A session that waits for two roots is in the queue of each. Sessions in a circle have no root: the server ends one of them
    /// within `deadlock_timeout`.
    package static func convoys(in look: LockQueue, patience: Double) -> [LockConvoy] {
        let waits = Dictionary(look.waits.compactMap { wait in wait.waiter.pid.map { ($0, wait) } }) { first, _ in first
        }
        var queues: [Root: [LockWait]] = [:]
        for wait in waits.values {
            for root in roots(of: wait, waits, look) { queues[root, default: []].append(wait) }
        }
        return queues.map { root, queue in
            LockConvoy(
                root: root,
                queue: queue.sorted { ($0.waited ?? 0, $1.waiter.pid ?? 0) > ($1.waited ?? 0, $0.waiter.pid ?? 0) }
            )
        }
        .filter { ($0.queue.first?.waited ?? 0) >= patience }
        .sorted { ($0.queue.count, $0.queue.first?.waited ?? 0) > ($1.queue.count, $1.queue.first?.waited ?? 0) }
    }

    private static func roots(of wait: LockWait, _ waits: [Int: LockWait], _ look: LockQueue) -> Set<Root> {
        var roots: Set<Root> = []
        var seen: Set<Int> = []
        var next = [wait]
        while let current = next.popLast() {
            for pid in current.blockedBy {
                if pid == 0 {
                    if let prepared = look.prepared[current.waiter.relation] { roots.insert(.prepared(prepared)) }
                } else if seen.insert(pid).inserted {
                    if let further = waits[pid] {
                        next.append(further)
                    } else if let holder = look.holders[pid] {
                        roots.insert(.session(holder))
                    }
                }
            }
        }
        return roots
    }

    /// The statement that makes the root let go.
    package var command: String {
        switch root {
        case .session(let session):
            let isAtWork = session.state == "active" || session.isAutovacuum
            return "SELECT \(isAtWork ? "pg_cancel_backend" : "pg_terminate_backend")(\(session.pid ?? 0))"
        case .prepared(let transaction): return transaction.command
        }
    }

    /// The one that waits for the root itself, where others wait for it in turn: without it they could go on.
    package var head: LockWait? {
        queue.first { wait in
            guard let pid = wait.waiter.pid else { return false }
            let isDirect = !wait.blockedBy.contains { blocker in queue.contains { $0.waiter.pid == blocker } }
            return isDirect && queue.contains { $0.blockedBy.contains(pid) }
        }
    }
}
