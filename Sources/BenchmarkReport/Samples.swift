// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A figure that was measured several times.
package struct Samples: Codable, Hashable, Sendable {
    package var values: [Double]

    package init(_ values: [Double]) {
        self.values = values
    }

    package var least: Double { values.min() ?? 0 }
    package var greatest: Double { values.max() ?? 0 }

    /// Of an even number the mean of the two in the middle; 0 of none.
    package var median: Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }
}
