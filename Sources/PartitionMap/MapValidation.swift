// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// The rules that every document keeps, whoever wrote it.
///
/// Entries are in key order and don't overlap; gaps are legal. Below a composite key the entries of one parent stand
/// together, and the same rules hold among them. Text-like range keys have an order only the server knows (a
/// collation); there only repeated bounds are found.
struct MapValidation {
    typealias Document = PartitionMapDocument

    /// More would not fit ``PartitionMapDocument/maximumSize`` anyway.
    static let maximumLevels = 8
    static let maximumColumns = 32

    let key: [Document.Level]

    func check(_ entries: [Document.Entry]) throws(PartitionMapError) {
        try checkKey()
        for entry in entries { try check(entry) }
        try checkNames(entries)
        try check(entries[...], depth: 0)
    }

    func check(_ keep: Document.KeepPromise) throws(PartitionMapError) {
        guard key.first?.strategy == .range, let kind = key.first?.kinds.first, fits(keep.from, kind) else {
            throw invalid("keepFrom isn't a value of the first key column")
        }
        guard keep.until != .min, keep.until != .max else { throw invalid("keepUntil isn't a moment") }
    }

    private func invalid(_ message: String) -> PartitionMapError { PartitionMapError(.invalid, message) }

    private func checkKey() throws(PartitionMapError) {
        guard (1...Self.maximumLevels).contains(key.count) else {
            throw invalid("a key has 1 to \(Self.maximumLevels) levels")
        }
        for level in key {
            guard (1...Self.maximumColumns).contains(level.columns.count), level.types.count == level.columns.count,
                level.strategy != .list || level.columns.count == 1
            else {
                throw invalid("a level of the key has the wrong number of columns or types")
            }
        }
    }

    private func checkNames(_ entries: [Document.Entry]) throws(PartitionMapError) {
        var names: Set<EntityName> = []
        for entry in entries {
            guard !entry.name.isEmpty, !entry.schema.isEmpty, !entry.name.utf8.contains(0),
                !entry.schema.utf8.contains(0)
            else { throw invalid("a partition without a name") }
            guard names.insert(EntityName(schema: entry.schema, table: entry.name)).inserted else {
                throw invalid("partition \(entry.name) stands there twice")
            }
        }
    }

    private func check(_ entry: Document.Entry) throws(PartitionMapError) {
        guard entry.path.count == key.count else {
            throw invalid("partition \(entry.name) has bounds for \(entry.path.count) of \(key.count) levels")
        }
        guard (entry.state == .default) == entry.path.contains(.default) else {
            throw invalid("partition \(entry.name) is in state \(entry.state.rawValue), which its bounds contradict")
        }
        for (bound, level) in zip(entry.path, key) {
            guard fits(bound, level) else {
                throw invalid("a bound of partition \(entry.name) doesn't fit the key")
            }
        }
    }

    private func fits(_ bound: Document.Bound, _ level: Document.Level) -> Bool {
        switch (bound, level.strategy) {
        case (.range(let start, let end), .range):
            start.count == level.columns.count && end.count == level.columns.count
                && zip(start, level.kinds).allSatisfy(fits) && zip(end, level.kinds).allSatisfy(fits)
                // One column: the document writes both as null, by which side they stand on.
                && (start.count > 1 || (start != [.maxValue] && end != [.minValue]))
        case (.list(let values), .list):
            !values.isEmpty && values.allSatisfy { fits($0, level) }
        case (.hash(let modulus, let remainder), .hash):
            (1...Int64(Int32.max)).contains(modulus) && (0..<modulus).contains(remainder)
        case (.default, .range), (.default, .list): true
        default: false
        }
    }

    private func fits(_ value: Document.ListValue, _ level: Document.Level) -> Bool {
        switch value {
        case .null: true
        case .integer: level.kinds == [.integer]
        case .text: level.kinds != [.integer]
        }
    }

