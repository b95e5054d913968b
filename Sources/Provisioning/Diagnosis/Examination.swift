// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
package import Partitioning

/// Looks at everything around the partitions that may do harm; reads only, and each look is bounded and on its own: one that fails is
/// reported and hides no other.
///
/// Nobody waits for it: its transactions are READ ONLY, it locks nothing but catalogs (ACCESS SHARE), and it gives up what it would
/// have to wait for.
package struct Examination: Sendable {
    let session: DatabaseSession
    let settings: PlanSettings
    let limits: Limits

    /// From when on something counts, and how long a look may take.
    package struct Limits: Hashable, Sendable {
        /// Seconds from which on a transaction is long.
        package var longTransaction: Double
        /// Seconds that somebody must have waited in a convoy.
        package var convoy: Double = 1
        /// For each statement.
        package var statement: Duration = .seconds(5)
        /// For the reading of the whole catalog.
        package var catalog: Duration = .seconds(30)
        /// Bytes of the log that are read, from its end.
        package var log: Int64 = 1 << 20

        package init(longTransaction: Double = 60) {
            self.longTransaction = longTransaction
        }
    }

    /// What was found.
    package struct Result: Sendable {
        /// nil where the catalog couldn't be read.
        package var observation: Observation?
        package var server: ServerFacts?
        package var convoys: [LockConvoy] = []
        package var hazards: [Hazard] = []
        /// Who had a partitioned table, or something of it, for itself alone when the sessions were looked at; for people.
        var exclusiveHolders: [String] = []
        /// False where the connection ended before all was looked at.
        package var isComplete = true
    }

    package init(session: DatabaseSession, settings: PlanSettings, limits: Limits = Limits()) {
        self.session = session
        self.settings = settings
        self.limits = limits
    }

    /// - Throws: `CancellationError`, or `PostgresError` of kind `cancelled`, where the task was cancelled; nothing else.
    package func run() async throws -> Result {
        var result = Result()
        // Locks first: where others stand still, some of the later looks give up.
        try await look("the session's settings", &result) { _ in try await prepare() }
        let server = try await look("the server's settings", &result) { _ in
            try await bounded(limits.statement + .seconds(2)) { [session] in
                try await CatalogReader(session: session).serverFacts(session.connection)
            }
        }
        result.server = server
        if let standby = server.flatMap(Hazard.hazard(ofStandby:)) { result.hazards.append(standby) }
        try await lookAtSessions(&result, role: server?.role ?? "")
        try await look("the catalog", &result) { result in
            let observation = try await observe()
            result.observation = observation
            result.hazards += Hazard.hazards(of: observation.plan, role: observation.snapshot.server.role)
        }
        try await lookAtServer(&result)
        try await lookAtTables(&result)
        try await look("the server's log", &result) { result in try await lookAtLog(&result) }
        return result
    }

    /// Settings of this session alone.
    private func prepare() async throws {
        _ = try await session.connection.script(
            [
                "SET default_transaction_read_only = on",
                "SET lock_timeout = '500ms'",
                "SET statement_timeout = \(literal: limits.statement.components.seconds * 1000)",
            ],
            deadline: limits.statement
        )
    }

    private func observe() async throws -> Observation {
        try await bounded(limits.catalog) { [session, settings] in
            try await Observation.make(session: session, settings: settings)
        }
    }

    /// What has no limit of its own on this side: a server that is stopped never answers.
    private func bounded<Value: Sendable>(
        _ limit: Duration,
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: limit)
                throw Failure(message: "it took longer than \(limit)")
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }

    /// Rows of a statement that is bounded on either side.
    func rows(_ statement: Statement) async throws(PostgresError) -> Rows {
        try await session.connection.query(statement, deadline: limits.statement + .seconds(2))
    }

    /// Does one look; what goes wrong with it becomes a hazard.
    ///
    /// - Returns: nil where it failed, or wasn't done because the connection is gone.
    @discardableResult
    func look<Value>(
        _ subject: String,
        _ result: inout Result,
        _ body: (inout Result) async throws -> Value
    ) async throws -> Value? {
        guard result.isComplete else { return nil }
        do {
            return try await body(&result)
        } catch {
            if Task.isCancelled { throw error }
            result.isComplete = await session.connection.isOpen
            result.hazards.append(Self.notExamined(subject, error, result))
            return nil
        }
    }

    /// A missing privilege is only worth knowing: whoever gave the role its rights meant them. All else is a reason to look again.
    private static func notExamined(_ subject: String, _ error: any Error, _ result: Result) -> Hazard {
        let failure = Failure(error)
        let state = [failure.sqlState.map { "SQLSTATE \($0)" }].compactMap(\.self)
        if !result.isComplete {
            return Hazard(
                .error,
                .notExamined,
                object: subject,
                "the connection ended while \(subject) was looked at, and what comes after wasn't: \(failure.message)",
                evidence: state,
                remedy: failure.remedy ?? "see whether the server is up, and run doctor again"
            )
        }
        if error.sqlState == .lockNotAvailable {
            return Hazard(
                .warning,
                .notExamined,
                object: subject,
                "\(subject) can't be looked at now, for somebody has a table locked",
                evidence: state + result.exclusiveHolders,
                remedy: "when the lock is gone, run doctor again"
            )
        }
        return Hazard(
            error.sqlState == .insufficientPrivilege ? .note : .warning,
            .notExamined,
            object: subject,
            "\(subject) can't be looked at: \(failure.message)",
            evidence: state,
            remedy: failure.remedy ?? "run doctor again"
        )
    }
}
