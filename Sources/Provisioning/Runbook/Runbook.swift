// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
package import Logging
package import Partitioning

/// The statements that carry out a plan, for somebody who does it with psql.
///
/// They are the run's own, made in the same places. What a run does besides (looking who would have to wait, trying again, giving up
/// in time, finding out what an interrupted statement left) is up to whoever runs them: an error means that nothing of that step was done,
/// but for an index that was being built.
package struct Runbook: Sendable {
    /// The statements of one step.
    package struct Chapter: Sendable, Hashable {
        /// For a comment; may have any character in it.
        package var title: String
        /// Complete, without the last semicolon; those that end in `\gexec` need psql.
        package var statements: [String]
        /// Also where a step of the table has failed before.
        package var isAlwaysDone = false
    }

    let session: DatabaseSession
    let logger: Logger

    package init(session: DatabaseSession, logger: Logger) {
        self.session = session
        self.logger = logger
    }

    var connection: Connection { session.connection }

    /// What a session has to do first: to be where and who the plan was made for, settings, and the claim on the database that keeps
    /// other runs out until it ends.
    ///
    /// - Parameter server: the one that the plan was made on, by a role: somebody else's partitions would be somebody else's.
    package static func preparation(for server: ServerFacts) -> [String] {
        ([sameDatabase(server), sameRole(server.role)] + DatabaseSession.settings + [DatabaseClaim.orError]).map(\.sql)
    }

    /// What puts back the settings that an interrupted chapter left otherwise.
    package static let standingSettings = DatabaseSession.standingSettings.map(\.sql)

    /// Ends psql as an error does.
    package static let unfinished = {
        let body: Statement = """
            BEGIN
            RAISE EXCEPTION USING MESSAGE = 'not all of this plan was carried out: the errors above say what was not',
            HINT = 'Make the script again with partition-cli plan --sql, and run that: it has what is left. Run again as it is this one fails at what is done.';
            END
            """
        let statement: Statement = "DO \(quoted: body)"
        return statement.sql
    }()

    private static func sameDatabase(_ server: ServerFacts) -> Statement {
        let cluster: Statement =
            server.systemIdentifier.map { identifier in
                """
                IF has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') THEN
                SELECT system_identifier::text INTO here FROM pg_catalog.pg_control_system();
                IF here <> \(literal: identifier) THEN
                RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = 'this plan was made on another server: its system identifier is ' || \(literal: identifier) || ', and here it is ' || here,
                HINT = 'Connect to that server, or make the plan again on this one.';
                END IF;
                END IF;\n
                """
            } ?? ""
        let body: Statement = """
            DECLARE here text;
            BEGIN
            IF current_database() <> \(literal: server.database) THEN
            RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = 'this plan was made for the database ' || \(literal: server.database) || ', and this is ' || current_database(),
            HINT = 'Connect to that database, or make the plan again for this one.';
            END IF;
            \(fragment: cluster)END
            """
        return "DO \(quoted: body)"
    }

    private static func sameRole(_ role: String) -> Statement {
        let body: Statement = """
            BEGIN
            IF current_user <> \(literal: role) THEN
            RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = 'this plan was made as the role ' || \(literal: role) || ', and this is ' || current_user,
            HINT = 'Connect as that role or SET ROLE to it, or make the plan again as this one: new partitions would have another owner.';
            END IF;
            END
            """
        return "DO \(quoted: body)"
    }

    /// One chapter for each step of the table's plan, in the run's order.
    private func chapters(for plan: TablePlan, in observation: Observation) async throws -> [Chapter] {
        guard let table = observation.snapshot.tables.first(where: { $0.oid == plan.oid }), !plan.steps.isEmpty else {
            return []
        }
        var chapters: [Chapter] = []
        let first = plan.steps.filter(\.comesFirst)
        let creations = plan.steps.filter { $0.creation != nil }
        let last = plan.steps.filter { $0.creation == nil && !$0.comesFirst }
        for step in first { chapters.append(try await chapter(step, table)) }
        if !creations.isEmpty {
            chapters += try await self.creations(creations, table, plan.policy, observation.snapshot.server)
        }
        for step in last { chapters.append(try await chapter(step, table)) }
        return chapters
    }

    /// The chapters of every table's plan.
    ///
    /// - Throws: `PostgresError` where the catalog can't be read, or has changed since the plan was made.
    package func chapters(of observation: Observation) async throws -> [RelationName: [Chapter]] {
        var all: [RelationName: [Chapter]] = [:]
        for table in observation.plan.tables { all[table.table] = try await chapters(for: table, in: observation) }
        return all
    }

    private func chapter(_ step: Step, _ table: PartitionedTable) async throws -> Chapter {
        let title = "\(step.target): \(step.reason)"
        switch step.action {
        case .repairIndex(let gap):
            let repair = IndexRepair(
                connection: connection,
                ladder: .standard,
                onlineDeadline: .now + .seconds(30),
                runDeadline: .now + .seconds(30),
                logger: logger
            )
            return Chapter(title: title, statements: try await repair.statements(for: gap).map(\.sql))
        case .dropLeftoverCheck(let constraint, let partition):
            return Chapter(
                title: title,
                statements: try await message(
                    step,
                    "ALTER TABLE \(partition) DROP CONSTRAINT IF EXISTS \(identifier: constraint)"
                )
            )
        case .finalizeDetach(let partition):
            return Chapter(
                title: title,
                statements: try await message(
                    step,
                    alone: [table.oid],
                    "ALTER TABLE \(table.name) DETACH PARTITION \(partition) FINALIZE"
                )
            )
        case .dropUnattached(let name, _):
            return Chapter(title: title, statements: try await message(step, "DROP TABLE \(name)"))
        case .createPartition:
            return Chapter(title: title, statements: [])
        }
    }

    /// A change under the locks of its step, as the run sends it.
    private func message(_ step: Step, alone: Set<UInt32> = [], _ body: Statement) async throws -> [String] {
        let change = LockedChange(
            locks: step.locks,
            alone: alone,
            body: body,
            identities: [step.tableOID: step.table],
            purpose: step.target
        )
        return try await message(change)
    }

    func message(_ change: LockedChange) async throws -> [String] {
        let facts = try await LockObserver(connection: connection).facts(of: change.locks)
        let limits = LockLadder.standard.limits(
            LockLadder.standard.rungs.count - 1,
            blockingLocks: change.blocking.count,
            deadlockTimeout: facts.deadlockTimeout
        )
        return change.message(limits, rights: facts.rights).map(\.sql)
    }
}

extension [Runbook.Chapter] {
    /// Of all chapters, in their order.
    package var statements: [String] { flatMap(\.statements) }
}
