// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// How a role can take a table's lock by itself, before the change that needs it.
package enum LockRight: Hashable, Sendable {
    /// `LOCK TABLE` in any mode: UPDATE, DELETE or TRUNCATE is granted, which PostgreSQL asks for (documentation, "LOCK").
    case lockTable
    /// An owner can lack all three. It can still name itself the owner that it already is, which changes nothing and takes
    /// ACCESS EXCLUSIVE on this relation alone. The owner's name.
    case owner(String)
}
