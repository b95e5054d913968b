// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

public import CoreMetrics
public import Logging
public import PartitionMap

/// Tells which partition of one table takes a key, by a map that it keeps current without a restart.
///
/// ```swift
/// let router = Router(entity: EntityName(schema: "public", table: "events"), registry: registry, logger: logger)
/// // In a task of its own, for as long as the application runs:
/// await router.run()
/// // In each task that looks keys up:
/// let reader = router.reader()
/// let partition = try reader.partition(for: microseconds)
/// ```
///
/// Routers of one registry object and one table share one map and one reading of it, whoever of them runs; routers of
/// different registry objects share the decoded map where it is the same.
///
/// Lookups never wait for the network. What they promise when the registry can't be reached is in ``WhenStale``.
public final class Router: Sendable {
    /// The partitioned table.
    public let entity: EntityName
    private let desk: RoutingDesk
    private let reporter: FeedReporter

    /// - Parameters:
    ///   - entity: The partitioned table.
    ///   - registry: Where its map is published.
    ///   - whenStale: What is served when the registry can't be read for 90 seconds.
    ///   - onMiss: What is answered when no partition takes a key.
    ///   - logger: For misses, and for how reading the map goes.
    ///   - metrics: Counts misses in `partition_routing_miss_total` and reports `partition_map_age_seconds`,
    ///     `partition_map_conflict` and `partition_map_read_failures_total`; the process's factory by default.
    public convenience init(
        entity: EntityName,
        registry: any Registry,
        whenStale: WhenStale = .serveStable,
        onMiss: OnMiss = .throw,
        logger: Logger,
        metrics: any MetricsFactory = MetricsSystem.factory
    ) {
        self.init(
            feed: SharedFeeds.feed(entity, registry),
            whenStale: whenStale,
            onMiss: onMiss,
            logger: logger,
            metrics: metrics
        )
    }

    /// A router that shares nothing, with other bounds than publishers count on: for tests that can't wait so long.
    package convenience init(
        entity: EntityName,
        registry: any Registry,
        timing: ReloadMachine.Timing,
        logger: Logger
    ) {
        let feed = MapFeed(entity: entity, registry: registry, listening: Turn(), timing: timing)
        self.init(feed: feed, logger: logger)
    }

    package init(
        feed: MapFeed,
        whenStale: WhenStale = .serveStable,
        onMiss: OnMiss = .throw,
        logger: Logger,
        metrics: any MetricsFactory = MetricsSystem.factory
    ) {
        entity = feed.entity
        desk = RoutingDesk(
            feed: feed,
            whenStale: whenStale,
            onMiss: onMiss,
            recorder: MissRecorder(entity: feed.entity, logger: logger, metrics: metrics)
        )
        reporter = FeedReporter(entity: feed.entity, logger: logger, metrics: metrics)
    }

    /// Keeps the map current: listens for hints, reads again on each, on every reconnect, and at most every 30 seconds; returns
    /// when the task is cancelled. Of the routers that share a map one reads for all, and another takes over when it stops.
    ///
    /// It has the shape of swift-service-lifecycle's `Service`, which ends at a graceful shutdown when it is wrapped in
    /// `cancelWhenGracefulShutdown`.
    public func run() async { await desk.feed.run(reporter) }

    /// A reader for one task or thread.
    public func reader() -> Reader { Reader(desk) }

    /// The version of the map that is served; nil before the first one.
    public var version: Int64? {
        let current = desk.feed.current
        return current.snapshot == nil ? nil : current.version
    }

    /// The map that is served and its version; nil before the first one.
    package var served: (document: PartitionMapDocument, version: Int64)? {
        let current = desk.feed.current
        return current.snapshot.map { ($0.document, current.version) }
    }

    /// How long ago the last reading that found the served map was sent; nil before the first one.
    public var age: Duration? { desk.feed.age(at: .now()) }

    /// The version that is served, as soon as there is one, and every version that replaces it. Who is slow is given the newest.
    public func versions() -> AsyncStream<Int64> { desk.feed.versions() }

    /// Where a key of one column and one level is written to; for occasional use. See ``Reader/index(for:)-(Int64)``.
    public func resolve(_ coordinate: Int64) throws(RoutingMiss) -> RoutedPartition {
        try reader().partition(for: coordinate)
    }

    /// Where a key of any shape is written to; for occasional use. See ``Reader/index(for:)-([KeyValue])``.
    public func resolve(_ key: [KeyValue]) throws(RoutingMiss) -> RoutedPartition {
        try reader().partition(for: key)
    }
}
