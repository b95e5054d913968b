// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import Partitioning

/// What a policy file says about one table.
package struct PolicyTable: Hashable, Sendable {
    package var name: RelationName
    /// From the outermost inwards; one at least.
    package var levels: [PolicyLevel]
    /// How partitions are named; nil for ``NamePattern/standard(for:)``.
    package var names: NamePattern?
    /// nil for `keep`.
    package var defaultPartition: DefaultPartitionRule?
    /// nil for `off`.
    package var drain: DrainRule?
    /// Whether partitions made by other hands count as ours: retention may retire them. nil for no.
    package var adopt: Bool?
    /// nil to keep everything.
    package var retention: RetentionRule?
    /// Before the defaults of the file.
    package var settings: PolicySettings

    package init(
        name: RelationName,
        levels: [PolicyLevel],
        names: NamePattern? = nil,
        defaultPartition: DefaultPartitionRule? = nil,
        drain: DrainRule? = nil,
        adopt: Bool? = nil,
        retention: RetentionRule? = nil,
        settings: PolicySettings = PolicySettings()
    ) {
        self.name = name
        self.levels = levels
        self.names = names
        self.defaultPartition = defaultPartition
        self.drain = drain
        self.adopt = adopt
        self.retention = retention
        self.settings = settings
    }
}

/// What becomes of a table's default partition.
package enum DefaultPartitionRule: String, Hashable, Sendable, CaseIterable {
    /// One that is there stays; none is made.
    case keep
    /// One is made where there is none.
    case create
    /// There should be none: one that is there is reported.
    case none
}

/// What becomes of rows in the default partition.
package enum DrainRule: String, Hashable, Sendable, CaseIterable {
    /// They are moved to partitions of their own.
    case auto
    case off
}

/// What becomes of partitions that are old enough.
package struct RetentionRule: Hashable, Sendable {
    package enum Action: Hashable, Sendable {
        /// Nothing.
        case keep
        /// It becomes a table of its own.
        case detach
        /// It becomes a table of its own in another schema.
        case move(schema: CatalogName)
        /// It is written to a place outside the database and then, if `drop` says so, dropped.
        case archive(to: String, drop: Bool)
        case drop
    }

    /// The age at which it happens, counted from a partition's upper bound; nil only with ``Action/keep``.
    package var after: PolicyDuration?
    package var action: Action
    /// How long a partition is left alone after it was detached; nil for no time.
    package var grace: PolicyDuration?

    package init(after: PolicyDuration?, action: Action, grace: PolicyDuration? = nil) {
        self.after = after
        self.action = action
        self.grace = grace
    }
}
