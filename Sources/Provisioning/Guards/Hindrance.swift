// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// What would keep a run from doing steps of a table's plan now.
package struct Hindrance: Hashable, Sendable {
    /// For programs; part of the JSON contract.
    package enum Kind: String, Hashable, Sendable {
        case window, quota, privilege
    }

    package var kind: Kind
    /// One sentence without a full stop.
    package var reason: String
    package var remedy: String?

    package init(_ kind: Kind, _ reason: String, remedy: String? = nil) {
        self.kind = kind
        self.reason = reason
        self.remedy = remedy
    }
}
