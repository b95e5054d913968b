// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Where two maps of one table differ, partition by partition.
package struct MapDifference: Sendable, Hashable {
    /// One partition that isn't the same in both; at least one of the two has it.
    package struct Change: Sendable, Hashable {
        package let partition: EntityName
        /// State and bounds, for people; nil where the first map doesn't have it.
        package let before: String?
        /// The same of the second map.
        package let after: String?
    }

    /// In the order of the second map, then what only the first one has.
    package let changes: [Change]
    /// Members of the document that differ: `key`, `timezone`, `keepFrom`.
    package let members: [String]

    /// - Parameter before: nil for no map at all.
    package init(from before: PartitionMapDocument?, to after: PartitionMapDocument) {
        let old = Dictionary((before?.entries ?? []).map { ($0.entity, $0) }) { first, _ in first }
        let new = Set(after.entries.map(\.entity))
        var changes: [Change] = []
        for entry in after.entries where old[entry.entity] != entry {
            changes.append(
                Change(partition: entry.entity, before: old[entry.entity]?.words, after: entry.words)
            )
        }
        for entry in before?.entries ?? [] where !new.contains(entry.entity) {
            changes.append(Change(partition: entry.entity, before: entry.words, after: nil))
        }
        self.changes = changes
        var members: [String] = []
        if let before {
            if before.key != after.key { members.append("key") }
            if before.timezone != after.timezone { members.append("timezone") }
            if before.keep != after.keep { members.append("keepFrom") }
        }
        self.members = members
    }
}

extension PartitionMapDocument.Entry {
    package var entity: EntityName { EntityName(schema: schema, table: name) }

    fileprivate var words: String {
        let bounds = path.map(\.shortText).joined(separator: " / ")
        return state == .active || bounds == state.rawValue ? bounds : "\(state.rawValue) \(bounds)"
    }
}
