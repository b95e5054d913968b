// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap
import PartitionRouter

/// The partitions that lookups are measured on, and the keys that are looked up.
struct Grid {
    enum Kind: String, CaseIterable {
        /// A day each.
        case regular
        /// An hour to sixty days each, evenly.
        case irregular
        /// A second to six days each, evenly in the logarithm: as many by seconds as by days. Nobody partitions like this; it is
        /// what buckets of equal width are worst at.
        case skewed
    }

    static let table = EntityName(schema: "public", table: "events")
    private static let day: Int64 = 86_400_000_000
    private static let second: Int64 = 1_000_000

    let kind: Kind
    /// One more than there are partitions.
    let bounds: [Int64]
    /// In random order, each within the bounds.
    let keys: [Int64]

    init(_ kind: Kind, count: Int) {
        self.kind = kind
        var random = SplitMix64(seed: 0x2545_F491_4F6C_DD1D)
        var bounds = [20_454 * Self.day]
        for _ in 0..<count {
            let width =
                switch kind {
                case .regular: Self.day
                case .irregular: Self.second * Int64.random(in: 3_600..<5_184_000, using: &random)
                case .skewed: Self.second << Int64.random(in: 0..<20, using: &random)
                }
            bounds.append(bounds[bounds.count - 1] + width)
        }
        self.bounds = bounds
        // Evenly among the partitions, since evenly in time would hit the widest alone.
        keys = (0..<(1 << 16)).map { _ in
            let index = Int.random(in: 0..<count, using: &random)
            return Int64.random(in: bounds[index]..<bounds[index + 1], using: &random)
        }
    }

    /// - Parameter prefix: of the partitions' names.
    func document(of table: EntityName = table, prefix: String = "events_") throws -> PartitionMapDocument {
        let entries = bounds.indices.dropLast().map { index in
            PartitionMapDocument.Entry(
                schema: "public",
                name: prefix + String(index),
                bound: .range(.timestamp(bounds[index]), .timestamp(bounds[index + 1]))
            )
        }
        return try PartitionMapDocument(
            table: table,
            key: [.init(columns: ["event_ts"], types: ["timestamp without time zone"], strategy: .range)],
            entries: entries
        )
    }

    static func published(_ document: PartitionMapDocument, version: Int64) throws -> PublishedMap {
        let origin = MapOrigin(
            systemIdentifier: "7000000000000000001",
            database: "app",
            timeline: 1,
            lsn: .init(rawValue: 1)
        )
        return try PublishedMap(document: document, version: version, origin: origin)
    }
}
