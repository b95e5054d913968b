// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// What was seen of who is at the other end of a connection, and what follows from it.
struct PoolerEvidence: Hashable, Sendable {
    /// Another connection of the same configuration, in a transaction that stays open.
    enum Witness: Hashable, Sendable {
        /// It has this server process for as long as the transaction lasts.
        case holds(Int32)
        /// The other end would not begin a transaction.
        case refusedTransaction
        /// It got no server process in time.
        case unserved
    }

    enum Verdict: Hashable, Sendable {
        /// No pooler, or one that passes on the server's own word.
        case direct
        /// A pooler that leaves us our server process: as good as direct.
        case session
        /// A pooler that hands our server process to others between our transactions or statements.
        case shared
        /// A pooler of which it isn't known.
        case unknown
    }

    /// The process id given when the connection was made. Poolers make one up, for cancel requests.
    var announced: Int32
    /// The process ids of the server processes that ran statements of the connection, in order; never empty.
    var readings: [Int32]
    var witnesses: [Witness] = []

    var verdict: Verdict {
        let own = Set(readings)
        if witnesses.contains(.refusedTransaction) || own.count > 1 { return .shared }
        if own == [announced] { return .direct }
        let held = witnesses.compactMap { if case .holds(let process) = $0 { process } else { nil } }
        if !own.isDisjoint(with: held) { return .shared }
        return held.isEmpty ? .unknown : .session
    }
}
