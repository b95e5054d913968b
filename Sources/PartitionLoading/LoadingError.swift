// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ

/// Why rows weren't loaded. No text in it holds a password or SQL.
public struct LoadingError: Error, Sendable, CustomStringConvertible {
    /// The server's code; nil when the problem was found on this side.
    public let sqlState: String?
    /// Whether it isn't known if the rows were loaded: the connection was lost, maybe after the commit.
    public let isUndecided: Bool
    /// Whether the partition isn't there any more, or isn't the one for these rows: look them up again. Nothing was loaded.
    public let isRoutingOutdated: Bool
    public let description: String

    init(_ error: PostgresError) {
        sqlState = error.sqlState?.rawValue
        isUndecided =
            error.kind == .connectionLost
            || (error.sqlState == nil && (error.kind == .deadlineExceeded || error.kind == .cancelled))
        // Bounds are checks; the fence of a partition that is about to be detached is a missing privilege.
        let outdated: [SQLState?] = [.undefinedTable, .checkViolation, .insufficientPrivilege]
        isRoutingOutdated = outdated.contains(error.sqlState)
        description = error.description
    }
}
