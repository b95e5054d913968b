// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// What makes one partition behave like the others, besides its columns' data: everything that a new partition must
/// take over from its parent or its newest sibling, and that is compared afterwards.
///
/// Texts are as the server prints them (`pg_get_expr`, `pg_get_constraintdef`), with the relation's own name taken out
/// where the server would print it, so that two relations can be compared.
package struct RelationProperties: Hashable, Codable, Sendable {
    /// A privilege as `aclexplode` gives it, without the grantor: grants of other grantors can't be reproduced.
    package struct Grant: Hashable, Comparable, Codable, Sendable {
        /// Role name; empty for PUBLIC, which no role can be called.
        package var grantee: String
        /// For example `SELECT`.
        package var privilege: String
        package var isGrantable: Bool

        package init(grantee: String, privilege: String, isGrantable: Bool) {
            self.grantee = grantee
            self.privilege = privilege
            self.isGrantable = isGrantable
        }

        package static func < (left: Grant, right: Grant) -> Bool {
            (left.grantee, left.privilege, left.isGrantable ? 1 : 0)
                < (right.grantee, right.privilege, right.isGrantable ? 1 : 0)
        }
    }

    package struct Policy: Hashable, Codable, Sendable {
        package var name: String
        /// `ALL`, `SELECT`, `INSERT`, `UPDATE` or `DELETE`.
        package var command: String
        package var isPermissive: Bool
        /// Role names; empty for PUBLIC.
        package var roles: [String]
        package var using: String?
        package var check: String?

        package init(
            name: String,
            command: String,
            isPermissive: Bool,
            roles: [String],
            using: String?,
            check: String?
        ) {
            self.name = name
            self.command = command
            self.isPermissive = isPermissive
            self.roles = roles
            self.using = using
            self.check = check
        }
    }

    package struct Column: Hashable, Codable, Sendable {
        package var name: String
        package var type: String
        package var isNotNull: Bool
        package var defaultExpression: String?
        /// `pg_attribute.attgenerated`: empty, `s` or `v`.
        package var generated: String
        package var storage: String
        package var compression: String
        package var collation: String?
        /// nil where the server's default applies.
        package var statisticsTarget: Int?
        /// `attoptions`, sorted, for example `n_distinct=-0.5`.
        package var options: [String]
        package var comment: String?
        package var grants: [Grant]

        package init(
            name: String,
            type: String,
            isNotNull: Bool,
            defaultExpression: String?,
            generated: String,
            storage: String,
            compression: String,
            collation: String?,
            statisticsTarget: Int?,
            options: [String],
            comment: String?,
            grants: [Grant]
        ) {
            self.name = name
            self.type = type
            self.isNotNull = isNotNull
            self.defaultExpression = defaultExpression
            self.generated = generated
            self.storage = storage
            self.compression = compression
            self.collation = collation
            self.statisticsTarget = statisticsTarget
            self.options = options
            self.comment = comment
            self.grants = grants
        }
    }

    package struct Check: Hashable, Codable, Sendable {
        package var name: String
        package var definition: String
        package var isValidated: Bool
        package var comment: String?

        package init(
            name: String,
            definition: String,
            isValidated: Bool,
            comment: String?
        ) {
            self.name = name
            self.definition = definition
            self.isValidated = isValidated
            self.comment = comment
        }
    }

    package struct Index: Hashable, Codable, Sendable {
        /// On the parent: the index's own name. On a partition: the name of the parent's index it is attached to, or nil.
        package var parentIndex: String?
        package var name: String
        package var isValid: Bool
        /// `USING …` and what follows in `pg_get_indexdef`, after `UNIQUE ` where it is.
        package var definition: String
        /// `p`, `u`, `x` for the constraint that owns it, else empty; followed by ` DEFERRABLE` and ` INITIALLY DEFERRED` where it is.
        package var constraint: String
        /// Whether it refuses rows: a unique index, with or without a constraint, or that of an exclusion constraint.
        package var isRestrictive: Bool { definition.hasPrefix("UNIQUE ") || constraint.hasPrefix("x") }
        package var tablespace: String?
        /// Statistics targets of expression columns, by their 1-based position.
        package var statisticsTargets: [Int: Int]
        package var comment: String?
        /// The comment of the constraint that owns it.
        package var constraintComment: String?

        package init(
            parentIndex: String?,
            name: String,
            isValid: Bool,
            definition: String,
            constraint: String,
            tablespace: String?,
            statisticsTargets: [Int: Int],
            comment: String?,
            constraintComment: String? = nil
        ) {
            self.parentIndex = parentIndex
            self.name = name
            self.isValid = isValid
            self.definition = definition
            self.constraint = constraint
            self.tablespace = tablespace
            self.statisticsTargets = statisticsTargets
            self.comment = comment
            self.constraintComment = constraintComment
        }
    }

    package struct StatisticsObject: Hashable, Codable, Sendable {
        package var name: RelationName
        /// Kinds and columns, without the names of object and relation.
        package var definition: String
        package var target: Int?
        package var comment: String?

        package init(
            name: RelationName,
            definition: String,
            target: Int?,
            comment: String? = nil
        ) {
            self.name = name
            self.definition = definition
            self.target = target
            self.comment = comment
        }
    }

    package enum ReplicaIdentity: Hashable, Codable, Sendable {
        case primaryKey, nothing, full
        /// By the name of the parent's index.
        case index(String)
    }

    package var oid: UInt32
    package var name: RelationName
    package var owner: String
    package var grants: [Grant]
    package var hasRowSecurity: Bool
    package var forcesRowSecurity: Bool
    package var policies: [Policy]
    /// `reloptions`, sorted.
    package var options: [String]
    /// `reloptions` of the TOAST table, sorted, without the prefix `toast.`.
    package var toastOptions: [String]
    /// nil for the database's default.
    package var tablespace: String?
    /// nil for a partitioned table without one.
    package var accessMethod: String?
    package var isUnlogged: Bool
    package var replicaIdentity: ReplicaIdentity
    package var columns: [Column]
    package var checks: [Check]
    package var indexes: [Index]
    package var statistics: [StatisticsObject]
    /// Row triggers, which ATTACH copies, with `pg_trigger.tgenabled`: for example `audit` → `O`.
    package var triggers: [String: String]
    /// Rewrite rules that are in force, by name: they do something else with a row that is written to this very table.
    package var rules: [String]
    /// Foreign keys that aren't the parent's, by name.
    package var ownForeignKeys: [String]
    /// The table's comment without our marker.
    package var comment: String?
    package var marker: PartitionMarker?

    package init(
        oid: UInt32,
        name: RelationName,
        owner: String,
        grants: [Grant],
        hasRowSecurity: Bool,
        forcesRowSecurity: Bool,
        policies: [Policy],
        options: [String],
        toastOptions: [String],
        tablespace: String?,
        accessMethod: String?,
        isUnlogged: Bool,
        replicaIdentity: ReplicaIdentity,
        columns: [Column],
        checks: [Check],
        indexes: [Index],
        statistics: [StatisticsObject],
        triggers: [String: String] = [:],
        rules: [String] = [],
        ownForeignKeys: [String] = [],
        comment: String?,
        marker: PartitionMarker?
    ) {
        self.oid = oid
        self.name = name
        self.owner = owner
        self.grants = grants
        self.hasRowSecurity = hasRowSecurity
        self.forcesRowSecurity = forcesRowSecurity
        self.policies = policies
        self.options = options
        self.toastOptions = toastOptions
        self.tablespace = tablespace
        self.accessMethod = accessMethod
        self.isUnlogged = isUnlogged
        self.replicaIdentity = replicaIdentity
        self.columns = columns
        self.checks = checks
        self.indexes = indexes
        self.statistics = statistics
        self.triggers = triggers
        self.rules = rules
        self.ownForeignKeys = ownForeignKeys
        self.comment = comment
        self.marker = marker
    }
}

