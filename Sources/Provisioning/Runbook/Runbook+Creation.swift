// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning

extension Runbook {
    /// The new partitions of one table, between raising and dropping the CHECK that a big default partition needs.
    func creations(
        _ steps: [Step],
        _ table: PartitionedTable,
        _ policy: GrowthPolicy?,
        _ server: ServerFacts
    ) async throws -> [Chapter] {
        let reader = PropertyReader(connection: connection)
        let today = policy?.coordinate(of: server.now)
        guard let expected = try await reader.expectedOfPartition(of: table, today: today) else {
            throw PostgresError(.server, "\(table.name) is gone", sqlState: .catalogChanged)
        }
        let grants = try await defaultGrants(in: table.name.schema)
        var chapters: [Chapter] = []
        let shield = try await shield(of: table, over: steps.compactMap(\.creation))
        if let shield { chapters.append(shield.raise) }
        for step in steps {
            guard let creation = step.creation else { continue }
            let actual =
                if let oid = creation.adoptedOID {
                    try await reader.properties(of: [oid])[oid]
                } else {
                    expected.madeByLike(as: creation.name, owner: server.role, grants: grants)
                }
            guard let actual else {
                throw PostgresError(.server, "\(creation.name) is gone", sqlState: .catalogChanged)
            }
            chapters.append(
                Chapter(
                    title: "\(creation.name): \(step.reason)",
                    statements: try await made(
                        step,
                        creation,
                        table,
                        building: build(creation, from: actual, to: expected, parent: table.name, server.now)
                    ) + followUps(creation, expected, table)
                )
            )
        }
        if let shield { chapters.append(shield.drop) }
        return chapters
    }

    /// The table beside its parent, complete; nobody waits for it.
    private func build(
        _ creation: PartitionCreation,
        from actual: RelationProperties,
        to expected: RelationProperties,
        parent: RelationName,
        _ now: Instant
    ) -> [Statement] {
        let table =
            creation.adoptsExisting
            ? [] : [PartitionSQL.createTable(creation.name, like: parent, properties: expected)]
        let marker = PartitionMarker(parent: parent.description, createdAt: now)
        return table
            + PropertyRepair(actual: actual, expected: expected.withoutNamedParts).statements(marker: marker)
    }

    /// Built and attached in one transaction: whoever runs a script may never come back for a table that was built and could not be attached,
    /// and a marker that says "attached" is true of whatever is committed.
    private func made(
        _ step: Step,
        _ creation: PartitionCreation,
        _ table: PartitionedTable,
        building: [Statement]
    ) async throws -> [String] {
        var identities = [table.oid: table.name]
        if let adopted = creation.adoptedOID { identities[adopted] = creation.name }
        var change = LockedChange(
            locks: step.locks,
            alone: [table.oid],
            body: PartitionSQL.attach(creation, to: table.name),
            identities: identities,
            plannedDefault: LockedChange.PlannedDefault(of: table),
            purpose: step.target
        )
        change.preparation = building
        return try await message(change)
    }

    /// What is said of indexes and statistics objects by names that PostgreSQL has chosen by then: psql asks for them.
    private func followUps(
        _ creation: PartitionCreation,
        _ expected: RelationProperties,
        _ table: PartitionedTable
    ) -> [String] {
        let partition = Statement(creation.name).sql
        var statements: [Statement] = []
        for index in expected.indexes {
            let parentIndex = Statement(RelationName(schema: table.name.schema, name: index.name)).sql
            func ask(_ format: String) {
                statements.append(
                    """
                    SELECT format(\(literal: format), i.inhrelid::regclass, c.relname)
                      FROM pg_inherits i JOIN pg_index x ON x.indexrelid = i.inhrelid JOIN pg_class c ON c.oid = i.inhrelid
                     WHERE i.inhparent = \(literal: parentIndex)::regclass AND x.indrelid = \(literal: partition)::regclass \\gexec
                    """
                )
            }
            for (position, target) in index.statisticsTargets.sorted(by: { $0.key < $1.key }) {
                ask("ALTER INDEX %s ALTER COLUMN \(position) SET STATISTICS \(target)")
            }
            if let comment = index.constraintComment {
                let text: Statement = "\(literal: comment)"
                ask("COMMENT ON CONSTRAINT %2$I ON \(partition.percentDoubled) IS \(text.sql.percentDoubled)")
            }
            if expected.replicaIdentity == .index(index.parentIndex ?? index.name) {
                ask("ALTER TABLE \(partition.percentDoubled) REPLICA IDENTITY USING INDEX %2$I")
            }
        }
        for object in expected.statistics {
            guard let target = object.target else { continue }
            statements.append(
                """
                SELECT format('ALTER STATISTICS %I.%I SET STATISTICS %s', n.nspname, s.stxname, \(literal: target))
                  FROM pg_statistic_ext p
                  JOIN pg_statistic_ext s ON s.stxkeys = p.stxkeys AND s.stxkind = p.stxkind
                       AND pg_get_statisticsobjdef_expressions(s.oid) IS NOT DISTINCT FROM pg_get_statisticsobjdef_expressions(p.oid)
                  JOIN pg_namespace n ON n.oid = s.stxnamespace
                 WHERE p.stxrelid = \(literal: Statement(table.name).sql)::regclass AND p.stxname = \(literal: object.name.name)
                   AND s.stxrelid = \(literal: partition)::regclass \\gexec
                """
            )
        }
        return statements.map(\.sql)
    }