    private func fits(_ datum: Document.RangeDatum, _ kind: Document.DatumKind) -> Bool {
        switch (datum, kind) {
        case (.minValue, _), (.maxValue, _), (.integer, .integer), (.text, .text): true
        case (.timestamp(let value), .timestamp): isRepresentable(value)
        case (.date(let value), .date):
            isRepresentable(value) && (isInfinite(value) || value % CivilTime.microsecondsPerDay == 0)
        case (.instant(let value, let offset), .instant): isRepresentable(value) && CivilTime.offsets.contains(offset)
        default: false
        }
    }

    private func isInfinite(_ value: Int64) -> Bool { value == .min || value == .max }

    /// Within the years that ``CivilText`` reads; PostgreSQL's timestamps end within them, its dates don't.
    private func isRepresentable(_ value: Int64) -> Bool {
        isInfinite(value) || value.magnitude < UInt64(288_000 * 365 * CivilTime.microsecondsPerDay)
    }
}

extension MapValidation {
    /// The entries of one parent: those that share a bound go down one level together.
    private func check(_ entries: ArraySlice<Document.Entry>, depth: Int) throws(PartitionMapError) {
        guard depth < key.count else {
            guard entries.count < 2 else {
                throw invalid(
                    "partitions \(entries.prefix(2).map(\.name).joined(separator: " and ")) have the same bounds"
                )
            }
            return
        }
        var siblings: [Document.Entry] = []
        var start = entries.startIndex
        while start < entries.endIndex {
            var end = start + 1
            while end < entries.endIndex, entries[end].path[depth] == entries[start].path[depth] { end += 1 }
            siblings.append(entries[start])
            try check(entries[start..<end], depth: depth + 1)
            start = end
        }
        guard !siblings.dropLast().contains(where: { $0.path[depth] == .default }) else {
            throw invalid("a default partition stands there twice or not at the end")
        }
        switch key[depth].strategy {
        case .range: try checkRanges(siblings, depth)
        case .list: try checkLists(siblings, depth)
        case .hash: try checkHashes(siblings, depth)
        }
    }

    private func checkRanges(_ siblings: [Document.Entry], _ depth: Int) throws(PartitionMapError) {
        var previous: (end: [RangePosition], name: String)?
        var seen: Set<Document.Bound> = []
        for entry in siblings {
            guard case .range(let start, let end) = entry.path[depth] else { continue }
            guard seen.insert(entry.path[depth]).inserted else {
                throw invalid("partition \(entry.name) repeats another one's bounds")
            }
            guard let lower = start.positions, let upper = end.positions else { continue }
            guard lower.lexicographicallyPrecedes(upper) else {
                throw invalid("partition \(entry.name) ends before it starts")
            }
            if let previous, lower.lexicographicallyPrecedes(previous.end) {
                throw invalid("partitions \(previous.name) and \(entry.name) overlap or are out of order")
            }
            previous = (upper, entry.name)
        }
    }

    private func checkLists(_ siblings: [Document.Entry], _ depth: Int) throws(PartitionMapError) {
        var seen: Set<Document.ListValue> = []
        for entry in siblings {
            guard case .list(let values) = entry.path[depth] else { continue }
            for value in values where !seen.insert(value).inserted {
                throw invalid("partition \(entry.name) holds a value that another one holds")
            }
        }
    }

    private func checkHashes(_ siblings: [Document.Entry], _ depth: Int) throws(PartitionMapError) {
        var remainders: [Int64: Set<Int64>] = [:]
        for entry in siblings {
            guard case .hash(let modulus, let remainder) = entry.path[depth] else { continue }
            guard remainders[modulus, default: []].insert(remainder).inserted else {
                throw invalid("partition \(entry.name) repeats another one's modulus and remainder")
            }
        }
        // PostgreSQL's own rule: each modulus is a factor of the next larger one. So there are at most 31 of them.
        let moduli = remainders.keys.sorted()
        for (smaller, larger) in zip(moduli, moduli.dropFirst()) where larger % smaller != 0 {
            throw invalid("hash moduli \(smaller) and \(larger) don't divide each other")
        }
        for (index, modulus) in moduli.enumerated() {
            for remainder in remainders[modulus, default: []] {
                for smaller in moduli[..<index] where remainders[smaller, default: []].contains(remainder % smaller) {
                    throw invalid("hash partitions of modulus \(smaller) and \(modulus) overlap")
                }
            }
        }
    }
}
