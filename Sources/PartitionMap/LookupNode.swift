// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// One parent's partitions, ready to be searched.
enum LookupNode: Sendable {
    typealias Document = PartitionMapDocument

    case leaf(PartitionSlot)
    indirect case ranges(Ranges, fallback: LookupNode?)
    indirect case tuples(Tuples, fallback: LookupNode?)
    indirect case lists([Document.ListValue: LookupNode], fallback: LookupNode?)
    /// Hashes, and values whose order only the server knows.
    case opaque

    /// Ranges of one column.
    struct Ranges: Sendable {
        let storage: RangeTableStorage
        /// What the payloads are indices of; nil when they are the slots themselves.
        let children: [LookupNode]?
        /// The ranges in local time, in their order; only for instants.
        let local: [Local]
        /// The least and the greatest distance of local time from UTC at a bound, in microseconds.
        private let localOffsets: (least: Int64, greatest: Int64)

        struct Local {
            let universal: RangeTable.Span
            let span: RangeTable.Span
            let payload: Int32
        }

        func child(_ payload: Int32) -> LookupNode? {
            guard payload != RangeTable.none else { return nil }
            return children.map { $0[Int(payload)] } ?? .leaf(PartitionSlot(rawValue: payload))
        }
    }

    /// Ranges of several columns.
    struct Tuples: Sendable {
        var starts: [[RangePosition]] = []
        var ends: [[RangePosition]] = []
        var children: [LookupNode] = []
    }

    init(_ indices: Range<Int>, _ document: Document, depth: Int) {
        guard depth < document.key.count else {
            let index = indices.lowerBound
            self = .leaf(PartitionSlot(index, document.entries[index].state))
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
        let level = document.key[depth]
        switch level.strategy {
        case .hash: self = .opaque
        case .list:
            var values: [Document.ListValue: LookupNode] = [:]
            for case (.list(let list), let node) in children {
                for value in list { values[value] = node }
            }
            self = .lists(values, fallback: fallback)
        case .range where level.columns.count == 1:
            self =
                Ranges(children, level, isLast: depth + 1 == document.key.count)
                .map { .ranges($0, fallback: fallback) } ?? .opaque
        case .range: self = Tuples(children).map { .tuples($0, fallback: fallback) } ?? .opaque
        }
    }
}

extension LookupNode.Ranges {
    /// Nil when the order of a bound isn't known.
    init?(
        _ bounds: [(bound: PartitionMapDocument.Bound, node: LookupNode)],
        _ level: PartitionMapDocument.Level,
        isLast: Bool
    ) {
        var spans: [RangeTable.Span] = []
        var payloads: [Int32] = []
        var nodes: [LookupNode] = []
        var local: [Local] = []
        var offsets: (least: Int64, greatest: Int64) = (0, 0)
        for case (.range(let lower, let upper), let node) in bounds {
            guard let start = lower.positions?.first, let end = upper.positions?.first else { return nil }
            // From MINVALUE to -infinity: there is no such key.
            guard end.rank > 0 || end.value > .min else { continue }
            let last = end.rank > 0 ? Int64.max : end.value - 1
            let span = RangeTable.Span(first: start.rank < 0 ? .min : start.value, last: last)
            spans.append(span)
            if case .leaf(let slot) = node, isLast {
                payloads.append(slot.rawValue)
            } else {
                payloads.append(Int32(nodes.count))
                nodes.append(node)
            }
            guard level.kinds == [.instant], let payload = payloads.last else { continue }
            let (offset, lastOffset) = (lower[0].offset, upper[0].offset)
            let first = Self.shifted(span.first, by: offset)
            local.append(
                Local(
                    universal: span,
                    span: .init(first: first, last: Self.shifted(last, by: lastOffset)),
                    payload: payload
                )
            )
            offsets = (min(offsets.least, offset, lastOffset), max(offsets.greatest, offset, lastOffset))
        }
        storage = RangeTableStorage(spans, payloads: payloads)
        children = isLast ? nil : nodes
        self.local = local
        let second = CivilTime.microsecondsPerSecond
        localOffsets = (offsets.least * second, offsets.greatest * second)
    }

    /// The child whose range holds the coordinate.
    func child(at coordinate: Int64) -> LookupNode? {
        child(storage.table.payload(at: coordinate))
    }

    /// The child that holds a local time. Local times repeat when clocks go back, so the bounds aren't sorted by them:
    /// the last range that holds it wins, as PostgreSQL takes the later of two equal local times.
    ///
    /// A time that clocks pass over at a bound lies between two ranges without a gap. PostgreSQL takes it by the offset before: it
    /// belongs to what begins there.
    ///
    /// Searched are those that hold a moment at which some offset gives that local time; these are sorted.
    func child(atLocal microseconds: Int64) -> LookupNode? {
        let latest = Self.difference(microseconds, localOffsets.least)
        let earliest = Self.difference(microseconds, localOffsets.greatest)
        var (low, high) = (0, local.count)
        while low < high {
            let middle = (low + high) / 2
            if local[middle].universal.first <= latest { low = middle + 1 } else { high = middle }
        }
        while low > 0, local[low - 1].universal.last >= earliest {
            low -= 1
            let span = local[low].span
            if span.first <= microseconds && microseconds <= span.last { return child(local[low].payload) }
            if span.last < microseconds, low + 1 < local.count, microseconds < local[low + 1].span.first,
                local[low + 1].universal.first == local[low].universal.last &+ 1
            {
                return child(at: Self.difference(microseconds, span.last - local[low].universal.last))
            }
        }
        return nil
    }

    private static func difference(_ microseconds: Int64, _ offset: Int64) -> Int64 {
        let (result, overflow) = microseconds.subtractingReportingOverflow(offset)
        return overflow ? (offset > 0 ? .min : .max) : result
    }

    private static func shifted(_ coordinate: Int64, by seconds: Int64) -> Int64 {
        // The infinities, and the last instant before one.
        guard coordinate != .min, coordinate < .max - 1 else { return coordinate }
        return coordinate + seconds * CivilTime.microsecondsPerSecond
    }
}

extension LookupNode.Tuples {
    /// Nil when the order of a bound isn't known.
    init?(_ bounds: [(bound: PartitionMapDocument.Bound, node: LookupNode)]) {
        for case (.range(let lower, let upper), let node) in bounds {
            guard let start = lower.positions, let end = upper.positions else { return nil }
            starts.append(start)
            ends.append(end)
            children.append(node)
        }
    }

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
}

extension PartitionMapDocument.RangeDatum {
    fileprivate var offset: Int64 {
        if case .instant(_, let offset) = self { Int64(offset) } else { 0 }
    }
}
