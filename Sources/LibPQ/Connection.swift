// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import CLibPQ
package import Logging
import Synchronization

/// One session with a PostgreSQL server.
///
/// The connection has a thread of its own (``unownedExecutor``) on which everything of libpq happens, so waiting for
/// the server stalls no other task. Statements of several tasks are run one after the other; a transaction, though,
/// belongs to the session: give a connection to one task at a time.
///
/// Cancelling a task ends its statement and only that one: the task waits for the server's answer, for at most
/// ``ConnectionConfiguration/cancelGrace``. A statement that still waits for its turn behind another task's is not sent,
/// but its task is told only when its turn comes.
///
/// What the connection knows about itself (``isOpen``, ``transactionStatus``…) is to be had between statements, too, and
/// waits for a running one; ``backendPID`` and ``serverVersion`` don't.
package actor Connection {
    /// Whether a transaction is open, as the server last said.
    package enum TransactionStatus: Sendable, Hashable {
        case idle
        /// A statement is running.
        case active
        case inTransaction
        /// In a transaction that can only be rolled back.
        case failed
        /// The connection is closed.
        case unknown
    }

    nonisolated let executor = ConnectionExecutor()
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    let configuration: ConnectionConfiguration
    let wakeUp: WakeUpPipe
    let notices = NoticeBuffer()
    var logger: Logger
    /// Touched on `executor` only; nil when closed.
    var handle: OpaquePointer?
    private nonisolated let processID = Atomic<Int32>(0)
    private nonisolated let version = Atomic<Int>(0)

    private init(_ configuration: ConnectionConfiguration, logger: Logger) throws(PostgresError) {
        self.configuration = configuration
        self.logger = logger
        wakeUp = try WakeUpPipe()
    }

    isolated deinit {
        if let handle { PQfinish(handle) }
    }

    /// Connects, trying each host of the list in turn.
    ///
    /// - Throws: kind `connectionRefused` when no host would have us (`sqlState` tells why if a server said so: 28P01
    ///   wrong password, 3D000 no such database…), `deadlineExceeded` when the last host did not answer within
    ///   `connectTimeout`, `cancelled` when the task was cancelled. As in libpq, a server that is up and says no ends the
    ///   search, except for 57P03 (starting or shutting down).
    package static func open(
        _ configuration: ConnectionConfiguration,
        logger: Logger
    ) async throws(PostgresError) -> Connection {
        let connection = try Connection(configuration, logger: logger)
        try await connection.interruptible { connection, interruption in connection.dial(interruption) }
        return connection
    }

    /// Ends the session. Does nothing when it is closed already.
    package func close() async {
        finish()
    }

    func finish() {
        guard let handle else { return }
        self.handle = nil
        PQfinish(handle)
    }

    private func dial(_ interruption: Interruption) -> Result<Void, PostgresError> {
        var failures: [PostgresError] = []
        attempts: for parameters in configuration.attempts() {
            let dial = Dial(
                parameters: parameters,
                timeout: configuration.patience(configuration.connectTimeout) ?? configuration.connectTimeout,
                wakeUp: wakeUp,
                interruption: interruption
            )
            switch dial.connect({ collectNotices(of: $0) }) {
            case .success(let handle):
                self.handle = handle
                processID.store(PQbackendPID(handle), ordering: .releasing)
                version.store(Int(PQserverVersion(handle)), ordering: .releasing)
                logger[metadataKey: "pg_pid"] = "\(backendPID)"
                logNotices()
                return .success(())
            case .failure(let error):
                failures.append(error)
                let serverSaidNo = error.sqlState != nil && error.sqlState != .cannotConnectNow
                if serverSaidNo || error.kind == .cancelled { break attempts }
            }
        }
        guard var error = failures.last else {
            return .failure(PostgresError(.connectionRefused, "the connection string names no host"))
        }
        error.message = failures.map(\.message).joined(separator: "; ")
        return .failure(error)
    }

    /// Runs what makes many small statements on this connection's thread, so that none of them has to be handed over to it and back: two changes
    /// of threads for each, which on a busy machine take longer than the statement.
    ///
    /// Statements that other tasks send on this connection take their turns between those of the body.
    package func onOwnThread<Value: Sendable>(_ body: () async throws -> Value) async rethrows -> Value {
        try await body()
    }

    /// Runs `body` on the connection's thread. When the task is cancelled, `body` finds its interruption requested, also
    /// if that happened before it began.
    func interruptible<Value: Sendable>(
        _ body: @Sendable (isolated Connection, Interruption) -> Result<Value, PostgresError>
    ) async throws(PostgresError) -> Value {
        let interruption = Interruption(wakeUp: wakeUp)
        let result = await withTaskCancellationHandler {
            body(self, interruption)
        } onCancel: {
            // On the cancelling thread, which must not block: the connection's own thread does the rest.
            interruption.request()
        }
        return try result.get()
    }
}

extension Connection {
    /// The process id of the session's server process, as `pg_stat_activity` and `pg_locks` show it. To be had without
    /// waiting for a running statement, which others may want to look for; kept after the connection was closed.
    package nonisolated var backendPID: Int32 { processID.load(ordering: .acquiring) }

    /// The server's version, for example 150018 for 15.18.
    package nonisolated var serverVersion: Int { version.load(ordering: .acquiring) }

    /// Whether statements can be sent. False after ``close()`` and after the connection was lost or given up.
    package var isOpen: Bool { handle != nil }

    package var transactionStatus: TransactionStatus {
        guard let handle else { return .unknown }
        return switch PQtransactionStatus(handle) {
        case PQTRANS_IDLE: .idle
        case PQTRANS_ACTIVE: .active
        case PQTRANS_INTRANS: .inTransaction
        case PQTRANS_INERROR: .failed
        default: .unknown
        }
    }

    /// The current value of a setting that the server reports by itself: `TimeZone`, `DateStyle`, `server_encoding`,
    /// `standard_conforming_strings`, `in_hot_standby`… nil for others and when closed.
    package func parameter(_ name: String) -> String? {
        handle.flatMap { PQparameterStatus($0, name) }.map { String(cString: $0) }
    }
}
