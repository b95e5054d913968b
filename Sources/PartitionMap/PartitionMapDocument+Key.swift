// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension PartitionMapDocument {
    /// PostgreSQL's partitioning strategies.
    public enum Strategy: String, Sendable, Hashable {
        case range, list, hash
    }

    /// One level of the partition key.
    public struct Level: Sendable, Hashable {
        /// The key's columns, unquoted; an expression as PostgreSQL prints it.
        public let columns: [String]
        /// The columns' types as `format_type` prints them, without modifiers.
        public let types: [String]
        public let strategy: Strategy

        public init(columns: [String], types: [String], strategy: Strategy) {
            self.columns = columns
            self.types = types
            self.strategy = strategy
        }
    }

    /// Partitions whose lower bound is at or above ``from`` are not retired before ``until``.
    public struct KeepPromise: Sendable, Hashable {
        /// A value of the first key column (inclusive).
        public let from: RangeDatum
        /// Microseconds since 1970 UTC.
        public let until: Int64

        public init(from: RangeDatum, until: Int64) {
            self.from = from
            self.until = until
        }
    }

    /// How a key type's values are written and compared.
    enum DatumKind {
        case date, timestamp, instant, integer, text

        init(typeName: String) {
            switch typeName {
            case "date": self = .date
            case "timestamp without time zone", "timestamp": self = .timestamp
            case "timestamp with time zone", "timestamptz": self = .instant
            case "smallint", "integer", "bigint", "int2", "int4", "int8": self = .integer
            default: self = .text
            }
        }
    }
}

extension PartitionMapDocument.Level {
    var kinds: [PartitionMapDocument.DatumKind] { types.map(PartitionMapDocument.DatumKind.init(typeName:)) }
}
