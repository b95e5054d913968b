// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension RelationProperties {
    /// Why this table can't be brought into the shape that a partition must have, or nil where it can: what ALTER, GRANT and COMMENT put
    /// right on an empty table is no obstacle, and what ATTACH itself adds isn't either. Whatever it has beyond the parent is one: a check or an
    /// index of somebody else's could refuse rows, or run that somebody's functions as whoever inserts.
    ///
    /// - Parameters:
    ///   - expected: what a partition must be like.
    ///   - role: the connected one. Only its tables and the parent's owner's are adopted, whatever rights it has on those of others: a name is
    ///     easily guessed, and a marker easily written.
    /// - Returns: a sentence's end.
    package func obstacleToAdoption(as expected: RelationProperties, by role: String) -> String? {
        guard owner.utf8.elementsEqual(expected.owner.utf8) || owner.utf8.elementsEqual(role.utf8) else {
            return "it belongs to \(owner)"
        }
        if isUnlogged != expected.isUnlogged { return isUnlogged ? "it is UNLOGGED" : "it is not UNLOGGED" }
        if tablespace != expected.tablespace { return "it lies in another tablespace" }
        if let method = expected.accessMethod, method != accessMethod { return "its access method is another" }
        return columnObstacle(expected) ?? constraintObstacle(expected) ?? surplus(expected)
    }

    private func columnObstacle(_ expected: RelationProperties) -> String? {
        guard columns.count == expected.columns.count else { return "it has other columns" }
        let index = NameIndex(columns)
        for column in expected.columns {
            guard let own = index.named(column.name) else {
                return "it has other columns: \(column.name) is missing"
            }
            guard own.type == column.type, own.collation == column.collation, own.generated == column.generated else {
                return "its column \(column.name) is of another type"
            }
            if column.isNotNull && !own.isNotNull { return "its column \(column.name) allows NULL" }
            if column.defaultExpression != own.defaultExpression {
                return "its column \(column.name) has another default"
            }
        }
        return nil
    }

    private func constraintObstacle(_ expected: RelationProperties) -> String? {
        let index = NameIndex(checks)
        for check in expected.checks {
            guard let own = index.named(check.name),
                own.isValidated || !check.isValidated
            else { return "it lacks the check \(check.name)" }
            if !own.isSame(as: check) { return "its check \(check.name) says something else" }
        }
        for object in expected.statistics where !statistics.contains(where: { $0.definition == object.definition }) {
            return "it lacks the statistics object \(object.name)"
        }
        for index in indexes where !index.isValid { return "its index \(index.name) is invalid" }
        return nil
    }

    /// What it has and the parent lacks. ATTACH takes each index of the parent for one of the table's at the most.
    private func surplus(_ expected: RelationProperties) -> String? {
        let wanted = NameIndex(expected.checks)
        for check in checks where wanted.named(check.name) == nil { return "it has a check of its own, \(check.name)" }
        var free = expected.indexes
        for index in indexes {
            guard
                let match = free.firstIndex(where: {
                    $0.definition == index.definition && $0.constraint == index.constraint
                })
            else { return "it has an index of its own, \(index.name)" }
            free.remove(at: match)
        }
        for object in statistics where !expected.statistics.contains(where: { $0.definition == object.definition }) {
            return "it has a statistics object of its own, \(object.name)"
        }
        return nil
    }
}
