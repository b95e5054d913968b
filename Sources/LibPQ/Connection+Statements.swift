// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import CLibPQ

extension Connection {
    /// Runs one statement through the extended protocol.
    ///
    /// - Parameter deadline: how long it may take from now on; nil is ``ConnectionConfiguration/statementLimit`` (set `statement_timeout`, too).
    /// - Throws: see ``PostgresError/Kind``. A statement that finished although its deadline had passed or its task was
    ///   cancelled did finish: its rows are returned.
    package func query(_ statement: Statement, deadline: Duration? = nil) async throws(PostgresError) -> Rows {
        try await interruptible { connection, interruption in
            connection.query(statement, deadline: deadline, interruption: interruption)
        }
    }

    /// Runs several statements in one message, that is in one round trip.
    ///
    /// As PostgreSQL does with a multi-statement message: unless the statements contain `BEGIN` and `COMMIT`
    /// themselves, they are one transaction; the first failure ends the message. A failure inside an explicit `BEGIN`
    /// leaves the session in a failed transaction (``transactionStatus``), which the caller has to roll back.
    ///
    /// - Parameters:
    ///   - statements: without binds; each should be exactly one SQL statement.
    ///   - deadline: for all of them together, from now on; nil is ``ConnectionConfiguration/statementLimit``.
    /// - Returns: the result of each statement.
    /// - Throws: ``PostgresError``, whose `failedStatement` is the index in `statements` where the server gave up.
    package func script(
        _ statements: [Statement],
        deadline: Duration? = nil
    ) async throws(PostgresError) -> [Rows] {
        try await interruptible { connection, interruption in
            connection.script(statements, deadline: deadline, interruption: interruption)
        }
    }

    /// - Parameters:
    ///   - copied: what a `COPY … FROM STDIN` is given; nil for other statements.
    ///   - interruption: nil when the task's cancellation must not end the statement.
    func query(
        _ statement: Statement,
        copying copied: [UInt8]? = nil,
        deadline: Duration?,
        interruption: Interruption?
    ) -> Result<Rows, PostgresError> {
        if let problem = statement.problem { return .failure(PostgresError(.protocolMisuse, problem)) }
        let sql = statement.sql
        let answer = exchange(copying: copied, deadline: deadline, interruption: interruption) { handle in
            Self.send(sql, binds: statement.binds, to: handle)
        }
        if var error = answer.error {
            error.statement = sql
            return .failure(error)
        }
        guard let table = answer.tables.first else {
            return .failure(PostgresError(.protocolMisuse, "the server gave no result"))
        }
        return .success(Rows(table: table))
    }

    private func script(
        _ statements: [Statement],
        deadline: Duration?,
        interruption: Interruption
    ) -> Result<[Rows], PostgresError> {
        if statements.isEmpty { return .success([]) }
        let message: ScriptMessage
        do throws(PostgresError) {
            message = try ScriptMessage(statements)
        } catch {
            return .failure(error)
        }
        let answer = exchange(deadline: deadline, interruption: interruption) { handle in
            PQsendQuery(handle, message.sql) == 1
        }
        if var error = answer.error {
            error.statement = message.sql
            error.failedStatement = message.statement(at: answer.errorPosition, finished: answer.tables.count)
            return .failure(error)
        }
        return .success(answer.tables.map(Rows.init))
    }

    private func exchange(
        copying copied: [UInt8]? = nil,
        deadline: Duration?,
        interruption: Interruption?,
        _ send: (OpaquePointer) -> Bool
    ) -> Exchange.Answer {
        guard let handle else {
            return Exchange.Answer(error: PostgresError(.connectionLost, "the connection is closed"))
        }
        if interruption?.isRequested == true {
            return Exchange.Answer(error: PostgresError(.cancelled, "the task was cancelled; nothing was sent"))
        }
        var exchange = Exchange(
            handle: handle,
            wakeUp: wakeUp,
            interruption: interruption,
            deadline: configuration.patience(deadline ?? configuration.statementLimit),
            grace: configuration.cancelGrace,
            copying: copied
        )
        let answer = exchange.run(send)
        logNotices()
        if answer.isConnectionSpent { finish() }
        return answer
    }

    private static func send(_ sql: String, binds: [String?], to handle: OpaquePointer) -> Bool {
        let values = binds.map { CStringBox($0) }
        return withExtendedLifetime(values) {
            let pointers = values.map(\.pointer)
            return PQsendQueryParams(handle, sql, CInt(pointers.count), nil, pointers, nil, nil, 0) == 1
        }
    }
}
