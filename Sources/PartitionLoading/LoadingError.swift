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
    /// Whether the same rows will be taken in a while. Nothing was loaded.
    ///
    /// While `rotate` makes a partition beside a big default one, a CHECK of its own keeps rows of the new one's range out of that: for
    /// seconds, and after a run that was killed until the next one. Then such rows have a partition of their own: look them up again.
    public let isTemporary: Bool
    public let description: String

    /// How the names of the checks begin that `rotate` adds for some seconds.
    private static let temporaryCheck = "partition_cli_ahead_"

    init(_ error: PostgresError) {
        sqlState = error.sqlState?.rawValue
        switch error.sqlState {
        case nil:
            isUndecided = [.connectionLost, .deadlineExceeded, .cancelled].contains(error.kind)
        // By these a proxy says that it doesn't know.
        case .transactionResolutionUnknown?, .statementCompletionUnknown?: isUndecided = true
        // One that the server ends while it waits for a synchronous standby has committed: those words don't tell it from others.
        case _?: isUndecided = error.kind == .connectionLost
        }
        switch error.sqlState {
        // The fence of a partition that is about to be detached is a missing privilege.
        case .undefinedTable?, .insufficientPrivilege?: isRoutingOutdated = true
        // The bounds are a check without a name. One that has a name is the user's own: those rows would be refused for ever.
        case .checkViolation?: isRoutingOutdated = error.constraint == nil
        default: isRoutingOutdated = false
        }
        isTemporary = error.sqlState == .checkViolation && error.constraint?.hasPrefix(Self.temporaryCheck) == true
        description = error.description
    }
}
