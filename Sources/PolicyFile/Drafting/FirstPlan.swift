// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import Partitioning

/// What a first plan comes to, in words.
package struct FirstPlan: Hashable, Sendable {
    private var creations = 0
    private var repairs = 0
    private var leftovers = 0

    package init(_ steps: some Sequence<Step>) {
        for step in steps {
            switch step.action {
            case .createPartition: creations += 1
            case .repairIndex: repairs += 1
            case .finalizeDetach, .dropLeftoverCheck, .dropUnattached: leftovers += 1
            }
        }
    }

    /// `3 partitions to create, 1 index to repair`; `nothing to do` of no step.
    package var words: String {
        var parts: [String] = []
        if creations > 0 { parts.append("\(creations) partition\(creations == 1 ? "" : "s") to create") }
        if repairs > 0 { parts.append("\(repairs) index\(repairs == 1 ? "" : "es") to repair") }
        if leftovers > 0 { parts.append("\(leftovers) leftover\(leftovers == 1 ? "" : "s") to clear") }
        return parts.isEmpty ? "nothing to do" : parts.joined(separator: ", ")
    }
}
