// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Partitioning

/// How many steps of each kind.
struct Tally: Encodable {
    var partitions = 0
    var indexes = 0
    var leftovers = 0

    init(_ steps: some Sequence<Step>) {
        for step in steps {
            switch step.action {
            case .createPartition: partitions += 1
            case .repairIndex: indexes += 1
            case .finalizeDetach, .dropLeftoverCheck, .dropUnattached: leftovers += 1
            }
        }
    }
}
