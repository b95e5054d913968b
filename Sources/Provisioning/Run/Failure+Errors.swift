// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ

extension Failure {
    /// What an error says, without SQL and values.
    package init(_ error: any Error) {
        switch error {
        case let failure as Failure:
            self = failure
        case let error as PostgresError:
            // Class 23, integrity constraints: the detail holds values of the row.
            let detail = error.sqlState?.class == "23" ? "" : error.detail.map { "; \($0)" } ?? ""
            self.init(
                message: error.message + detail,
                sqlState: error.sqlState?.rawValue,
                remedy: error.hint ?? Self.remedy(for: error.sqlState)
            )
        case let error as TransactionError:
            if let cause = error.cause {
                self.init(cause)
            } else {
                self.init(message: error.description, sqlState: error.sqlState?.rawValue)
            }
        default:
            self.init(message: String(describing: error))
        }
    }

    private static func remedy(for state: SQLState?) -> String? {
        switch state {
        case .insufficientPrivilege:
            "run as the table's owner, or GRANT the owner's role to this one; the owner needs CREATE on the schema, too"
        case .diskFull: "free space on the server"
        default: nil
        }
    }
}

extension Error {
    /// The connection is gone or never was: the rest of the run needs a new one.
    var isConnectionLoss: Bool {
        switch self {
        case let error as PostgresError:
            error.kind == .connectionLost
                // A server that says why it lets nobody in (a wrong password, no such database) will say so again.
                || (error.kind == .connectionRefused && (error.sqlState == nil || error.isTransient))
                // Without the server's word that it stopped the statement, the connection is closed.
                || (error.kind == .deadlineExceeded && error.sqlState == nil)
                || error.sqlState == .adminShutdown || error.sqlState == .crashShutdown
                || error.sqlState == .cannotConnectNow || error.sqlState == .idleInTransactionTimeout
        case let error as TransactionError:
            error.outcome == .unknown || (error.cause?.isConnectionLoss ?? false)
        default: false
        }
    }

    var isCancellation: Bool {
        switch self {
        case is CancellationError: true
        case let error as PostgresError: error.kind == .cancelled
        case let error as TransactionError: error.cause?.isCancellation ?? false
        default: false
        }
    }

    /// The SQLSTATE, wherever it stands.
    var sqlState: SQLState? {
        switch self {
        case let error as PostgresError: error.sqlState
        case let error as TransactionError: error.sqlState
        default: nil
        }
    }
}

extension Error {
    /// The server is starting, stopping or full: a matter of seconds.
    var isTransientConnection: Bool {
        (self as? PostgresError)?.isTransient ?? false
    }
}
