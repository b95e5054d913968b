// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
package import Partitioning

/// What would keep a run from its plan now, looked for without changing anything or waiting for anybody. Standbys aren't among it: whether one lags
/// is only known after a wait.
package struct Hindrances: Sendable {
    /// By table; only of tables that have some.
    package private(set) var tables: [RelationName: [Hindrance]] = [:]
    /// Of the tablespaces that new partitions would be in, each once for each threshold.
    package private(set) var quotas: [QuotaMeasure] = []

    /// - Parameter emergencyDays: for tables whose guards say nothing; see ``RunBudget/emergencyDays``.
    /// - Throws: `PostgresError`, `UnknownTimeZone`, `CancellationError`.
    package static func of(
        _ observation: Observation,
        guards: RunGuards,
        emergencyDays: Double,
        _ session: DatabaseSession
    ) async throws -> Hindrances {
        var found = Hindrances()
        try await found.addRights(observation, session.connection)
        try await found.addQuotas(observation, guards, session.connection)
        try await found.addWindows(observation, guards, emergencyDays, session)
        return found
    }

    private mutating func add(_ hindrance: Hindrance, to table: RelationName) {
        tables[table, default: []].append(hindrance)
    }

    /// The schema has to take a new table of this role's, and of the owner's to whom it is handed.
    private mutating func addRights(_ observation: Observation, _ connection: Connection) async throws(PostgresError) {
        let growing = observation.plan.tables.filter { table in
            table.steps.contains { $0.creation?.adoptsExisting == false }
        }
        guard !growing.isEmpty else { return }
        let rows = try await connection.query(
            """
            SELECT c.oid::bigint AS oid, format('%I may not create tables in the schema %I', o.rolname, n.nspname) AS what,
                   format('GRANT CREATE, USAGE ON SCHEMA %I TO %I', n.nspname, o.rolname) AS remedy
              FROM unnest(\(bind: growing.map { String($0.oid) })::text[]) w(oid)
              JOIN pg_class c ON c.oid = w.oid::oid
              JOIN pg_namespace n ON n.oid = c.relnamespace
              JOIN pg_roles o ON o.rolname IN (pg_get_userbyid(c.relowner), current_user)
             WHERE NOT has_schema_privilege(o.rolname, n.oid, 'CREATE') OR NOT has_schema_privilege(o.rolname, n.oid, 'USAGE')
             ORDER BY 2
            """
        )
        for row in rows {
            let oid = try row.oid("oid")
            guard let table = growing.first(where: { $0.oid == oid }) else { continue }
            add(Hindrance(.privilege, try row.string("what"), remedy: try row.string("remedy")), to: table.table)
        }
    }

    private mutating func addQuotas(
        _ observation: Observation,
        _ guards: RunGuards,
        _ connection: Connection
    ) async throws {
        let growing = observation.plan.tables.filter { table in
            table.steps.contains { $0.creation != nil } && guards[table.table].quota != nil
        }
        let snapshot = observation.snapshot
        let tables = growing.compactMap { plan in
            snapshot.tables.first { $0.oid == plan.oid }
                .map { ($0, plan.policy?.coordinate(of: snapshot.server.now)) }
        }
        let properties = try await PropertyReader(connection: connection).expectedOfPartitions(of: tables)
        for (table, _) in tables {
            // What vanished meanwhile the next plan misses.
            guard let quota = guards[table.name].quota, let expected = properties[table.oid] else { continue }
            let measure = try await quota.measure(of: expected.tablespace, on: connection)
            if !quotas.contains(where: { $0.tablespace == measure.tablespace && $0.threshold == measure.threshold }) {
                quotas.append(measure)
            }
            guard let obstacle = quota.obstacle(measure.reading, in: expected.tablespace) else { continue }
            add(Hindrance(.quota, obstacle, remedy: "make room there, or raise the threshold"), to: table.name)
        }
    }

    private mutating func addWindows(
        _ observation: Observation,
        _ guards: RunGuards,
        _ emergencyDays: Double,
        _ session: DatabaseSession
    ) async throws {
        var guards = guards
        guards.lag = nil
        var gate = RunGate(
            guards,
            budget: RunBudget(emergencyDays: emergencyDays),
            now: observation.snapshot.server.now
        )
        try await gate.prepare(session)
        for plan in observation.plan.tables {
            // What refuses rows goes at any time; in an emergency partitions come, and indexes wait.
            let kinds = Set(plan.steps.filter { !$0.comesFirst }.map { $0.creation != nil })
            for isCreation in [true, false] where kinds.contains(isCreation) {
                let answer = try await gate.gate(of: plan)
                    .ask(isCreation: isCreation, session.connection, until: .now, runEnd: .now) { _ in }
                guard case .deferred(let reason, _) = answer else { continue }
                add(Hindrance(.window, isCreation ? reason : "but for new partitions: \(reason)"), to: plan.table)
                break
            }
        }
    }
}
