// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension PartitionMapDocument {
    /// From the first start to the last end of the active partitions, as the document writes them; nil for the beginning and
    /// the end of everything. Gaps between are not told.
    public struct Coverage: Sendable, Hashable {
        public let start: String?
        public let end: String?
    }

    /// What the active partitions cover; nil when there is none, or when the first level isn't a range.
    public var coverage: Coverage? {
        let ranges = entries.lazy.filter { $0.state == .active }.compactMap { entry -> ([RangeDatum], [RangeDatum])? in
            guard case .range(let start, let end)? = entry.path.first else { return nil }
            return (start, end)
        }
        guard let first = ranges.first, let last = ranges.reversed().first else { return nil }
        return Coverage(start: Self.text(first.0), end: Self.text(last.1))
    }

    /// Whether the promise of ``keep`` covers the partition: it isn't retired before ``KeepPromise/until``.
    package func isKept(_ entry: Entry) -> Bool {
        guard let from = keep?.from.position, case .range(let start, _)? = entry.path.first,
            let lower = start.first?.position
        else { return false }
        return lower >= from
    }

    fileprivate static func text(_ bound: [RangeDatum]) -> String? {
        guard bound.count != 1 else { return bound.first.flatMap(text) }
        return "(" + bound.map { text($0) ?? "unbounded" }.joined(separator: ", ") + ")"
    }

    private static func text(_ datum: RangeDatum) -> String? {
        switch datum {
        case .minValue, .maxValue: nil
        case .instant(let microseconds, let offset): DocumentCoding.localText(microseconds, offset)
        default: DocumentCoding.plainText(datum)
        }
    }
}

extension PartitionMapDocument.Bound {
    /// For logs: `[2026-10-01, 2026-11-01)`.
    package var shortText: String {
        switch self {
        case .default: "default"
        case .hash(let modulus, let remainder): "hash \(remainder) of \(modulus)"
        case .range(let start, let end):
            "[\(PartitionMapDocument.text(start) ?? "MINVALUE"), \(PartitionMapDocument.text(end) ?? "MAXVALUE"))"
        case .list(let values):
            "{"
                + values.map { value in
                    switch value {
                    case .null: "NULL"
                    case .integer(let value): String(value)
                    case .text(let text): text
                    }
                }.joined(separator: ", ") + "}"
        }
    }
}
