// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// One property in which a partition isn't as it must be.
package struct PropertyDifference: Hashable, Codable, Sendable {
    /// For example `owner`, `column note: statistics target`.
    package var property: String
    package var expected: String
    package var actual: String

    package init(property: String, expected: String, actual: String) {
        self.property = property
        self.expected = expected
        self.actual = actual
    }
}

extension RelationProperties {
    /// Every difference between this partition and what its parent and sibling ask of it; empty when it is as it must be.
    ///
    /// What a partition has beyond its parent (an index, a statistics object) is the owner's business and no difference, unless it refuses,
    /// changes or swallows rows that the parent would take: a check, a unique index, a foreign key, a row trigger, a rule. A policy is one, too,
    /// since it says who may see what.
    /// A CHECK that is NOT VALID on the parent is valid on an empty table, which is none either.
    package func differences(from expected: RelationProperties) -> [PropertyDifference] {
        var comparison = Comparison()
        comparison.compare("owner", expected.owner, owner)
        comparison.compare(
            "privileges",
            Self.describe(expected.grants, of: expected.owner),
            Self.describe(grants, of: owner)
        )
        comparison.compare("row security", expected.hasRowSecurity, hasRowSecurity)
        comparison.compare("forced row security", expected.forcesRowSecurity, forcesRowSecurity)
        comparison.compare("storage parameters", expected.options, options)
        comparison.compare("TOAST storage parameters", expected.toastOptions, toastOptions)
        comparison.compare("tablespace", expected.tablespace, tablespace)
        if let method = expected.accessMethod { comparison.compare("access method", method, accessMethod) }
        comparison.compare("unlogged", expected.isUnlogged, isUnlogged)
        comparison.compare("replica identity", expected.replicaIdentity.description, replicaIdentity.description)
        comparison.compare("comment", expected.comment, comment)
        comparePolicies(with: expected, into: &comparison)
        compareColumns(with: expected, into: &comparison)
        compareChecks(with: expected, into: &comparison)
        compareIndexes(with: expected, into: &comparison)
        compareStatistics(with: expected, into: &comparison)
        for (name, enabled) in expected.triggers.sorted(by: { $0.key < $1.key }) {
            comparison.compare(
                "trigger \(name)",
                Self.describe(trigger: enabled),
                triggers[name].map(Self.describe(trigger:))
            )
        }
        compareRestrictions(with: expected, into: &comparison)
        return comparison.differences
    }

    private func comparePolicies(with expected: RelationProperties, into comparison: inout Comparison) {
        for policy in expected.policies {
            let own = policies.named(policy.name)
            comparison.compare("policy \(policy.name)", policy.description, own?.description)
        }
        for policy in policies where expected.policies.named(policy.name) == nil {
            comparison.compare("policy \(policy.name)", nil, policy.description)
        }
    }

    private func compareColumns(with expected: RelationProperties, into comparison: inout Comparison) {
        let index = NameIndex(columns)
        for column in expected.columns {
            let label = "column \(column.name)"
            guard let actual = index.named(column.name) else {
                comparison.compare(label, column.type, nil)
                continue
            }
            comparison.compare("\(label): type", column.type, actual.type)
            comparison.compare("\(label): NOT NULL", column.isNotNull, actual.isNotNull)
            comparison.compare("\(label): default", column.defaultExpression, actual.defaultExpression)
            comparison.compare("\(label): generated", column.generated, actual.generated)
            comparison.compare("\(label): storage", column.storage, actual.storage)
            comparison.compare("\(label): compression", column.compression, actual.compression)
            comparison.compare("\(label): collation", column.collation, actual.collation)
            comparison.compare("\(label): statistics target", column.statisticsTarget, actual.statisticsTarget)
            comparison.compare("\(label): options", column.options, actual.options)
            comparison.compare("\(label): comment", column.comment, actual.comment)
            comparison.compare(
                "\(label): privileges",
                Self.describe(column.grants, of: expected.owner),
                Self.describe(actual.grants, of: owner)
            )
        }
    }

    private func compareChecks(with expected: RelationProperties, into comparison: inout Comparison) {
        let index = NameIndex(checks)
        for check in expected.checks {
            let own = index.named(check.name)
            // NOT VALID is printed as part of the definition, and a partition's copy may well be valid.
            comparison.compare(
                "check \(check.name)",
                check.definitionWithoutValidity,
                own?.definitionWithoutValidity
            )
            if let actual = own {
                comparison.compare("check \(check.name): comment", check.comment, actual.comment)
                if check.isValidated { comparison.compare("check \(check.name): valid", true, actual.isValidated) }
            }
        }
    }