extension RelationProperties {
    /// The properties that a new partition of this table must have.
    ///
    /// Who may do what comes from the parent: a sibling's privileges may have been taken away on purpose. Storage comes
    /// from the sibling, since a partitioned table has none of its own, unless the parent says otherwise.
    ///
    /// - Parameter sibling: the newest partition that is an ordinary table, or nil where there is none.
    package func expectedOfPartition(like sibling: RelationProperties?) -> RelationProperties {
        var expected = self
        expected.options = sibling?.options ?? []
        expected.toastOptions = sibling?.toastOptions ?? []
        expected.tablespace = tablespace ?? sibling?.tablespace
        expected.accessMethod = accessMethod ?? sibling?.accessMethod
        expected.isUnlogged = sibling?.isUnlogged ?? false
        if replicaIdentity == .primaryKey, let sibling { expected.replicaIdentity = sibling.replicaIdentity }
        let siblings = NameIndex(sibling?.columns ?? [])
        expected.columns = columns.map { column in
            var column = column
            let other = siblings.named(column.name)
            column.statisticsTarget = column.statisticsTarget ?? other?.statisticsTarget
            if column.options.isEmpty { column.options = other?.options ?? [] }
            return column
        }
        expected.indexes = indexes.map { index in
            var index = index
            let other = index.parentIndex.flatMap { sibling?.indexes.child(of: $0) }
            index.statisticsTargets.merge(other?.statisticsTargets ?? [:]) { own, _ in own }
            return index
        }
        expected.statistics = statistics.map { object in
            var object = object
            object.target =
                object.target ?? sibling?.statistics.first { $0.definition == object.definition }?.target
            return object
        }
        return expected
    }
}
