// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension Connection {
    /// Runs `body` in a transaction: commits when it returns, rolls back when it throws.
    ///
    /// Cancelling the task ends the running statement, and the transaction is rolled back (the rollback itself is not
    /// cancellable, but bounded). `COMMIT` is not sent when the task is already cancelled.
    ///
    /// - Parameter body: runs where the caller runs. It must not begin or end transactions itself; savepoints are fine.
    /// - Throws: ``TransactionError``, which keeps the causes apart and says whether the transaction took effect.
    package nonisolated func withTransaction<Value>(
        _ options: TransactionOptions = .init(),
        _ body: (Connection) async throws -> Value
    ) async throws -> Value {
        do throws(PostgresError) {
            try await begin(options)
        } catch {
            throw TransactionError(begin: error, outcome: .neverBegan)
        }
        let value: Value
        do {
            value = try await body(self)
        } catch {
            throw TransactionError(body: error, rollback: await rollback(), outcome: .rolledBack)
        }
        switch await commit(options) {
        case .committed: return value
        case .failed(let error, let outcome, let rollback):
            throw TransactionError(rollback: rollback, commit: error, outcome: outcome)
        }
    }

    private enum CommitResult {
        case committed
        case failed(PostgresError, TransactionError.Outcome, rollback: PostgresError?)
    }

    private func begin(_ options: TransactionOptions) async throws(PostgresError) {
        if transactionStatus == .inTransaction || transactionStatus == .failed {
            throw PostgresError(.protocolMisuse, "a transaction is already open on this connection")
        }
        do throws(PostgresError) {
            _ = try await query(options.begin, deadline: options.deadline)
        } catch {
            // A deadline that passed just after the server began.
            _ = await rollback()
            throw error
        }
    }

    /// Without regard to cancellation: an open transaction holds locks.
    ///
    /// - Returns: the error, after which the connection is closed, and so the server rolls back by itself.
    private func rollback() async -> PostgresError? {
        switch transactionStatus {
        case .idle, .unknown:
            return nil
        case .active, .inTransaction, .failed:
            switch query("ROLLBACK", deadline: .seconds(10), interruption: nil) {
            case .success:
                return nil
            case .failure(let error):
                finish()
                return error
            }
        }
    }

    private func commit(_ options: TransactionOptions) async -> CommitResult {
        switch transactionStatus {
        case .idle:
            let misuse = PostgresError(.protocolMisuse, "the body ended the transaction itself")
            return .failed(misuse, .unknown, rollback: nil)
        case .unknown:
            let lost = PostgresError(.connectionLost, "the connection was lost before COMMIT was sent")
            return .failed(lost, .rolledBack, rollback: nil)
        case .active, .inTransaction, .failed:
            break
        }
        if Task.isCancelled {
            let cancelled = PostgresError(.cancelled, "the task was cancelled before COMMIT was sent")
            return .failed(cancelled, .rolledBack, rollback: await rollback())
        }
        do throws(PostgresError) {
            let rows = try await query("COMMIT", deadline: options.deadline)
            // A COMMIT of a failed transaction succeeds, and rolls back (PostgreSQL documentation, COMMIT).
            if rows.commandTag == "COMMIT" { return .committed }
            let failed = PostgresError(
                .server,
                "a statement failed and the body went on: the server rolled back at COMMIT",
                sqlState: .inFailedTransaction
            )
            return .failed(failed, .rolledBack, rollback: nil)
        } catch {
            return .failed(error, outcome(ofFailedCommit: error), rollback: await rollback())
        }
    }

    /// A connection that is still open has got the server's answer, and an ERROR in answer to COMMIT means that it was
    /// rolled back (or COMMIT was not even sent). No answer, the end of the session (FATAL) and the codes by which proxies
    /// say that they don't know leave it open.
    private func outcome(ofFailedCommit error: PostgresError) -> TransactionError.Outcome {
        let undecided: Set<SQLState?> = [.transactionResolutionUnknown, .statementCompletionUnknown]
        return isOpen && !undecided.contains(error.sqlState) ? .rolledBack : .unknown
    }
}
