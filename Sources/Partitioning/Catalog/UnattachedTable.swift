// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A standalone table whose marker says that it was built to be a partition and never became one.
package struct UnattachedTable: Hashable, Codable, Sendable {
    package var oid: UInt32
    package var name: RelationName
    /// Whether a row was ever written to it: then it is somebody's, and stays.
    package var isUsed: Bool

    package init(oid: UInt32, name: RelationName, isUsed: Bool = false) {
        self.oid = oid
        self.name = name
        self.isUsed = isUsed
    }
}
