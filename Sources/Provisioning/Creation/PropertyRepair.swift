// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import Partitioning

/// The statements that give one table of ours the properties it must have, starting from those it has.
///
/// `CREATE TABLE … (LIKE … INCLUDING ALL)` brings columns, defaults, checks, indexes, statistics objects and most of their comments. This does
/// the rest, for new tables and for adopted ones: owner, privileges (also taking away what ALTER DEFAULT PRIVILEGES gave), row
/// security, storage parameters, replica identity, statistics targets, attribute options and comments.
struct PropertyRepair {
    let actual: RelationProperties
    let expected: RelationProperties

    var name: RelationName { actual.name }

    /// In an order in which each can be run by the table's owner.
    ///
    /// - Parameter marker: the ownership marker to leave in the comment.
    func statements(marker: PartitionMarker?) -> [Statement] {
        var statements: [Statement] = []
        if actual.owner != expected.owner {
            statements.append("ALTER TABLE \(name) OWNER TO \(identifier: expected.owner)")
        }
        statements += privileges()
        statements += rowSecurity()
        statements += options()
        statements += columns()
        statements += indexes()
        statements += statisticsObjects()
        statements += replicaIdentity()
        statements += checks()
        statements.append(
            PartitionSQL.comment(on: name, MarkerComment(text: expected.comment, marker: marker).comment)
        )
        return statements
    }

    private func columns() -> [Statement] {
        let index = NameIndex(actual.columns)
        return expected.columns.flatMap { column -> [Statement] in
            guard let own = index.named(column.name) else { return [] }
            let alter: Statement = "ALTER TABLE \(name) ALTER COLUMN \(identifier: column.name)"
            var statements: [Statement] = []
            if column.statisticsTarget != own.statisticsTarget {
                statements.append("\(fragment: alter) SET STATISTICS \(fragment: Self.target(column.statisticsTarget))")
            }
            statements += Self.options(from: own.options, to: column.options, prefix: nil).map {
                "\(fragment: alter) \(fragment: $0)"
            }
            if column.storage != own.storage, let storage = Statement(storage: column.storage) {
                statements.append("\(fragment: alter) SET STORAGE \(fragment: storage)")
            }
            if column.compression != own.compression {
                let method: Statement =
                    switch column.compression {
                    case "p": "pglz"
                    case "l": "lz4"
                    default: "default"
                    }
                statements.append("\(fragment: alter) SET COMPRESSION \(fragment: method)")
            }
            if column.comment != own.comment {
                statements.append(
                    """
                    COMMENT ON COLUMN \(name).\(identifier: column.name) IS \(fragment: Self.text(column.comment))
                    """
                )
            }
            return statements
        }
    }

    /// LIKE brings the comments of indexes, but not those of the constraints that own them.
    private func indexes() -> [Statement] {
        expected.indexes.flatMap { index -> [Statement] in
            guard let own = actual.index(like: index) else { return [] }
            let relation = RelationName(schema: name.schema, name: own.name)
            var statements: [Statement] = index.statisticsTargets.sorted { $0.key < $1.key }
                .filter { own.statisticsTargets[$0.key] != $0.value }
                .map { position, target in
                    "ALTER INDEX \(relation) ALTER COLUMN \(literal: position) SET STATISTICS \(literal: target)"
                }
            if index.comment != own.comment {
                statements.append("COMMENT ON INDEX \(relation) IS \(fragment: Self.text(index.comment))")
            }
            if !index.constraint.isEmpty, index.constraintComment != own.constraintComment {
                statements.append(comment(onConstraint: own.name, index.constraintComment))
            }
            return statements
        }
    }

    private func checks() -> [Statement] {
        let index = NameIndex(actual.checks)
        return expected.checks.compactMap { check in
            guard let own = index.named(check.name), own.comment != check.comment
            else { return nil }
            return comment(onConstraint: own.name, check.comment)
        }
    }

    private func comment(onConstraint constraint: String, _ text: String?) -> Statement {
        "COMMENT ON CONSTRAINT \(identifier: constraint) ON \(name) IS \(fragment: Self.text(text))"
    }

    private func statisticsObjects() -> [Statement] {
        expected.statistics.flatMap { object -> [Statement] in
            guard let own = actual.statistics.first(where: { $0.definition == object.definition }) else { return [] }
            var statements: [Statement] = []
            if own.target != object.target {
                statements.append("ALTER STATISTICS \(own.name) SET STATISTICS \(fragment: Self.target(object.target))")
            }
            if own.comment != object.comment {
                statements.append("COMMENT ON STATISTICS \(own.name) IS \(fragment: Self.text(object.comment))")
            }
            return statements
        }
    }

    /// -1 is the server's default; ALTER takes no parenthesis around it.
    private static func target(_ target: Int?) -> Statement {
        target.map { "\(literal: $0)" } ?? "-1"
    }

    private static func text(_ comment: String?) -> Statement {
        comment.map { "\(literal: $0)" } ?? "NULL"
    }
}

extension RelationProperties {
    /// The index of this table that will be, or is, the child of a parent's index.
    func index(like parentIndex: Index) -> Index? {
        parentIndex.parentIndex.flatMap { indexes.child(of: $0) }
            ?? indexes.first {
                $0.parentIndex == nil && $0.definition == parentIndex.definition
                    && $0.constraint == parentIndex.constraint
            }
    }
}