    /// What takes no part in the parent's definition and yet decides which rows go in.
    private func compareRestrictions(with expected: RelationProperties, into comparison: inout Comparison) {
        let parents = NameIndex(expected.checks)
        for check in checks where parents.named(check.name) == nil {
            comparison.compare("check \(check.name)", nil, check.definition)
        }
        for index in indexes where index.parentIndex == nil && index.isRestrictive {
            // A child of the parent's index that isn't attached yet demands what the parent does.
            guard !expected.indexes.contains(where: { $0.definition == index.definition }) else { continue }
            let kind = index.definition.hasPrefix("UNIQUE ") ? "unique index" : "exclusion constraint"
            comparison.compare("\(kind) \(index.name)", nil, index.definition)
        }
        for (name, enabled) in triggers.sorted(by: { $0.key < $1.key })
        where enabled != "D" && expected.triggers[name] == nil {
            comparison.compare("trigger \(name)", nil, Self.describe(trigger: enabled))
        }
        for rule in rules where !expected.rules.contains(rule) { comparison.compare("rule \(rule)", nil, "enabled") }
        for key in ownForeignKeys { comparison.compare("foreign key \(key)", nil, "its own") }
    }

    private func compareIndexes(with expected: RelationProperties, into comparison: inout Comparison) {
        for index in expected.indexes {
            guard let parentIndex = index.parentIndex else { continue }
            let label = "index \(parentIndex)"
            guard let actual = indexes.child(of: parentIndex) else {
                comparison.compare(label, index.definition, nil)
                continue
            }
            comparison.compare(label, index.definition, actual.definition)
            comparison.compare("\(label): valid", true, actual.isValid)
            comparison.compare("\(label): constraint", index.constraint, actual.constraint)
            comparison.compare("\(label): tablespace", index.tablespace, actual.tablespace)
            comparison.compare("\(label): comment", index.comment, actual.comment)
            comparison.compare(
                "\(label): comment of the constraint",
                index.constraintComment,
                actual.constraintComment
            )
            for (position, target) in index.statisticsTargets.sorted(by: { $0.key < $1.key }) {
                comparison.compare(
                    "\(label): statistics target of column \(position)",
                    target,
                    actual.statisticsTargets[position]
                )
            }
        }
    }

    private func compareStatistics(with expected: RelationProperties, into comparison: inout Comparison) {
        for object in expected.statistics {
            let label = "statistics \(object.name.name)"
            guard let actual = statistics.first(where: { $0.definition == object.definition }) else {
                comparison.compare(label, object.definition, nil)
                continue
            }
            comparison.compare("\(label): target", object.target, actual.target)
            comparison.compare("\(label): comment", object.comment, actual.comment)
        }
    }

    private static func describe(trigger enabled: String) -> String {
        switch enabled {
        case "D": "disabled"
        case "A": "enabled always"
        case "R": "enabled on replicas"
        default: "enabled"
        }
    }

    /// The owner's own privileges go with the ownership, whoever that is.
    private static func describe(_ grants: [Grant], of owner: String) -> String {
        guard !grants.isEmpty else { return "none" }
        return grants.map { grant in
            let grantee = grant.grantee == owner ? "its owner" : grant.grantee.isEmpty ? "PUBLIC" : grant.grantee
            return "\(grant.privilege) to \(grantee)" + (grant.isGrantable ? " with grant option" : "")
        }.sorted().joined(separator: ", ")
    }
}

extension RelationProperties.Check {
    fileprivate var definitionWithoutValidity: String {
        let suffix = " NOT VALID"
        return definition.hasSuffix(suffix) ? String(definition.dropLast(suffix.count)) : definition
    }

    /// Whether both demand the same, validated or not.
    func isSame(as other: RelationProperties.Check) -> Bool {
        definitionWithoutValidity == other.definitionWithoutValidity
    }
}

extension RelationProperties.ReplicaIdentity: CustomStringConvertible {
    package var description: String {
        switch self {
        case .primaryKey: "DEFAULT"
        case .nothing: "NOTHING"
        case .full: "FULL"
        case .index(let name): "USING INDEX \(name)"
        }
    }
}

extension RelationProperties.Policy: CustomStringConvertible {
    package var description: String {
        let to = roles.isEmpty ? "PUBLIC" : roles.joined(separator: ", ")
        return "\(isPermissive ? "PERMISSIVE" : "RESTRICTIVE") FOR \(command) TO \(to)"
            + (using.map { " USING \($0)" } ?? "") + (check.map { " WITH CHECK \($0)" } ?? "")
    }
}

/// Collects what differs.
private struct Comparison {
    var differences: [PropertyDifference] = []

    mutating func compare(_ property: String, _ expected: String?, _ actual: String?) {
        guard expected != actual else { return }
        differences.append(
            PropertyDifference(property: property, expected: expected ?? "none", actual: actual ?? "none")
        )
    }

    mutating func compare(_ property: String, _ expected: Bool, _ actual: Bool) {
        compare(property, expected ? "yes" : "no", actual ? "yes" : "no")
    }

    mutating func compare(_ property: String, _ expected: Int?, _ actual: Int?) {
        compare(property, expected.map(String.init), actual.map(String.init))
    }

    mutating func compare(_ property: String, _ expected: [String], _ actual: [String]) {
        compare(property, expected.joined(separator: ", "), actual.joined(separator: ", "))
    }
}
