// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap

/// One row of `partition_registry.entry`: a range of coordinates, or one value of a list.
struct LookupRow {
    let schema: String
    let name: String
    /// Inclusive; 0 for a list's value.
    let lower: Int64
    /// Exclusive; nil for MAXVALUE and for a list's value.
    let upper: Int64?
    /// Nil for a range, and for a list's NULL.
    let value: String?
}

extension PartitionMapDocument {
    /// How `partition_registry.resolve` reads keys of this table: a range's type, `list`, or `opaque` for what it can't
    /// place (hashes, composites, ranges of types that only the partitioned table itself orders).
    var lookupKind: String {
        guard key.count == 1, let level = key.first, level.columns.count == 1 else { return "opaque" }
        switch (level.strategy, level.types[0]) {
        case (.list, _): return "list"
        case (.hash, _): return "opaque"
        case (.range, "date"), (.range, "timestamp without time zone"): return "civil"
        case (.range, "timestamp with time zone"): return "instant"
        case (.range, "smallint"), (.range, "integer"), (.range, "bigint"): return "integer"
        case (.range, _): return "opaque"
        }
    }

    /// The active partitions, as far as ``lookupKind`` can place keys.
    var lookupRows: [LookupRow] {
        guard lookupKind != "opaque" else { return [] }
        return entries.filter { $0.state == .active }.flatMap { entry -> [LookupRow] in
            switch entry.path.first {
            case .range(let start, let end):
                guard let lower = start.first?.coordinate, let last = end.first else { return [] }
                let upper = last == .maxValue ? nil : last.coordinate
                return [LookupRow(schema: entry.schema, name: entry.name, lower: lower, upper: upper, value: nil)]
            case .list(let values):
                return values.map { value in
                    let text: String? =
                        switch value {
                        case .null: nil
                        case .integer(let number): String(number)
                        case .text(let text): text
                        }
                    return LookupRow(schema: entry.schema, name: entry.name, lower: 0, upper: nil, value: text)
                }
            default: return []
            }
        }
    }
}

extension PartitionMapDocument.RangeDatum {
    fileprivate var coordinate: Int64? {
        switch self {
        case .minValue: .min
        case .maxValue: .max
        case .date(let value), .timestamp(let value), .instant(let value, _), .integer(let value): value
        case .text: nil
        }
    }
}
