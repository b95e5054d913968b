// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension RelationProperties {
    /// What partitions of this table must be like, by what most of them are.
    ///
    /// Storage is a matter of siblings, of which any may be the one that was changed: for each property by itself the majority decides, so that one
    /// odd partition is no model of later ones, and its neighbours aren't blamed for being different from it. UNLOGGED loses its rows in a crash,
    /// so half of them are not enough.
    ///
    /// - Parameter siblings: ordinary partitions, the newest first: of two equally frequent values the newer one counts.
    package func expectedOfPartition(likeMostOf siblings: [RelationProperties]) -> RelationProperties {
        let models = siblings.map { expectedOfPartition(like: $0) }
        guard var model = models.first else { return expectedOfPartition(like: nil) }
        model.options = Self.mostFrequent(models.map(\.options)) ?? []
        model.toastOptions = Self.mostFrequent(models.map(\.toastOptions)) ?? []
        model.tablespace = Self.mostFrequent(models.map(\.tablespace)) ?? nil
        model.accessMethod = Self.mostFrequent(models.map(\.accessMethod)) ?? nil
        model.isUnlogged = models.count(where: \.isUnlogged) * 2 > models.count
        model.replicaIdentity = Self.mostFrequent(models.map(\.replicaIdentity)) ?? .primaryKey
        // What follows is the parent's in every model, but for what is asked here.
        for index in model.columns.indices {
            model.columns[index].statisticsTarget =
                Self.mostFrequent(models.map { $0.columns[index].statisticsTarget }) ?? nil
            model.columns[index].options = Self.mostFrequent(models.map { $0.columns[index].options }) ?? []
        }
        for index in model.indexes.indices {
            model.indexes[index].statisticsTargets =
                Self.mostFrequent(models.map { $0.indexes[index].statisticsTargets }) ?? [:]
        }
        for index in model.statistics.indices {
            model.statistics[index].target = Self.mostFrequent(models.map { $0.statistics[index].target }) ?? nil
        }
        return model
    }

    /// nil of none.
    private static func mostFrequent<Value: Hashable>(_ values: [Value]) -> Value? {
        var counts: [Value: Int] = [:]
        for value in values { counts[value, default: 0] += 1 }
        let most = counts.values.max()
        return values.first { counts[$0] == most }
    }
}

extension PartitionedTable {
    /// Partitions that are ordinary tables and aren't wholly in the past, the newest first: old ones are moved, packed and closed on purpose.
    ///
    /// - Parameter today: the key's coordinate of now.
    package func current(today: Int64) -> [Partition] {
        ordinary.filter { $0.range.upper > today }.map(\.partition)
    }

    /// Of a table with thousands of partitions ahead not all are asked what they are like.
    private static let mostModels = 16

    /// The partitions after which new ones are modelled, the newest first: the current ones, or where there are none the newest.
    ///
    /// - Parameter today: the key's coordinate of now; nil where there is no policy.
    /// - Returns: 16 at the most.
    package func models(today: Int64?) -> [Partition] {
        let current = today.map(current) ?? []
        return current.isEmpty ? ordinary.prefix(1).map(\.partition) : Array(current.prefix(Self.mostModels))
    }

    private var ordinary: [(partition: Partition, range: KeyRange)] {
        PolicyInference.ranges(of: self)
            .filter { $0.partition.kind == .table && !$0.partition.isTemporary }
            .sorted { $0.range.upper > $1.range.upper }
    }
}