    /// What a new table of this role in the schema comes with: everything for the role itself, or what its ALTER DEFAULT PRIVILEGES say
    /// instead, and what those of the schema add.
    private func defaultGrants(in schema: String) async throws(PostgresError) -> [RelationProperties.Grant] {
        try await connection.query(
            """
            SELECT coalesce(r.rolname::text, '') AS grantee, a.privilege_type AS privilege, bool_or(a.is_grantable) AS grantable
              FROM (SELECT oid FROM pg_roles WHERE rolname = current_user) me
             CROSS JOIN LATERAL (
                   SELECT coalesce((SELECT defaclacl FROM pg_default_acl
                                     WHERE defaclobjtype = 'r' AND defaclrole = me.oid AND defaclnamespace = 0),
                                   acldefault('r', me.oid)) AS acl
                   UNION ALL
                   SELECT defaclacl FROM pg_default_acl
                    WHERE defaclobjtype = 'r' AND defaclrole = me.oid
                      AND defaclnamespace = (SELECT oid FROM pg_namespace WHERE nspname = \(bind: schema))) d
             CROSS JOIN LATERAL aclexplode(d.acl) a
              LEFT JOIN pg_roles r ON r.oid = a.grantee
             GROUP BY 1, 2
            """
        ).map { row throws(PostgresError) in
            RelationProperties.Grant(
                grantee: try row.string("grantee"),
                privilege: try row.string("privilege"),
                isGrantable: try row.bool("grantable")
            )
        }
    }

    // MARK: - The default partition

    private struct Shield {
        var raise: Chapter
        var drop: Chapter
    }

    /// nil where ATTACH may scan the default partition itself.
    private func shield(of table: PartitionedTable, over creations: [PartitionCreation]) async throws -> Shield? {
        guard let partition = table.defaultPartition, let key = table.key.first else { return nil }
        let shield = DefaultShield(
            connection: connection,
            defaultPartition: partition,
            key: key,
            ladder: .standard,
            onlineDeadline: .now + .seconds(30),
            logger: logger
        )
        let ahead = creations.filter { !$0.receivesWritesNow }
        guard !ahead.isEmpty, try await shield.sizeInBytes() > DefaultShield.scanLimit else { return nil }
        let constraint = DefaultShield.constraint(over: ahead)
        let add = try await message(shield.addition(over: ahead))
        let drop = try await message(shield.removal(of: constraint))
        let title = "\(partition.name): a CHECK proves to ATTACH that no row of the new ranges is in it"
        return Shield(
            raise: Chapter(
                title: title + "; until it is dropped again such rows are refused",
                statements: add + ["SET statement_timeout = 0", shield.validation(of: constraint).sql]
                    + DatabaseSession.standingSettings.map(\.sql)
            ),
            // Whatever became of the partitions: it refuses rows.
            drop: Chapter(title: "\(partition.name): the CHECK has served", statements: drop, isAlwaysDone: true)
        )
    }
}

extension String {
    /// As `format()` reads it back.
    fileprivate var percentDoubled: String { replacing("%", with: "%%") }
}
