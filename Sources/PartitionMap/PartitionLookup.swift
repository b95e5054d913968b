// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Finds the partition of a key in one document.
public struct PartitionLookup: Sendable {
    public typealias Entry = PartitionMapDocument.Entry

    /// Where a key belongs.
    public enum Resolution: Sendable, Hashable {
        case active(Entry)
        /// The partition is about to be retired: writing there would lose the row.
        case draining(Entry)
        /// No partition of its own; the default partition holds it.
        case `default`(Entry)
        case miss
    }

    public let document: PartitionMapDocument
    private let root: LookupNode
    /// Of the key, through all levels.
    private let columns: Int

    public init(_ document: PartitionMapDocument) {
        self.document = document
        columns = document.key.map(\.columns.count).reduce(0, +)
        root = LookupNode(document.entries.indices, document, depth: 0)
    }

    /// The partition for a key, one element a column through all levels.
    ///
    /// Texts of dates and times are read in ISO 8601. For a key of instants a date-time needs an offset; a plain date means
    /// that day's midnight in the table's zone.
    ///
    /// - Throws: ``PartitionMapError/Code/malformed`` for what isn't a value of the key, and
    ///   ``PartitionMapError/Code/invalid`` for keys that only the server can place: hash levels, and ranges of types
    ///   that it alone orders.
    public func resolve(_ key: [KeyValue]) throws(PartitionMapError) -> Resolution {
        resolution(try slot(for: key))
    }

    /// The partition for a key of one column and one level: civil microseconds (date, timestamp), microseconds since
    /// 1970 UTC (instants), or the integer itself. A miss for keys of any other shape.
    public func resolve(coordinate: Int64) -> Resolution {
        resolution(slot(forCoordinate: coordinate))
    }

    package func slot(for key: [KeyValue]) throws(PartitionMapError) -> PartitionSlot {
        guard key.count == columns else {
            throw PartitionMapError(
                .malformed,
                "the key has \(columns) column\(columns == 1 ? "" : "s"), not \(key.count)"
            )
        }
        return try root.slot(for: key[...], document.key[...])
    }

    package func slot(forCoordinate coordinate: Int64) -> PartitionSlot {
        guard let ranges else { return .none }
        let slot = PartitionSlot(rawValue: ranges.table.payload(at: coordinate))
        return slot == .none ? fallback : slot
    }

    /// The ranges of a key with one column and one level, whose payloads are ``PartitionSlot``s; nil for other keys.
    package var ranges: RangeTableStorage? {
        guard document.key.count == 1, case .ranges(let ranges, _) = root else { return nil }
        return ranges.storage
    }

    /// The default partition beside ``ranges``.
    package var fallback: PartitionSlot {
        guard document.key.count == 1, case .ranges(_, .leaf(let slot)) = root else { return .none }
        return slot
    }

    private func resolution(_ slot: PartitionSlot) -> Resolution {
        guard let index = slot.index else { return .miss }
        let entry = document.entries[index]
        switch entry.state {
        case .active: return .active(entry)
        case .draining: return .draining(entry)
        case .default: return .default(entry)
        }
    }
}
