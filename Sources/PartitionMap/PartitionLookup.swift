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

    public init(_ document: PartitionMapDocument) {
        self.document = document
        root = LookupNode(document.entries.indices, document, depth: 0)
    }

    /// The partition for a key given as text, one element a column through all levels.
    ///
    /// Dates and times are read in ISO 8601. For a key of instants a date-time needs an offset; a plain date means that
    /// day's midnight in the table's zone.
    ///
    /// - Throws: ``PartitionMapError/Code/malformed`` for what isn't a value of the key, and
    ///   ``PartitionMapError/Code/invalid`` for keys that only the server can place: hash levels, and ranges of types
    ///   that it alone orders.
    public func resolve(_ key: [String]) throws(PartitionMapError) -> Resolution {
        let columns = document.key.map(\.columns.count).reduce(0, +)
        guard key.count == columns else {
            throw PartitionMapError(
                .malformed,
                "the key has \(columns) column\(columns == 1 ? "" : "s"), not \(key.count)"
            )
        }
        return resolution(try root.entry(for: key[...], document.key[...]))
    }

    /// The partition for a key of one column and one level: civil microseconds (date, timestamp), microseconds since
    /// 1970 UTC (instants), or the integer itself. A miss for keys of any other shape.
    public func resolve(coordinate: Int64) -> Resolution {
        resolution(root.entry(forCoordinate: coordinate))
    }

    private func resolution(_ index: Int?) -> Resolution {
        guard let index else { return .miss }
        let entry = document.entries[index]
        switch entry.state {
        case .active: return .active(entry)
        case .draining: return .draining(entry)
        case .default: return .default(entry)
        }
    }
}
