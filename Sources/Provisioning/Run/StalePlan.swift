// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// The approved plan is not what would be done now; nothing was.
package struct StalePlan: Error, Hashable, Sendable {
    /// What has moved, a sentence each; one at least.
    package var differences: [String]

    package init(differences: [String]) {
        self.differences = differences
    }
}
