// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension RelationProperties {
    /// Why this table can't be brought into the shape that a partition must have, or nil where it can: what ALTER, GRANT and COMMENT put
    /// right on an empty table is no obstacle, and what ATTACH itself adds isn't either.
    ///
    /// - Returns: a sentence's end.
    package func obstacleToAdoption(as expected: RelationProperties) -> String? {
        if isUnlogged != expected.isUnlogged { return isUnlogged ? "it is UNLOGGED" : "it is not UNLOGGED" }
        if tablespace != expected.tablespace { return "it lies in another tablespace" }
        if let method = expected.accessMethod, method != accessMethod { return "its access method is another" }
        return columnObstacle(expected) ?? constraintObstacle(expected)
    }

    private func columnObstacle(_ expected: RelationProperties) -> String? {
        guard columns.count == expected.columns.count else { return "it has other columns" }
        for column in expected.columns {
            guard let own = columns.named(column.name) else {
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
        for check in expected.checks {
            guard let own = checks.named(check.name),
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
}
