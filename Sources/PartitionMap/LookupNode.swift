// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// One parent's partitions, ready to be searched. Indices are those of the document's entries.
indirect enum LookupNode: Sendable {
    typealias Document = PartitionMapDocument

    case leaf(Int)
    case ranges(Ranges, fallback: LookupNode?)
    case lists([Document.ListValue: LookupNode], fallback: LookupNode?)
    /// Hashes, and values whose order only the server knows.
    case opaque

    struct Ranges: Sendable {
        var starts: [[RangePosition]] = []
        var ends: [[RangePosition]] = []
        /// Seconds east of UTC at start and end; only for a single column of instants.
        var offsets: [(start: Int64, end: Int64)] = []
        var children: [LookupNode] = []
    }

    init(_ indices: Range<Int>, _ document: Document, depth: Int) {
        guard depth < document.key.count else {
            self = .leaf(indices.lowerBound)
            return
        }
        var fallback: LookupNode?
        var children: [(bound: Document.Bound, node: LookupNode)] = []
        var start = indices.lowerBound
        while start < indices.upperBound {
            let bound = document.entries[start].path[depth]
            var end = start + 1
            while end < indices.upperBound, document.entries[end].path[depth] == bound { end += 1 }
            let node = LookupNode(start..<end, document, depth: depth + 1)
            if bound == .default { fallback = node } else { children.append((bound, node)) }
            start = end
        }
        switch document.key[depth].strategy {
        case .hash: self = .opaque
        case .list:
            var values: [Document.ListValue: LookupNode] = [:]
            for case (.list(let list), let node) in children {
                for value in list { values[value] = node }
            }
            self = .lists(values, fallback: fallback)
        case .range:
            var ranges = Ranges()
            for case (.range(let lower, let upper), let node) in children {
                guard let start = lower.positions, let end = upper.positions else {
                    self = .opaque
                    return
                }
                ranges.starts.append(start)
                ranges.ends.append(end)
                ranges.offsets.append((lower[0].offset, upper[0].offset))
                ranges.children.append(node)
            }
            self = .ranges(ranges, fallback: fallback)
        }
    }

    func entry(forCoordinate coordinate: Int64) -> Int? {
        guard case .ranges(let ranges, let fallback) = self else { return nil }
        guard case .leaf(let index)? = ranges.child(at: [RangePosition(value: coordinate)]) ?? fallback else {
            return nil
        }
        return index
    }

    /// - Parameters:
    ///   - key: The columns' values from this level on.
    ///   - levels: The levels from this one on.
    func entry(
        for key: ArraySlice<String>,
        _ levels: ArraySlice<Document.Level>
    ) throws(PartitionMapError) -> Int? {
        if case .leaf(let index) = self { return index }
        guard let level = levels.first else { return nil }
        let columns = Array(key.prefix(level.columns.count))
        let child: LookupNode?
        switch self {
        case .leaf, .opaque:
            throw PartitionMapError(.invalid, "only the server can place keys of this table")
        case .lists(let values, let fallback):
            child = values[try Self.listValue(columns[0], level)] ?? fallback
        case .ranges(let ranges, let fallback):
            if level.kinds == [.instant], let date = CivilText(columns[0]), !date.hasTime {
                child = ranges.child(atLocal: date.microseconds) ?? fallback
            } else {
                var positions: [RangePosition] = []
                for (text, kind) in zip(columns, level.kinds) { positions.append(try Self.position(text, kind)) }
                child = ranges.child(at: positions) ?? fallback
            }
        }
        return try child?.entry(for: key.dropFirst(columns.count), levels.dropFirst())
    }

    private static func listValue(
        _ text: String,
        _ level: Document.Level
    ) throws(PartitionMapError) -> Document.ListValue {
        guard level.kinds == [.integer] else { return .text(text) }
        guard let value = Int64(text) else { throw unreadable(level.types[0]) }
        return .integer(value)
    }

    private static func position(_ text: String, _ kind: Document.DatumKind) throws(PartitionMapError) -> RangePosition
    {
        let value: Int64?
        switch (kind, text) {
        case (.date, "infinity"), (.timestamp, "infinity"), (.instant, "infinity"): value = .max
        case (.date, "-infinity"), (.timestamp, "-infinity"), (.instant, "-infinity"): value = .min
        case (.date, _): value = CivilText(text).flatMap { $0.hasTime ? nil : $0.microseconds }
        case (.timestamp, _): value = CivilText(text).flatMap { $0.offset == nil ? $0.microseconds : nil }
        case (.instant, _): value = CivilText(text).flatMap(\.instant)
        case (.integer, _): value = Int64(text)
        case (.text, _): value = nil
        }
        guard let value else { throw unreadable("\(kind)") }
        return RangePosition(value: value)
    }

    private static func unreadable(_ type: String) -> PartitionMapError {
        PartitionMapError(.malformed, "the key can't be read as \(type)")
    }
}

extension LookupNode.Ranges {
    /// The child whose range holds the key; the ranges are sorted and don't overlap.
    func child(at key: [RangePosition]) -> LookupNode? {
        var (low, high) = (0, starts.count)
        while low < high {
            let middle = (low + high) / 2
            if key.lexicographicallyPrecedes(starts[middle]) { high = middle } else { low = middle + 1 }
        }
        guard low > 0, key.lexicographicallyPrecedes(ends[low - 1]) else { return nil }
        return children[low - 1]
    }

    /// The child that holds a local time. Local times repeat when clocks go back, so the bounds aren't sorted by them:
    /// the last range that holds it wins, as PostgreSQL takes the later of two equal local times.
    func child(atLocal microseconds: Int64) -> LookupNode? {
        let key = RangePosition(value: microseconds)
        let index = starts.indices.last { index in
            starts[index][0].shifted(by: offsets[index].start) <= key
                && key < ends[index][0].shifted(by: offsets[index].end)
        }
        return index.map { children[$0] }
    }
}

extension RangePosition {
    fileprivate func shifted(by seconds: Int64) -> RangePosition {
        guard rank == 0, value != .min, value != .max else { return self }
        return RangePosition(value: value + seconds * CivilTime.microsecondsPerSecond)
    }
}

extension PartitionMapDocument.RangeDatum {
    fileprivate var offset: Int64 {
        if case .instant(_, let offset) = self { Int64(offset) } else { 0 }
    }
}
