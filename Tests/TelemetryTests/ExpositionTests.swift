// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import CoreMetrics
import Logging
import Telemetry
import Testing
import TestSupport

@Suite("Exposition")
struct ExpositionTests {
    private static let families = [
        MetricFamily("events_total", .counter, labels: ["database", "table"], help: "Events\nof a \\ table."),
        MetricFamily("level_ratio", .gauge, labels: ["database"], help: "A level."),
        MetricFamily("wait_seconds", .histogram(buckets: [0.1, 1]), labels: ["database"], help: "A wait."),
    ]

    private static func factory() -> PrometheusMetricsFactory {
        PrometheusMetricsFactory(families, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test("names, types, labels and values are written as Prometheus reads them, in a stable order")
    func text() {
        let factory = Self.factory()
        // The order of labels is the family's, whatever the caller's.
        Counter(label: "events_total", dimensions: [("table", "b\"\\\n"), ("database", "d")], factory: factory)
            .increment(by: 2)
        Counter(label: "events_total", dimensions: [("database", "d"), ("table", "a")], factory: factory).increment()
        Gauge(label: "level_ratio", dimensions: [("database", "d")], factory: factory).record(0.25)
        let timer = Timer(label: "wait_seconds", dimensions: [("database", "d")], factory: factory)
        timer.recordMilliseconds(50)
        timer.recordMilliseconds(100)
        timer.recordMilliseconds(500)
        timer.recordSeconds(4)
        #expect(
            factory.metrics.text == #"""
                # HELP events_total Events\nof a \\ table.
                # TYPE events_total counter
                events_total{database="d",table="a"} 1
                events_total{database="d",table="b\"\\\n"} 2
                # HELP level_ratio A level.
                # TYPE level_ratio gauge
                level_ratio{database="d"} 0.25
                # HELP wait_seconds A wait.
                # TYPE wait_seconds histogram
                wait_seconds_bucket{database="d",le="0.1"} 2
                wait_seconds_bucket{database="d",le="1"} 3
                wait_seconds_bucket{database="d",le="+Inf"} 4
                wait_seconds_sum{database="d"} 4.65
                wait_seconds_count{database="d"} 4

                """#
        )
    }

    @Test("numbers that aren't finite or are large are written as Prometheus reads them")
    func numbers() throws {
        let factory = Self.factory()
        let gauge = Gauge(label: "level_ratio", dimensions: [("database", "d")], factory: factory)
        for (value, text) in [
            (Double.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"), (1_790_000_000, "1790000000"),
            (-0.5, "-0.5"), (1e300, "1e+300"), (9_007_199_254_740_992, "9007199254740992.0"),
        ] {
            gauge.record(value)
            #expect(factory.metrics.text.contains("level_ratio{database=\"d\"} \(text)\n"))
        }
    }

    @Test("what doesn't fit its metric is dropped and counted, and never ends the process")
    func mismatches() {
        let factory = Self.factory()
        // Another type; fewer, more, other, repeated and reserved labels.
        Gauge(label: "events_total", dimensions: [("database", "d"), ("table", "t")], factory: factory).record(7)
        Counter(label: "events_total", dimensions: [("database", "d")], factory: factory).increment()
        Counter(label: "events_total", dimensions: [("database", "d"), ("column", "t")], factory: factory).increment()
        Counter(
            label: "events_total",
            dimensions: [("database", "d"), ("table", "t"), ("x", "y")],
            factory: factory
        ).increment()
        Counter(label: "events_total", dimensions: [("table", "d"), ("table", "t")], factory: factory).increment()
        Timer(label: "other_seconds", dimensions: [("le", "5")], factory: factory).recordSeconds(1)
        Counter(label: "other_total", dimensions: [("__name__", "x")], factory: factory).increment()
        #expect(
            factory.metrics.text == """
                # HELP partition_metrics_rejected_total Values that were dropped because they didn't fit their metric's type or labels.
                # TYPE partition_metrics_rejected_total counter
                partition_metrics_rejected_total{metric="events_total"} 5
                partition_metrics_rejected_total{metric="other_seconds"} 1
                partition_metrics_rejected_total{metric="other_total"} 1

                """
        )
    }

    @Test("a counter never goes down, and a histogram takes only numbers")
    func wrongValues() throws {
        let factory = Self.factory()
        let counter = Counter(label: "events_total", dimensions: [("database", "d"), ("table", "t")], factory: factory)
        counter.increment(by: 3)
        counter.increment(by: -1)
        counter.reset()
        FloatingPointCounter(
            label: "events_total",
            dimensions: [("database", "d"), ("table", "t")],
            factory: factory
        ).increment(by: 0.5)
        Recorder(label: "wait_seconds", dimensions: [("database", "d")], aggregate: true, factory: factory)
            .record(Double.nan)
        let text = factory.metrics.text
        #expect(text.contains("events_total{database=\"d\",table=\"t\"} 3.5\n"))
        #expect(text.contains("wait_seconds_count{database=\"d\"} 0\n"))
        #expect(text.contains("rejected_total{metric=\"events_total\"} 1\n"))
        #expect(text.contains("rejected_total{metric=\"wait_seconds\"} 1\n"))
    }

    @Test("a metric that nobody declared is what its first use makes it, under a legal name")
    func undeclared() {
        let factory = Self.factory()
        Counter(label: "1.odd-name/x", dimensions: [("a b", "c")], factory: factory).increment()
        #expect(factory.metrics.text.contains("_1_odd_name_x{a_b=\"c\"} 1\n"))
        Meter(label: "depth", factory: factory).increment(by: 4)
        Meter(label: "depth", factory: factory).decrement(by: 1)
        #expect(factory.metrics.text.contains("\ndepth 3\n"))
    }

    @Test("many at once are all counted")
    func concurrent() async {
        let factory = Self.factory()
        await withTaskGroup { group in
            for _ in 0..<20 {
                group.addTask {
                    let dimensions = [("database", "d"), ("table", "t")]
                    for _ in 0..<500 {
                        Counter(label: "events_total", dimensions: dimensions, factory: factory).increment()
                    }
                }
            }
        }
        #expect(factory.metrics.text.contains("events_total{database=\"d\",table=\"t\"} 10000\n"))
    }

    @Test("promtool has nothing to say of it, hostile names included")
    func promtool() async throws {
        let factory = Self.factory()
        for table in [
            "plain", "with \"quotes\"", "back\\slash", "new\nline", "tab\t", "{},=#", "söndag", "日本", "'); --",
            // To Swift these are single characters.
            "quote\"\u{301}", "line\r\nfeed", "slash\\\u{308}",
        ] {
            Counter(label: "events_total", dimensions: [("database", "d"), ("table", table)], factory: factory)
                .increment()
        }
        Timer(label: "wait_seconds", dimensions: [("database", "d")], factory: factory).recordSeconds(1)
        Gauge(label: "level_ratio", dimensions: [("database", "d")], factory: factory).record(Double.infinity)
        #expect(try await MonitoringServer.complaints(about: factory.metrics.text) == "")
        // It would have something to say of what isn't right.
        #expect(try await MonitoringServer.complaints(about: factory.metrics.text + "x{\n").contains("status"))
    }
}
