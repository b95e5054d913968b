// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// The locks of a change were asked for once, and were had or not.
package struct LockAttempt: Hashable, Sendable {
    /// As in ``LockedChange/purpose``.
    package var purpose: String
    /// From asking to having made the change, or to having given up: nobody waited behind us for longer.
    package var duration: Duration
    package var isDone: Bool
}
