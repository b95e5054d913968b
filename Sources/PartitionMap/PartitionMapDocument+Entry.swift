// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension PartitionMapDocument {
    /// What a partition is for.
    public enum State: String, Sendable, Hashable {
        /// Takes writes.
        case active
        /// About to be retired: nothing may be routed there any more.
        case draining
        /// Holds what no other partition does.
        case `default`
    }

    /// One partition that holds rows.
    public struct Entry: Sendable, Hashable {
        /// Schema and name as the catalog has them, unquoted.
        public let schema: String
        public let name: String
        public let state: State
        /// The bounds, one element a level of the key.
        public let path: [Bound]

        public init(schema: String, name: String, state: State, path: [Bound]) {
            self.schema = schema
            self.name = name
            self.state = state
            self.path = path
        }

        /// A partition of a table with one level.
        public init(schema: String, name: String, state: State = .active, bound: Bound) {
            self.init(schema: schema, name: name, state: state, path: [bound])
        }
    }

    /// The keys of one level that a partition holds.
    public enum Bound: Sendable, Hashable {
        /// From `start` (inclusive) to `end` (exclusive), one element a column.
        case range(start: [RangeDatum], end: [RangeDatum])
        case list([ListValue])
        /// The keys whose hash leaves `remainder` when divided by `modulus`.
        case hash(modulus: Int64, remainder: Int64)
        case `default`

        /// The range of a key with one column.
        public static func range(_ start: RangeDatum, _ end: RangeDatum) -> Bound {
            .range(start: [start], end: [end])
        }
    }

    /// One column of a range's bound.
    public enum RangeDatum: Sendable {
        /// Below every value, `-infinity` included.
        case minValue
        /// Above every value, `infinity` included.
        case maxValue
        /// The civil microseconds of that day's midnight; `Int64.min` and `.max` are `-infinity` and `infinity`.
        case date(Int64)
        /// Civil microseconds; `Int64.min` and `.max` are `-infinity` and `infinity`.
        case timestamp(Int64)
        /// Microseconds since 1970 UTC, and the seconds east of UTC in the table's zone at that instant;
        /// `Int64.min` and `.max` are `-infinity` and `infinity`.
        case instant(microseconds: Int64, utcOffset: Int)
        case integer(Int64)
        /// A value of any other type as PostgreSQL prints it; such values have no order here.
        case text(String)
    }

    /// One value of a list partition.
    public enum ListValue: Sendable {
        case null
        case integer(Int64)
        /// The value as PostgreSQL prints it.
        case text(String)
    }
}

// Texts are compared by their bytes, as PostgreSQL does; `String`'s own equality is Unicode's.

extension PartitionMapDocument.RangeDatum: Hashable {
    public static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.minValue, .minValue), (.maxValue, .maxValue): true
        case (.date(let left), .date(let right)), (.timestamp(let left), .timestamp(let right)): left == right
        case (.instant(let left, let leftOffset), .instant(let right, let rightOffset)):
            left == right && leftOffset == rightOffset
        case (.integer(let left), .integer(let right)): left == right
        case (.text(let left), .text(let right)): left.utf8.elementsEqual(right.utf8)
        default: false
        }
    }

    public func hash(into hasher: inout Hasher) {
        switch self {
        case .text(let text): hasher.combine(Array(text.utf8))
        default: hasher.combine(position?.value)
        }
    }
}

extension PartitionMapDocument.ListValue: Hashable {
    public static func == (left: Self, right: Self) -> Bool { left.identity == right.identity }

    public func hash(into hasher: inout Hasher) { hasher.combine(identity) }

    /// Bytes that differ exactly when the values do.
    private var identity: [UInt8] {
        switch self {
        case .null: [0]
        case .integer(let value): [1] + Array(String(value).utf8)
        case .text(let text): [2] + Array(text.utf8)
        }
    }
}

/// Where a range's bound lies among a column's values.
package struct RangePosition: Comparable {
    /// -1 for MINVALUE, 1 for MAXVALUE, 0 for values.
    var rank = 0
    var value: Int64 = 0

    package static func < (left: Self, right: Self) -> Bool { (left.rank, left.value) < (right.rank, right.value) }
}

extension PartitionMapDocument.RangeDatum {
    /// Nil for a value whose order only the server knows.
    var position: RangePosition? {
        switch self {
        case .minValue: RangePosition(rank: -1)
        case .maxValue: RangePosition(rank: 1)
        case .date(let value), .timestamp(let value), .instant(let value, _), .integer(let value):
            RangePosition(value: value)
        case .text: nil
        }
    }
}

extension [PartitionMapDocument.RangeDatum] {
    /// Nil when a column's order isn't known.
    package var positions: [RangePosition]? {
        var positions: [RangePosition] = []
        for datum in self {
            guard let position = datum.position else { return nil }
            positions.append(position)
        }
        return positions
    }
}
