// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import CoreMetrics
import Logging
import PartitionMap
import Synchronization

/// Counts a router's misses, and logs them: of each reason one in ten seconds, and how many there were meanwhile.
final class MissRecorder: Sendable {
    static let logInterval: Duration = .seconds(10)
    /// How many partitions a log line shows, except at debug level.
    static let shownPartitions = 8

    private struct Silence {
        var until: MonotonicTime
        var count: Int
    }

    private let logger: Logger
    /// Made once: a factory may take a lock.
    private let counters: [RoutingMiss.Reason: Counter]
    private let silences = Mutex<[RoutingMiss.Reason: Silence]>([:])

    init(entity: EntityName, logger: Logger, metrics: any MetricsFactory) {
        self.logger = logger
        let reasons = RoutingMiss.Reason.Backing.allCases.map(RoutingMiss.Reason.init(backing:))
        counters = Dictionary(
            uniqueKeysWithValues: reasons.map { reason in
                let dimensions = [("table", entity.description), ("reason", reason.description)]
                return (
                    reason, Counter(label: "partition_routing_miss_total", dimensions: dimensions, factory: metrics)
                )
            }
        )
    }

    func record(_ miss: RoutingMiss, _ snapshot: MapSnapshot?, at now: MonotonicTime) {
        counters[miss.reason]?.increment()
        let since = silences.withLock { silences -> Int? in
            if let silence = silences[miss.reason], now < silence.until {
                silences[miss.reason]?.count += 1
                return nil
            }
            let count = silences[miss.reason]?.count ?? 0
            silences[miss.reason] = Silence(until: now + Self.logInterval, count: 0)
            return count
        }
        guard let since else { return }
        var metadata: Logger.Metadata = [
            "table": "\(miss.table)", "key": "\(miss.key)", "reason": "\(miss.reason)",
            "unlogged_before": "\(since)",
        ]
        if let version = miss.version { metadata["version"] = "\(version)" }
        if let age = miss.age { metadata["age_seconds"] = "\(age.components.seconds)" }
        if let snapshot { metadata["map"] = "\(snapshot.description(limit: Self.shownPartitions))" }
        logger.warning("a key isn't routed to a partition of its own", metadata: metadata)
        guard let snapshot, logger.logLevel <= .debug else { return }
        metadata["map"] = "\(snapshot.description(limit: .max))"
        logger.debug("the whole map that was asked", metadata: metadata)
    }
}
