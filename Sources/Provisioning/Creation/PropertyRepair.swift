// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning

/// The statements that give one table of ours the properties it must have, starting from those it has.
///
/// `CREATE TABLE … (LIKE … INCLUDING ALL)` brings columns, defaults, checks, indexes, statistics objects and their comments. This does the
/// rest: owner, privileges (also taking away what ALTER DEFAULT PRIVILEGES gave), row security, storage parameters,
/// replica identity, statistics targets, attribute options and the table's comment.
struct PropertyRepair {
    let actual: RelationProperties
    let expected: RelationProperties

    private var name: RelationName { actual.name }

    /// In an order in which each can be run by the table's owner.
    ///
    /// - Parameter marker: the ownership marker to leave in the comment.
    func statements(marker: PartitionMarker?) -> [Statement] {
        var statements: [Statement] = []
        if actual.owner != expected.owner {
            statements.append("ALTER TABLE \(name) OWNER TO \(identifier: expected.owner)")
        }
        statements += privileges(from: actual.grants, to: expected.grants, column: nil)
        statements += rowSecurity()
        statements += options(from: actual.options, to: expected.options, prefix: nil)
        statements += options(from: actual.toastOptions, to: expected.toastOptions, prefix: "toast")
        statements += columns()
        statements += indexStatistics()
        statements += statisticsObjects()
        statements += replicaIdentity()
        statements.append(
            PartitionSQL.comment(on: name, MarkerComment(text: expected.comment, marker: marker).comment)
        )
        return statements
    }

    private func privileges(
        from actual: [RelationProperties.Grant],
        to expected: [RelationProperties.Grant],
        column: String?
    ) -> [Statement] {
        let target: Statement = column.map { " (\(identifier: $0))" } ?? ""
        var statements: [Statement] = []
        for grant in actual where !expected.contains(grant) {
            guard let privilege = Statement(privilege: grant.privilege) else { continue }
            statements.append(
                "REVOKE \(fragment: privilege)\(fragment: target) ON TABLE \(name) FROM \(fragment: Self.grantee(grant))"
            )
        }
        for grant in expected where !actual.contains(grant) {
            guard let privilege = Statement(privilege: grant.privilege) else { continue }
            let option: Statement = grant.isGrantable ? " WITH GRANT OPTION" : ""
            statements.append(
                """
                GRANT \(fragment: privilege)\(fragment: target) ON TABLE \(name) \
                TO \(fragment: Self.grantee(grant))\(fragment: option)
                """
            )
        }
        return statements
    }

    private static func grantee(_ grant: RelationProperties.Grant) -> Statement {
        grant.grantee.isEmpty ? "PUBLIC" : "\(identifier: grant.grantee)"
    }

    private func rowSecurity() -> [Statement] {
        var statements: [Statement] = []
        for policy in expected.policies where !actual.policies.contains(where: { $0.name == policy.name }) {
            statements.append(policy.creation(on: name))
        }
        if expected.hasRowSecurity && !actual.hasRowSecurity {
            statements.append("ALTER TABLE \(name) ENABLE ROW LEVEL SECURITY")
        }
        if expected.forcesRowSecurity && !actual.forcesRowSecurity {
            statements.append("ALTER TABLE \(name) FORCE ROW LEVEL SECURITY")
        }
        return statements
    }

    /// `reloptions` are texts `name=value`.
    private func options(from actual: [String], to expected: [String], prefix: String?) -> [Statement] {
        let namespace: Statement = prefix.map { "\(identifier: $0)." } ?? ""
        return expected.filter { !actual.contains($0) }.map { option in
            let (key, value) = Self.split(option)
            return "ALTER TABLE \(name) SET (\(fragment: namespace)\(identifier: key) = \(literal: value))"
        }
    }

    private static func split(_ option: String) -> (key: String, value: String) {
        guard let sign = option.firstIndex(of: "=") else { return (option, "true") }
        return (String(option[..<sign]), String(option[option.index(after: sign)...]))
    }

