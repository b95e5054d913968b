// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ

/// Why rows weren't loaded. No text in it holds a password or SQL.
public struct LoadingError: Error, Sendable, CustomStringConvertible {
    /// The server's code; nil when the problem was found on this side.
    public let sqlState: String?
    /// Whether it isn't known if the rows were loaded: the connection was lost, or the server ended the session, maybe after the commit.
    public let isUndecided: Bool
    /// Whether the partition isn't there any more, or isn't the one for these rows: look them up again. Nothing was loaded.
    public let isRoutingOutdated: Bool
    public let description: String

    init(_ error: PostgresError) {
        sqlState = error.sqlState?.rawValue
        let isGone = error.kind == .deadlineExceeded || error.kind == .cancelled
        switch error.sqlState {
        case _ where error.kind == .connectionRefused: isUndecided = false
        case nil: isUndecided = error.kind == .connectionLost || isGone
        // 57P: a session that waits for a synchronous standby has committed, and is ended with the same words as any other.
        case let state? where state.class == "08" || state.rawValue.hasPrefix("57P"): isUndecided = true
        case .statementCompletionUnknown?: isUndecided = true
        default: isUndecided = error.kind == .connectionLost
        }
        switch error.sqlState {
        // The fence of a partition that is about to be detached is a missing privilege.
        case .undefinedTable?, .insufficientPrivilege?: isRoutingOutdated = true
        // The bounds are a check without a name. One that has a name is the user's own: those rows would be refused for ever.
        case .checkViolation?: isRoutingOutdated = error.constraint == nil
        default: isRoutingOutdated = false
        }
        description = error.description
    }
}
