// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import LibPQ
package import Partitioning

/// Reads everything that a partition must have in common with its parent or sibling: see `RelationProperties`.
///
/// A fixed number of queries for any number of relations; still too much to do for every partition in every run, so it is
/// asked about what a run made, and about all in `verify`.
package struct PropertyReader: Sendable {
    let connection: Connection

    package init(connection: Connection) {
        self.connection = connection
    }

    /// The properties of each relation that still exists, by its oid.
    ///
    /// - Throws: `PostgresError`.
    package func properties(of oids: [UInt32]) async throws(PostgresError) -> [UInt32: RelationProperties] {
        let list = Set(oids).sorted().map(Int64.init)
        guard !list.isEmpty else { return [:] }
        let grants = try await grants(list)
        let columns = try await columns(list, grants: grants)
        let checks = try await checks(list)
        let indexes = try await indexes(list)
        let statistics = try await statistics(list)
        let policies = try await policies(list)
        let triggers = try await triggers(list)
        let (rules, foreignKeys) = try await interference(list)
        var result: [UInt32: RelationProperties] = [:]
        for row in try await connection.query(Self.relationsQuery(list)) {
            let oid = try row.oid("oid")
            let comment = MarkerComment(parsing: try row.optionalString("comment"))
            result[oid] = RelationProperties(
                oid: oid,
                name: RelationName(schema: try row.string("schema"), name: try row.string("name")),
                owner: try row.string("owner"),
                grants: (grants[GrantTarget(oid: oid, column: 0)] ?? []).sorted(),
                hasRowSecurity: try row.bool("row_security"),
                forcesRowSecurity: try row.bool("force_row_security"),
                policies: policies[oid] ?? [],
                options: try row.stringArray("options"),
                toastOptions: try row.stringArray("toast_options"),
                tablespace: try row.optionalString("tablespace"),
                accessMethod: try row.optionalString("access_method"),
                isUnlogged: try row.bool("unlogged"),
                replicaIdentity: try Self.replicaIdentity(row),
                columns: columns[oid] ?? [],
                checks: checks[oid] ?? [],
                indexes: indexes[oid] ?? [],
                statistics: statistics[oid] ?? [],
                triggers: triggers[oid] ?? [:],
                rules: rules[oid] ?? [],
                ownForeignKeys: foreignKeys[oid] ?? [],
                comment: comment.text,
                marker: comment.marker
            )
        }
        return result
    }

    struct GrantTarget: Hashable {
        var oid: UInt32
        /// 0 for the table itself.
        var column: Int
    }

    private static func replicaIdentity(_ row: Row) throws(PostgresError) -> RelationProperties.ReplicaIdentity {
        switch try row.string("replica_identity") {
        case "n": .nothing
        case "f": .full
        case "i": .index(try row.optionalString("replica_index") ?? "an index that is gone")
        default: .primaryKey
        }
    }

    private func grants(_ oids: [Int64]) async throws(PostgresError) -> [GrantTarget: [RelationProperties.Grant]] {
        var result: [GrantTarget: [RelationProperties.Grant]] = [:]
        for row in try await connection.query(Self.grantsQuery(oids)) {
            let target = GrantTarget(oid: try row.oid("oid"), column: try row.int("attnum"))
            let grant = RelationProperties.Grant(
                grantee: try row.optionalString("grantee") ?? "",
                privilege: try row.string("privilege"),
                isGrantable: try row.bool("grantable")
            )
            result[target, default: []].append(grant)
        }
        return result
    }

    private func columns(
        _ oids: [Int64],
        grants: [GrantTarget: [RelationProperties.Grant]]
    ) async throws(PostgresError) -> [UInt32: [RelationProperties.Column]] {
        var result: [UInt32: [RelationProperties.Column]] = [:]
        for row in try await connection.query(Self.columnsQuery(oids)) {
            let oid = try row.oid("oid")
            let number = try row.int("attnum")
            let target = try row.int("statistics_target")
            result[oid, default: []].append(
                RelationProperties.Column(
                    name: try row.string("name"),
                    type: try row.string("type"),
                    isNotNull: try row.bool("not_null"),
                    defaultExpression: try row.optionalString("default"),
                    generated: try row.string("generated"),
                    storage: try row.string("storage"),
                    compression: try row.string("compression"),
                    collation: try row.optionalString("collation"),
                    statisticsTarget: target < 0 ? nil : target,
                    options: try row.stringArray("options"),
                    comment: try row.optionalString("comment"),
                    grants: (grants[GrantTarget(oid: oid, column: number)] ?? []).sorted()
                )
            )
        }
        return result
    }

    private func checks(_ oids: [Int64]) async throws(PostgresError) -> [UInt32: [RelationProperties.Check]] {
        var result: [UInt32: [RelationProperties.Check]] = [:]
        for row in try await connection.query(Self.checksQuery(oids)) {
            result[try row.oid("oid"), default: []].append(
                RelationProperties.Check(
                    name: try row.string("name"),
                    definition: try row.string("definition"),
                    isValidated: try row.bool("validated"),
                    comment: try row.optionalString("comment")
                )
            )
        }
        return result
    }

    private func indexes(_ oids: [Int64]) async throws(PostgresError) -> [UInt32: [RelationProperties.Index]] {
        var result: [UInt32: [RelationProperties.Index]] = [:]
        for row in try await connection.query(Self.indexesQuery(oids)) {
            var targets: [Int: Int] = [:]
            let positions = try row.int64Array("target_positions")
            for (position, target) in zip(positions, try row.int64Array("target_values")) {
                targets[Int(position)] = Int(target)
            }
            result[try row.oid("oid"), default: []].append(
                RelationProperties.Index(
                    parentIndex: try row.optionalString("parent_index"),
                    name: try row.string("name"),
                    isValid: try row.bool("valid"),
                    definition: try row.string("definition"),
                    constraint: try row.string("constraint"),
                    tablespace: try row.optionalString("tablespace"),
                    statisticsTargets: targets,
                    comment: try row.optionalString("comment"),
                    constraintComment: try row.optionalString("constraint_comment")
                )
            )
        }
        return result
    }

    private func statistics(
        _ oids: [Int64]
    ) async throws(PostgresError) -> [UInt32: [RelationProperties.StatisticsObject]] {
        var result: [UInt32: [RelationProperties.StatisticsObject]] = [:]
        for row in try await connection.query(Self.statisticsQuery(oids)) {
            let target = try row.int("target")
            result[try row.oid("oid"), default: []].append(
                RelationProperties.StatisticsObject(
                    name: RelationName(schema: try row.string("schema"), name: try row.string("name")),
                    definition: try row.string("definition"),
                    target: target < 0 ? nil : target,
                    comment: try row.optionalString("comment")
                )
            )
        }
        return result
    }

    private func triggers(_ oids: [Int64]) async throws(PostgresError) -> [UInt32: [String: String]] {
        var result: [UInt32: [String: String]] = [:]
        for row in try await connection.query(Self.triggersQuery(oids)) {
            result[try row.oid("oid"), default: [:]][try row.string("name")] = try row.string("enabled")
        }
        return result
    }

    private func interference(
        _ oids: [Int64]
    ) async throws(PostgresError) -> (rules: [UInt32: [String]], foreignKeys: [UInt32: [String]]) {
        var rules: [UInt32: [String]] = [:]
        var keys: [UInt32: [String]] = [:]
        for row in try await connection.query(Self.interferenceQuery(oids)) {
            let (oid, name) = (try row.oid("oid"), try row.string("name"))
            if try row.bool("rule") {
                rules[oid, default: []].append(name)
            } else {
                keys[oid, default: []].append(name)
            }
        }
        return (rules, keys)
    }

    private func policies(_ oids: [Int64]) async throws(PostgresError) -> [UInt32: [RelationProperties.Policy]] {
        var result: [UInt32: [RelationProperties.Policy]] = [:]
        for row in try await connection.query(Self.policiesQuery(oids)) {
            let ownName = try row.string("own_name")
            func normalized(_ expression: String?) -> String? {
                expression.map { SelfReference.replace(ownName, by: SelfReference.token, in: $0) }
            }
            result[try row.oid("oid"), default: []].append(
                RelationProperties.Policy(
                    name: try row.string("name"),
                    command: try row.string("command"),
                    isPermissive: try row.bool("permissive"),
                    roles: try row.stringArray("roles"),
                    using: normalized(try row.optionalString("using")),
                    check: normalized(try row.optionalString("check"))
                )
            )
        }
        return result
    }
}
