// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension LookupNode {
    /// - Parameters:
    ///   - key: The columns' values from this level on.
    ///   - levels: The levels from this one on.
    func slot(
        for key: ArraySlice<KeyValue>,
        _ levels: ArraySlice<Document.Level>
    ) throws(PartitionMapError) -> PartitionSlot {
        if case .leaf(let slot) = self { return slot }
        guard let level = levels.first else { return .none }
        let columns = key.prefix(level.columns.count)
        let child: LookupNode?
        switch self {
        case .leaf, .opaque:
            throw PartitionMapError(.invalid, "only the server can place keys of this table")
        case .lists(let values, let fallback):
            child = values[try Self.listValue(columns[columns.startIndex], level)] ?? fallback
        case .ranges(let ranges, let fallback):
            child = try Self.child(of: ranges, columns[columns.startIndex], level.kinds[0]) ?? fallback
        case .tuples(let tuples, let fallback):
            // As in PostgreSQL, a NULL in a range's key belongs to the default partition.
            guard !columns.contains(.null) else {
                child = fallback
                break
            }
            var positions: [RangePosition] = []
            for (value, kind) in zip(columns, level.kinds) {
                positions.append(RangePosition(value: try Self.coordinate(value, kind)))
            }
            child = tuples.child(at: positions) ?? fallback
        }
        return try child?.slot(for: key.dropFirst(columns.count), levels.dropFirst()) ?? .none
    }

    private static func child(
        of ranges: Ranges,
        _ value: KeyValue,
        _ kind: Document.DatumKind
    ) throws(PartitionMapError) -> LookupNode? {
        switch value {
        case .null: return nil
        case .text(let text):
            if kind == .instant, let date = CivilText(text), !date.hasTime {
                return ranges.child(atLocal: date.microseconds)
            }
            return ranges.child(at: try coordinate(value, kind))
        case .coordinate(let coordinate): return ranges.child(at: coordinate)
        }
    }

    private static func listValue(
        _ value: KeyValue,
        _ level: Document.Level
    ) throws(PartitionMapError) -> Document.ListValue {
        let isInteger = level.kinds == [.integer]
        switch value {
        case .null: return .null
        case .coordinate(let value) where isInteger: return .integer(value)
        case .coordinate: throw unreadable(level.types[0])
        case .text(let text):
            guard isInteger else { return .text(text) }
            guard let value = Int64(text) else { throw unreadable(level.types[0]) }
            return .integer(value)
        }
    }

    private static func coordinate(_ value: KeyValue, _ kind: Document.DatumKind) throws(PartitionMapError) -> Int64 {
        guard case .text(let text) = value else {
            guard case .coordinate(let coordinate) = value else { throw unreadable("\(kind)") }
            return coordinate
        }
        let coordinate: Int64?
        switch (kind, text) {
        case (.date, "infinity"), (.timestamp, "infinity"), (.instant, "infinity"): coordinate = .max
        case (.date, "-infinity"), (.timestamp, "-infinity"), (.instant, "-infinity"): coordinate = .min
        case (.date, _): coordinate = CivilText(text).flatMap { $0.hasTime ? nil : $0.microseconds }
        case (.timestamp, _): coordinate = CivilText(text).flatMap { $0.offset == nil ? $0.microseconds : nil }
        case (.instant, _): coordinate = CivilText(text).flatMap(\.instant)
        case (.integer, _): coordinate = Int64(text)
        case (.text, _): coordinate = nil
        }
        guard let coordinate else { throw unreadable("\(kind)") }
        return coordinate
    }

    private static func unreadable(_ type: String) -> PartitionMapError {
        PartitionMapError(.malformed, "the key can't be read as \(type)")
    }
}
