// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import CoreMetrics
import Logging
import PartitionMap

/// Says in metrics and log how reading a map goes.
struct FeedReporter: Sendable {
    private let entity: EntityName
    private let logger: Logger
    private let metrics: any MetricsFactory
    private let age: Gauge
    /// 1 while the store holds a map that doesn't follow the served one.
    private let conflict: Gauge

    init(entity: EntityName, logger: Logger, metrics: any MetricsFactory) {
        self.entity = entity
        self.logger = logger
        self.metrics = metrics
        let dimensions = [("table", entity.description)]
        age = Gauge(label: "partition_map_age_seconds", dimensions: dimensions, factory: metrics)
        conflict = Gauge(label: "partition_map_conflict", dimensions: dimensions, factory: metrics)
    }

    func record(age duration: Duration?) {
        guard let duration else { return }
        age.record(duration / .seconds(1))
    }

    /// Each failed reading is counted; ``report(_:_:)`` logs the first of a row.
    func count(_ error: RegistryError) {
        Counter(
            label: "partition_map_read_failures_total",
            dimensions: [("table", entity.description), ("reason", error.code.description)],
            factory: metrics
        ).increment()
    }

    func confirmed() { conflict.record(0) }

    func took(_ current: MapFeed.Current) {
        conflict.record(0)
        logger.info("a partition map is served", metadata: metadata(current))
    }

    func report(_ report: ReloadMachine.Report, _ current: MapFeed.Current) {
        var metadata = metadata(current)
        switch report {
        case .conflict(let found, let served):
            conflict.record(1)
            metadata["found_version"] = "\(found.version)"
            metadata["found_checksum"] = "\(found.checksum)"
            metadata["served_checksum"] = "\(served.checksum)"
            logger.error(
                "the registry holds a partition map that doesn't follow the served one, which is kept: was the store restored, or does another installation publish there?",
                metadata: metadata
            )
        case .missing:
            logger.warning("the registry holds no partition map of the table", metadata: metadata)
        case .failed(let error):
            metadata["reason"] = "\(error.code)"
            metadata["error"] = "\(error.description)"
            logger.warning("the partition map can't be read; the last good one is kept", metadata: metadata)
        case .stale:
            logger.error(
                "the partition map wasn't confirmed for so long that it is stale; lookups do what whenStale says",
                metadata: metadata
            )
        case .recovered: logger.notice("the partition map is confirmed again", metadata: metadata)
        }
    }

    private func metadata(_ current: MapFeed.Current) -> Logger.Metadata {
        guard let snapshot = current.snapshot else { return ["table": "\(entity)"] }
        return [
            "table": "\(entity)", "version": "\(current.version)",
            "partitions": "\(snapshot.document.entries.count)",
        ]
    }
}
