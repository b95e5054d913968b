// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning

extension PropertyRepair {
    /// Privileges of the table and of its columns.
    func privileges() -> [Statement] {
        var statements = revocations(actual.grants, expected.grants, column: nil)
        statements += grants(actual.grants, expected.grants, column: nil)
        let index = NameIndex(actual.columns)
        for column in expected.columns {
            guard let own = index.named(column.name) else { continue }
            statements += revocations(own.grants, column.grants, column: column.name)
            // All of them: taking a privilege on the table away took it from the columns too.
            statements += grants([], column.grants, column: column.name)
        }
        return statements
    }

    private func revocations(
        _ actual: [RelationProperties.Grant],
        _ expected: [RelationProperties.Grant],
        column: String?
    ) -> [Statement] {
        afterChangeOfOwner(actual).filter { !expected.contains($0) }.compactMap { grant in
            Statement(privilege: grant.privilege).map { privilege in
                """
                REVOKE \(fragment: privilege)\(fragment: Self.target(column)) ON TABLE \(name) \
                FROM \(fragment: Self.grantee(grant)) CASCADE
                """
            }
        }
    }

    private func grants(
        _ actual: [RelationProperties.Grant],
        _ expected: [RelationProperties.Grant],
        column: String?
    ) -> [Statement] {
        let present = afterChangeOfOwner(actual)
        return expected.filter { !present.contains($0) }.compactMap { grant in
            let option: Statement = grant.isGrantable ? " WITH GRANT OPTION" : ""
            return Statement(privilege: grant.privilege).map { privilege in
                """
                GRANT \(fragment: privilege)\(fragment: Self.target(column)) ON TABLE \(name) \
                TO \(fragment: Self.grantee(grant))\(fragment: option)
                """
            }
        }
    }

    /// ALTER TABLE … OWNER TO hands the old owner's privileges to the new one.
    private func afterChangeOfOwner(_ grants: [RelationProperties.Grant]) -> Set<RelationProperties.Grant> {
        Set(
            grants.map { grant in
                var grant = grant
                if grant.grantee == actual.owner { grant.grantee = expected.owner }
                return grant
            }
        )
    }

    private static func target(_ column: String?) -> Statement {
        column.map { " (\(identifier: $0))" } ?? ""
    }

    private static func grantee(_ grant: RelationProperties.Grant) -> Statement {
        grant.grantee.isEmpty ? "PUBLIC" : "\(identifier: grant.grantee)"
    }

    /// Policies first: row security without them would hide everything.
    func rowSecurity() -> [Statement] {
        var statements: [Statement] = []
        for policy in actual.policies where !expected.policies.contains(policy) {
            statements.append("DROP POLICY \(identifier: policy.name) ON \(name)")
        }
        for policy in expected.policies where !actual.policies.contains(policy) {
            statements.append(policy.creation(on: name))
        }
        if expected.hasRowSecurity != actual.hasRowSecurity {
            let verb: Statement = expected.hasRowSecurity ? "ENABLE" : "DISABLE"
            statements.append("ALTER TABLE \(name) \(fragment: verb) ROW LEVEL SECURITY")
        }
        if expected.forcesRowSecurity != actual.forcesRowSecurity {
            let verb: Statement = expected.forcesRowSecurity ? "FORCE" : "NO FORCE"
            statements.append("ALTER TABLE \(name) \(fragment: verb) ROW LEVEL SECURITY")
        }
        return statements
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
