// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension RelationProperties {
    /// What `CREATE TABLE … (LIKE parent INCLUDING ALL EXCLUDING IDENTITY)` will give of these properties, which are those that a
    /// partition of the parent must have.
    ///
    /// PostgreSQL's documentation of CREATE TABLE names what LIKE copies: columns with defaults, storage, compression and comments,
    /// checks, indexes, statistics objects; neither owner, privileges, row security, storage parameters nor statistics targets.
    ///
    /// - Parameters:
    ///   - name: of the new table.
    ///   - owner: the role that will make it.
    ///   - grants: what ALTER DEFAULT PRIVILEGES will add.
    package func madeByLike(as name: RelationName, owner: String, grants: [Grant]) -> RelationProperties {
        var made = self
        made.oid = 0
        made.name = name
        made.owner = owner
        made.grants = grants
        made.hasRowSecurity = false
        made.forcesRowSecurity = false
        made.policies = []
        made.options = []
        made.toastOptions = []
        made.replicaIdentity = .primaryKey
        made.comment = nil
        made.marker = nil
        made.columns = columns.map { column in
            var column = column
            column.statisticsTarget = nil
            column.options = []
            column.grants = []
            return column
        }
        return made.withoutNamedParts
    }

    /// Without what must be said of indexes and statistics objects by their names, which PostgreSQL chooses.
    package var withoutNamedParts: RelationProperties {
        var copy = self
        if case .index = replicaIdentity { copy.replicaIdentity = .primaryKey }
        copy.indexes = indexes.map { index in
            var index = index
            index.statisticsTargets = [:]
            index.constraintComment = nil
            return index
        }
        copy.statistics = statistics.map { object in
            var object = object
            object.target = nil
            return object
        }
        return copy
    }
}
