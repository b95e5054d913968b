// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap

/// One partitioned table as the catalog has it, and the server's clock.
struct SimulatedDatabase {
    static let width: Int64 = 10 * 60_000_000
    private static let retention: Int64 = 40 * 60_000_000
    private static let horizon: Int64 = 10 * 60_000_000

    struct Partition {
        let name: String
        var isAttached = true
        var mark: RetireMark?
        /// Nobody can write to it directly.
        var isFenced = false
        /// An operator asked for its end.
        var isUnwanted = false
        /// When a map first said `draining` of it.
        var drainPublishedAt: Int64?
        /// When the store was read that let it be detached. What is in the store from then on can't hold the detach up.
        var releasedAt: Int64?
        var detachedAt: Int64?
    }

    let entity: EntityName
    /// By the lower bound, in civil microseconds.
    var partitions: [Int64: Partition] = [:]
    /// Of the server's clock, in microseconds.
    var clockOffset: Int64 = 0
    private(set) var lsn: UInt64 = 1 << 32
    var systemIdentifier = "7000000000000000001"
    /// How much longer maps promise to keep a partition than the policy does, in microseconds.
    var keptBeyondDue: Int64 = 0

    var origin: MapOrigin {
        MapOrigin(systemIdentifier: systemIdentifier, database: "app", timeline: 1, lsn: .init(rawValue: lsn))
    }

    static func lower(of coordinate: Int64) -> Int64 { coordinate / width * width }

    /// When the policy lets a partition go: not in their order, and minutes after the last promise, which would else make up for a wait
    /// that is too short.
    static func isDue(_ lower: Int64, at clock: Int64) -> Bool { due(lower) + 5 * 60_000_000 <= clock }

    /// To the ten minutes, as promises are: so that some promise ends in the very moment.
    static func due(_ lower: Int64) -> Int64 { lower + width + retention + (lower / width * 7919 % 3) * horizon }

    /// A transaction ends.
    mutating func commit(_ change: (inout Self) -> Void) {
        change(&self)
        lsn += 1000
    }

    mutating func create(_ lower: Int64) {
        commit { database in
            let name = "events_\(lower / Self.width)"
            if database.partitions[lower] == nil { database.partitions[lower] = Partition(name: name) }
        }
    }

    /// The map of the catalog, with the promise to keep what isn't due within ten minutes and more.
    ///
    /// - Parameter uncommitted: partitions that aren't there yet.
    func document(clock: Int64, uncommitted: [Int64] = []) throws(PartitionMapError) -> PartitionMapDocument {
        var entries: [PartitionMapDocument.Entry] = []
        // In ten-minute steps, so that the map isn't another one in each run.
        let until = (clock + 2 * Self.horizon) / Self.horizon * Self.horizon
        var from: Int64?
        for lower in Set(partitions.keys).union(uncommitted).sorted() {
            let partition = partitions[lower] ?? Partition(name: "events_\(lower / Self.width)")
            guard partition.isAttached else { continue }
            let isKept = partition.mark == nil && Self.due(lower) >= until - keptBeyondDue
            from = isKept ? from ?? lower : nil
            entries.append(
                PartitionMapDocument.Entry(
                    schema: "public",
                    name: partition.name,
                    state: partition.mark == nil ? .active : .draining,
                    bound: .range(.timestamp(lower), .timestamp(lower + Self.width))
                )
            )
        }
        return try PartitionMapDocument(
            table: entity,
            key: [.init(columns: ["at"], types: ["timestamp without time zone"], strategy: .range)],
            keep: from.map { PartitionMapDocument.KeepPromise(from: .timestamp($0), until: until) },
            entries: entries
        )
    }

    func lower(named name: String) -> Int64? {
        let number = name.split(separator: "_").last.flatMap { Int64($0) }
        return number.flatMap { name == "events_\($0)" ? $0 * Self.width : nil }
    }
}
