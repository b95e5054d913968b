// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import Partitioning

/// One level of partitioning.
package enum PolicyLevel: Hashable, Sendable {
    case range(RangeLevel)
    case list(ListLevel)
    case hash(HashLevel)

    /// The column of the partition key.
    package var column: CatalogName {
        switch self {
        case .range(let level): level.column
        case .list(let level): level.column
        case .hash(let level): level.column
        }
    }
}

/// Partitions by time.
package struct RangeLevel: Hashable, Sendable {
    package var column: CatalogName
    /// How much time a partition holds; weeks know the day they begin on.
    package var period: Period
    /// Where the grid begins to count, as local time; nil for ``Period/standardAnchor``.
    package var anchor: CivilDateTime?

    package init(column: CatalogName, period: Period, anchor: CivilDateTime? = nil) {
        self.column = column
        self.period = period
        self.anchor = anchor
    }

    /// The grid of bounds on a timeline.
    package func grid(on timeline: Timeline) -> Grid {
        Grid(period: period, anchor: anchor ?? period.standardAnchor, timeline: timeline)
    }
}

/// A partition for each of some values.
package struct ListLevel: Hashable, Sendable {
    /// A value of the key as text; nil for NULL.
    package typealias Value = String?

    package enum Values: Hashable, Sendable {
        /// One at least, and each once.
        case literal([Value])
        /// A query whose one column gives the values.
        case query(String)
    }

    package var column: CatalogName
    package var values: Values

    package init(column: CatalogName, values: Values) {
        self.column = column
        self.values = values
    }
}

/// A fixed number of partitions, by a hash of the key.
package struct HashLevel: Hashable, Sendable {
    static let moduli = 1...10_000

    package var column: CatalogName
    /// The number of partitions, 1…10 000.
    package var modulus: Int

    package init(column: CatalogName, modulus: Int) {
        self.column = column
        self.modulus = modulus
    }
}
