// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import CoreMetrics
import Logging
import MetricsTestKit
import PartitionMap
@testable import PartitionRouter
import Synchronization
import Testing

@Suite("What a router says")
struct ReportingTests {
    private static func router(
        _ feed: MapFeed,
        _ metrics: TestMetrics,
        _ lines: LogLines = LogLines(),
        level: Logger.Level = .info
    ) -> Router {
        var logger = Logger(label: "test") { _ in lines.handler }
        logger.logLevel = level
        return Router(feed: feed, whenStale: .serveAll, onMiss: .default, logger: logger, metrics: metrics)
    }

    private static func misses(_ metrics: TestMetrics, _ reason: String) throws -> Int64 {
        try metrics.expectCounter(
            "partition_routing_miss_total",
            [("table", "events"), ("reason", reason)]
        ).totalValue
    }

    @Test("every miss is counted by its reason, also one that was answered; a hit isn't")
    func counted() throws {
        let metrics = TestMetrics()
        let feed = feed()
        let router = Self.router(feed, metrics)
        _ = try? router.resolve(day(1))
        try feed.take(try daily(draining: [0], [fallback]), version: 5)
        _ = try router.resolve(day(1))
        _ = try? router.resolve(day(0))
        for _ in 0..<3 { #expect(try router.resolve(day(9)).name == "events_default") }
        let reader = router.reader()
        _ = reader.group([day(0), day(1)], by: { $0 })
        #expect(try Self.misses(metrics, "no_map") == 1)
        #expect(try Self.misses(metrics, "draining") == 2)
        #expect(try Self.misses(metrics, "uncovered") == 3)
        #expect(try Self.misses(metrics, "served_stale") == 0)
        try feed.take(try daily(days: 4), version: 6, secondsAgo: 91)
        _ = try router.resolve(day(1))
        #expect(try Self.misses(metrics, "served_stale") == 1)
    }

    @Test("a miss is logged with a bounded map, one of each reason for a while; in full at debug level")
    func logged() throws {
        let lines = LogLines()
        let feed = feed()
        try feed.take(try daily(days: 100), version: 5)
        let router = Self.router(feed, TestMetrics(), lines)
        for _ in 0..<50 { _ = try? router.resolve(day(200)) }
        _ = try? router.resolve(["never"])
        #expect(lines.all.count == 2)
        let line = try #require(lines.all.first)
        #expect(line.level == .warning)
        #expect(line.metadata["reason"] == "uncovered")
        #expect(line.metadata["version"] == "5")
        #expect(line.metadata["key"] == "\(day(200))")
        let map = try #require(line.metadata["map"]).description
        #expect(map.contains("events_0 [2026-11-01, 2026-11-02), events_1"), "\(map)")
        #expect(map.contains("… 92 more …"), "\(map)")
        let detailed = LogLines()
        _ = try? Self.router(feed, TestMetrics(), detailed, level: .debug).resolve(day(200))
        #expect(detailed.all.map(\.level) == [.warning, .debug])
        #expect(try #require(detailed.all.last?.metadata["map"]).description.contains("events_50 ["))
    }

    @Test("age, conflicts and failures are metrics")
    func feedMetrics() throws {
        let metrics = TestMetrics()
        let lines = LogLines()
        let reporter = FeedReporter(
            entity: events,
            logger: Logger(label: "test") { _ in lines.handler },
            metrics: metrics
        )
        let conflict = try metrics.expectGauge("partition_map_conflict", [("table", "events")])
        let (found, served) = (MapIdentity(version: 1, checksum: "a"), MapIdentity(version: 2, checksum: "b"))
        reporter.report(.conflict(found: found, served: served), .init(generation: 1))
        #expect(conflict.lastValue == 1)
        reporter.confirmed()
        #expect(conflict.lastValue == 0)
        reporter.record(age: .milliseconds(1500))
        #expect(try metrics.expectGauge("partition_map_age_seconds", [("table", "events")]).lastValue == 1.5)
        let error = RegistryError(.corrupt, "bad")
        reporter.report(.failed(error), .init(generation: 1))
        for _ in 0..<3 { reporter.count(error) }
        let failures = try metrics.expectCounter(
            "partition_map_read_failures_total",
            [("table", "events"), ("reason", "corrupt")]
        )
        #expect(failures.totalValue == 3)
        #expect(lines.all.map(\.level) == [.error, .warning])
        #expect(lines.all[0].metadata["found_version"] == "1")
    }
}

/// What was logged.
final class LogLines: Sendable {
    struct Line: Sendable {
        let level: Logger.Level
        let message: String
        let metadata: Logger.Metadata
    }

    private let lines = Mutex<[Line]>([])

    var all: [Line] { lines.withLock { $0 } }
    var handler: any LogHandler { Handler(lines: self) }

    private struct Handler: LogHandler {
        let lines: LogLines
        var logLevel = Logger.Level.info
        var metadata: Logger.Metadata = [:]

        init(lines: LogLines) { self.lines = lines }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let line = Line(
                level: event.level,
                message: event.message.description,
                metadata: event.metadata ?? [:]
            )
            lines.lines.withLock { $0.append(line) }
        }
    }
}