    private func columns() -> [Statement] {
        var statements: [Statement] = []
        for column in expected.columns {
            guard let own = actual.columns.first(where: { $0.name == column.name }) else { continue }
            if let target = column.statisticsTarget, target != own.statisticsTarget {
                statements.append(
                    "ALTER TABLE \(name) ALTER COLUMN \(identifier: column.name) SET STATISTICS \(literal: target)"
                )
            }
            for option in column.options where !own.options.contains(option) {
                let (key, value) = Self.split(option)
                statements.append(
                    "ALTER TABLE \(name) ALTER COLUMN \(identifier: column.name) SET (\(identifier: key) = \(literal: value))"
                )
            }
            statements += privileges(from: own.grants, to: column.grants, column: column.name)
        }
        return statements
    }

    private func indexStatistics() -> [Statement] {
        expected.indexes.flatMap { index -> [Statement] in
            guard let own = actual.index(like: index) else { return [] }
            let relation = RelationName(schema: name.schema, name: own.name)
            return index.statisticsTargets.sorted { $0.key < $1.key }.filter {
                own.statisticsTargets[$0.key] != $0.value
            }
            .map { position, target in
                "ALTER INDEX \(relation) ALTER COLUMN \(literal: position) SET STATISTICS \(literal: target)"
            }
        }
    }

    private func statisticsObjects() -> [Statement] {
        expected.statistics.compactMap { object in
            guard let target = object.target,
                let own = actual.statistics.first(where: { $0.definition == object.definition }), own.target != target
            else { return nil }
            return "ALTER STATISTICS \(own.name) SET STATISTICS \(literal: target)"
        }
    }

    private func replicaIdentity() -> [Statement] {
        guard actual.replicaIdentity != expected.replicaIdentity else { return [] }
        switch expected.replicaIdentity {
        case .primaryKey: return ["ALTER TABLE \(name) REPLICA IDENTITY DEFAULT"]
        case .nothing: return ["ALTER TABLE \(name) REPLICA IDENTITY NOTHING"]
        case .full: return ["ALTER TABLE \(name) REPLICA IDENTITY FULL"]
        case .index(let parentIndex):
            guard let index = expected.indexes.first(where: { $0.parentIndex == parentIndex }),
                let own = actual.index(like: index)
            else { return [] }
            return ["ALTER TABLE \(name) REPLICA IDENTITY USING INDEX \(identifier: own.name)"]
        }
    }
}

extension RelationProperties {
    /// The index of this table that will be, or is, the child of a parent's index.
    func index(like parentIndex: Index) -> Index? {
        indexes.first { $0.parentIndex == parentIndex.parentIndex }
            ?? indexes.first {
                $0.parentIndex == nil && $0.definition == parentIndex.definition
                    && $0.constraint == parentIndex.constraint
            }
    }
}

extension RelationProperties.Policy {
    /// Expressions come from `pg_get_expr`, with the table's own name replaced where it stood.
    func creation(on table: RelationName) -> Statement {
        let kind: Statement = isPermissive ? "PERMISSIVE" : "RESTRICTIVE"
        let verb: Statement =
            switch command {
            case "SELECT": "SELECT"
            case "INSERT": "INSERT"
            case "UPDATE": "UPDATE"
            case "DELETE": "DELETE"
            default: "ALL"
            }
        let to: Statement =
            roles.isEmpty ? "PUBLIC" : Statement.joined(roles.map { "\(identifier: $0)" }, separator: ", ")
        var statement: Statement = """
            CREATE POLICY \(identifier: name) ON \(table) AS \(fragment: kind) FOR \(fragment: verb) TO \(fragment: to)
            """
        if let using { statement = statement + " USING (\(fragment: Self.expression(using, in: table)))" }
        if let check { statement = statement + " WITH CHECK (\(fragment: Self.expression(check, in: table)))" }
        return statement
    }

    private static func expression(_ text: String, in table: RelationName) -> Statement {
        let own: Statement = "\(identifier: table.name)"
        return Statement(
            trustedCatalogSQL: SelfReference.replace(SelfReference.token, by: own.sql, in: text),
            "pg_get_expr"
        )
    }
}

extension Statement {
    /// The keyword of a table or column privilege; nil for one this version doesn't know, which is then left as it is.
    init?(privilege: String) {
        switch privilege {
        case "SELECT": self = "SELECT"
        case "INSERT": self = "INSERT"
        case "UPDATE": self = "UPDATE"
        case "DELETE": self = "DELETE"
        case "TRUNCATE": self = "TRUNCATE"
        case "REFERENCES": self = "REFERENCES"
        case "TRIGGER": self = "TRIGGER"
        case "MAINTAIN": self = "MAINTAIN"
        default: return nil
        }
    }
}
