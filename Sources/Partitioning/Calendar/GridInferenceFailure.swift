// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Why the period can't be read off existing partitions.
package struct GridInferenceFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        /// No partition with a limit on both sides.
        case noFiniteRange
        /// The newest partitions are no run of equal days, months… in this zone.
        case notCalendarShaped
        /// More than one period could be meant.
        case ambiguous
    }

    package let code: Code
    /// A sentence that says what was seen and what to do.
    package let reason: String

    package var description: String { reason }
}
