// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Keeps a run from hammering a database that breaks again and again under it: perhaps it is our own statement that brings it down.
///
/// Each run has one of its own for its database; the next run tries anew.
package struct Circuit: Hashable, Sendable {
    /// Connections lost in a row, without a step done between them, after which nothing more is changed.
    package static let limit = 5

    package private(set) var losses = 0
    private var stepsDone = 0

    package init() {}

    package var isOpen: Bool { losses >= Self.limit }

    /// - Parameter steps: how many the run has done in all.
    package mutating func lost(after steps: Int) {
        losses = steps > stepsDone ? 1 : losses + 1
        stepsDone = max(stepsDone, steps)
    }
}
