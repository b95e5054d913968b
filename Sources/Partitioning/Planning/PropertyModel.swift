// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension RelationProperties {
    /// What partitions of this table must be like, by what most of them are.
    ///
    /// Storage is a matter of siblings, of which any may be the one that was changed: the majority decides, so that one odd
    /// partition is found, and its neighbours aren't blamed for being different from it.
    ///
    /// - Parameter siblings: ordinary partitions, the newest first: of two equally frequent models the newer one counts.
    package func expectedOfPartition(likeMostOf siblings: [RelationProperties]) -> RelationProperties {
        let models = siblings.map { expectedOfPartition(like: $0) }
        var counts: [RelationProperties: Int] = [:]
        for model in models { counts[model, default: 0] += 1 }
        let most = counts.values.max() ?? 0
        return models.first { counts[$0] == most } ?? expectedOfPartition(like: nil)
    }
}
