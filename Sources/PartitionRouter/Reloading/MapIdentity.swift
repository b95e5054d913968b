// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import PartitionMap

/// What tells one published map of a table from another.
package struct MapIdentity: Sendable, Hashable {
    package let version: Int64
    package let checksum: String

    package init(version: Int64, checksum: String) {
        self.version = version
        self.checksum = checksum
    }

    package init(_ header: PartitionMapHeader) {
        self.init(version: header.version, checksum: header.checksum)
    }

    package enum Relation: Sendable {
        case same, newer, conflict
    }

    /// How what a store holds stands to the map that is served. Only a higher version is newer; an equal one with another
    /// checksum, or a lower one, is a conflict: whoever wrote it didn't read what was there.
    package func relation(toServed served: MapIdentity?) -> Relation {
        guard let served, version <= served.version else { return .newer }
        return self == served ? .same : .conflict
    }
}
