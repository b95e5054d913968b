// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// A half-open range of coordinates, `[lower, upper)`.
///
/// `Int64.min` as `lower` stands for MINVALUE or `-infinity`, `Int64.max` as `upper` for MAXVALUE or `infinity`: no
/// limit on that side.
package struct KeyRange: Hashable, Codable, Comparable, Sendable {
    /// Inclusive.
    package let lower: Int64
    /// Exclusive, except that `Int64.max` excludes nothing.
    package let upper: Int64

    package init(lower: Int64, upper: Int64) {
        self.lower = lower
        self.upper = upper
    }

    package var isEmpty: Bool { lower >= upper }

    /// Whether both sides have a limit.
    package var isFinite: Bool { lower != .min && upper != .max }

    package func contains(_ coordinate: Int64) -> Bool {
        lower <= coordinate && (coordinate < upper || (upper == .max && !isEmpty))
    }

    package func overlaps(_ other: KeyRange) -> Bool {
        intersection(other) != nil
    }

    /// Whether one begins exactly where the other ends.
    package func isAdjacent(to other: KeyRange) -> Bool {
        !isEmpty && !other.isEmpty && (upper == other.lower || other.upper == lower)
    }

    /// - Returns: `nil` if no coordinate is in both.
    package func intersection(_ other: KeyRange) -> KeyRange? {
        let common = KeyRange(lower: max(lower, other.lower), upper: min(upper, other.upper))
        return common.isEmpty ? nil : common
    }

    /// By lower bound, then by upper bound.
    package static func < (left: KeyRange, right: KeyRange) -> Bool {
        (left.lower, left.upper) < (right.lower, right.upper)
    }
}

extension KeyRange: CustomStringConvertible {
    package var description: String {
        "[\(lower == .min ? "-∞" : String(lower)), \(upper == .max ? "∞" : String(upper)))"
    }
}
