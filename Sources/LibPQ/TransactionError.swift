// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Why a transaction did not commit, or why nobody knows whether it did.
///
/// The causes are kept apart: a body that failed and a rollback that failed after it are two facts.
package struct TransactionError: Error, Sendable {
    package enum Outcome: Sendable, Hashable {
        /// `BEGIN` failed: nothing was done.
        case neverBegan
        /// The server rolled back, or will when it notices that the connection is gone.
        case rolledBack
        /// `COMMIT` was sent and no answer came. Only the database can tell: look before repeating.
        case unknown
    }

    package internal(set) var begin: (any Error)?
    package internal(set) var body: (any Error)?
    package internal(set) var rollback: (any Error)?
    package internal(set) var commit: (any Error)?
    package let outcome: Outcome

    /// The error that started it: of the body if it failed, else of `BEGIN` or `COMMIT`, else of `ROLLBACK`.
    package var cause: (any Error)? { body ?? begin ?? commit ?? rollback }

    /// The SQLSTATE of ``cause``, also when that is the error of a transaction further in.
    package var sqlState: SQLState? {
        switch cause {
        case let error as PostgresError: error.sqlState
        case let error as TransactionError: error.sqlState
        default: nil
        }
    }

    /// Whether repeating the transaction is safe and may well succeed: it did not commit, and its cause is transient.
    package var isTransient: Bool {
        guard outcome != .unknown else { return false }
        return switch cause {
        case let error as PostgresError: error.isTransient
        case let error as TransactionError: error.isTransient
        default: false
        }
    }
}

extension TransactionError: CustomStringConvertible {
    package var description: String {
        var parts: [String] = []
        if let begin { parts.append("BEGIN failed: \(begin)") }
        if let body { parts.append("\(body)") }
        if let commit { parts.append("COMMIT failed: \(commit)") }
        if let rollback { parts.append("ROLLBACK failed: \(rollback)") }
        if outcome == .unknown { parts.append("it is not known whether the transaction took effect") }
        return parts.joined(separator: "; ")
    }
}
