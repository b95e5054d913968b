// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A transaction that was prepared for two-phase commit and not ended yet.
package struct PreparedTransaction: Hashable, Sendable {
    package var identifier: String
    package var owner: String
    /// Seconds since it was prepared.
    package var age: Double
    /// Partitioned tables, and targets of their foreign keys, on which it holds locks; for people.
    package var tables: [String]

    package init(identifier: String, owner: String, age: Double, tables: [String] = []) {
        self.identifier = identifier
        self.owner = owner
        self.age = age
        self.tables = tables
    }

    /// What ends it without its changes.
    package var command: String {
        "ROLLBACK PREPARED '"
            + identifier.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    }
}
