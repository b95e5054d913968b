// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ

extension CommandFailure {
    /// A connection that could not be made.
    ///
    /// - Parameter configuration: where to, of which no secret is shown.
    init(connecting error: PostgresError, to configuration: ConnectionConfiguration) {
        let place = configuration.redactedDescription
        guard error.kind != .cancelled else {
            self.init(.deferred, "interrupted while connecting to \(place)")
            return
        }
        if error.kind == .protocolMisuse {
            self.init(.usage, "\(configuration.source ?? "--db-url"): \(error.message)", remedy: error.hint)
            return
        }
        let (status, remedy) = Self.judge(connecting: error, configuration.source ?? "the connection string")
        self.init(
            status,
            "can't connect to \(place): \(Self.reason(in: error.message))",
            remedy: error.hint ?? remedy,
            sqlState: error.sqlState?.rawValue
        )
    }

    /// A statement of ours that failed outside a table's own work.
    init(statement error: PostgresError) {
        let detail = error.detail.map { "; \($0)" } ?? ""
        let message = error.message + detail
        let (status, remedy): (ExitStatus, String?) =
            switch error.kind {
            case .connectionRefused, .connectionLost, .deadlineExceeded:
                (.unreachable, "see whether the server is up, and run again: what was done stays done")
            case .cancelled: (.deferred, nil)
            case .protocolMisuse, .decoding:
                (.internalError, "please report it with the output of --log-level=debug")
            case .server: Self.judge(statement: error.sqlState)
            }
        self.init(status, message, remedy: error.hint ?? remedy, sqlState: error.sqlState?.rawValue)
    }

    private static func judge(connecting error: PostgresError, _ source: String) -> (ExitStatus, String?) {
        switch error.sqlState?.rawValue {
        case "28P01", "28000":
            (
                .privilegeMissing,
                "check user and password of \(source), .pgpass and the server's pg_hba.conf, and whether the role may log in "
                    + "(LOGIN, VALID UNTIL: \\du in psql)"
            )
        case "42501":
            (.privilegeMissing, "GRANT CONNECT ON DATABASE … TO this role")
        case "3D000":
            (.unreachable, "check the database's name in \(source); psql -l lists those there are")
        case "53300":
            (.unreachable, "the server has no connection left: run again, or raise max_connections")
        case "57P03":
            (.unreachable, "the server is starting or stopping: run again in a moment")
        case "22023", "42601", "42704", "55P02":
            (
                .unreachable,
                "a setting of this session was refused: see PGOPTIONS, PGTZ, PGDATESTYLE, options= in \(source), "
                    + "and what ALTER ROLE and ALTER DATABASE have SET"
            )
        case .some:
            // It was the server that said no: host and port are right.
            (.unreachable, "the server refused the session for that reason; its log may say more")
        case nil:
            // What libpq itself says when the server asks for a password and there is none: it has no SQLSTATE.
            error.message.contains("no password supplied")
                ? (.privilegeMissing, "put the password into DB_URL, PGPASSWORD or .pgpass")
                : (.unreachable, "check host and port of \(source), and whether the server is up")
        }
    }

    private static func judge(statement state: SQLState?) -> (ExitStatus, String?) {
        guard let state else { return (.internalError, nil) }
        switch state {
        case .insufficientPrivilege:
            return (.privilegeMissing, "run as the tables' owner, or GRANT what the message names to this role")
        case .lockNotAvailable, .deadlockDetected, .serializationFailure, .queryCanceled:
            return (.deferred, "run again")
        default:
            switch state.class {
            case "08", "53", "57", "58": return (.unreachable, "see the server's log, and run again")
            default: return (.failed, "see the server's log; --log-level=debug says more")
            }
        }
    }

    /// libpq's `connection to server at "h" (1.2.3.4), port 5432 failed: FATAL:  …`, without what we say ourselves.
    private static func reason(in message: String) -> String {
        var reason = message[...]
        for mark in ["FATAL: ", " failed: "] {
            guard let found = reason.firstRange(of: mark) else { continue }
            reason = reason[found.upperBound...]
            break
        }
        if let question = reason.firstRange(of: " Is the server running") { reason = reason[..<question.lowerBound] }
        return String(reason.drop(while: \.isWhitespace))
    }
}
