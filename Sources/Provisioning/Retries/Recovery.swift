// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import LibPQ

/// What an error says about trying the same thing again: the one place that decides, by SQLSTATE and never by text.
package enum Recovery: Hashable, Sendable {
    /// It may well succeed in a moment, over the same connection.
    case again
    /// It may well succeed over a new connection: this one is lost, or the server is starting, stopping or full.
    case reconnect
    /// Nothing comes of it.
    case never

    package init(after error: any Error) {
        if error.isCancellation {
            self = .never
        } else if error.isConnectionLoss || error.isTransientConnection && !Self.passing.contains(error) {
            self = .reconnect
        } else {
            self = Self.passing.contains(error) ? .again : .never
        }
    }

    /// Of what the server said, wherever the error itself is.
    package init(after state: SQLState) {
        self.init(after: PostgresError(.server, "", sqlState: state))
    }

    /// A lock wasn't free, the server chose this transaction as its victim, or had no memory just now.
    ///
    /// Not 57014: our own time limits end statements with it, and whoever set one knows why. Not 53100, a full disk.
    private static let passing: Set<SQLState> = [
        .lockNotAvailable, .deadlockDetected, .serializationFailure, .outOfMemory, .objectInUse,
    ]
}

extension Set<SQLState> {
    fileprivate func contains(_ error: any Error) -> Bool { error.sqlState.map(contains) ?? false }
}
