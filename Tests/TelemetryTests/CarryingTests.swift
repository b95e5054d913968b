// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import CoreMetrics
import Logging
import Telemetry
import Testing

@Suite("Carrying totals over")
struct CarryingTests {
    private static let wait = MetricFamily(
        "wait_seconds",
        .histogram(buckets: [0.1, 1]),
        labels: ["d"],
        help: "A wait."
    )
    private static let families = [
        MetricFamily("events_total", .counter, labels: ["d", "t"], help: "Events."),
        MetricFamily("level", .gauge, labels: ["d"], help: "A level."),
        wait,
    ]

    private static func run(_ families: [MetricFamily] = families) -> PrometheusMetricsFactory {
        let factory = PrometheusMetricsFactory(
            families,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        for table in ["a", "hostile \"\\\n{},", "\"\u{301}\r\n\\\u{308}"] {
            Counter(label: "events_total", dimensions: [("d", "x"), ("t", table)], factory: factory).increment(by: 2)
        }
        Timer(label: "wait_seconds", dimensions: [("d", "x")], factory: factory).recordMilliseconds(500)
        return factory
    }

    @Test("what is read back is what was written")
    func roundTrip() throws {
        let text = Self.run().metrics.text
        var again = MetricSet(Self.families)
        again.carry(try MetricSample.samples(of: text)) { _, _ in true }
        #expect(again.text == text)
    }

    @Test("totals and histograms go on where the last run left them")
    func totals() throws {
        var text = ""
        for run in 1...3 {
            var metrics = Self.run().metrics
            metrics.carry(try MetricSample.samples(of: text)) { _, _ in true }
            text = metrics.text
            #expect(text.contains("events_total{d=\"x\",t=\"a\"} \(2 * run)\n"))
            #expect(text.contains("wait_seconds_bucket{d=\"x\",le=\"0.1\"} 0\n"))
            #expect(text.contains("wait_seconds_bucket{d=\"x\",le=\"1\"} \(run)\n"))
            #expect(text.contains("wait_seconds_count{d=\"x\"} \(run)\n"))
        }
    }

    @Test("a gauge of this run stays, one that it doesn't know keeps its value, one that isn't wanted goes")
    func gauges() throws {
        let earlier = try MetricSample.samples(of: "level{d=\"x\"} 1\nlevel{d=\"y\"} 2\nlevel{d=\"z\"} 3\n")
        let factory = Self.run()
        Gauge(label: "level", dimensions: [("d", "x")], factory: factory).record(9)
        var metrics = factory.metrics
        metrics.carry(earlier) { _, labels in labels["d"] != "z" }
        #expect(metrics.text.contains("level{d=\"x\"} 9\nlevel{d=\"y\"} 2\n"))
        #expect(!metrics.text.contains("d=\"z\""))
    }

    @Test(
        "what another version or a stranger wrote is left out",
        arguments: [
            "events_total{d=\"x\"} 100", "events_total{d=\"x\",t=\"a\",u=\"b\"} 100",
            "events_total{d=\"x\",t=\"a\"} -1",
            "events_total{d=\"x\",t=\"a\"} NaN", "events_total{d=\"x\",t=\"a\"} +Inf", "unknown_total 5",
            // Other buckets, a bucket missing, buckets that fall.
            "wait_seconds_bucket{d=\"x\",le=\"2\"} 1\nwait_seconds_sum{d=\"x\"} 1\nwait_seconds_count{d=\"x\"} 1",
            "wait_seconds_bucket{d=\"x\",le=\"1\"} 1\nwait_seconds_sum{d=\"x\"} 1\nwait_seconds_count{d=\"x\"} 1",
            """
            wait_seconds_bucket{d="x",le="0.1"} 5
            wait_seconds_bucket{d="x",le="1"} 4
            wait_seconds_bucket{d="x",le="+Inf"} 5
            wait_seconds_sum{d="x"} 1
            """,
        ]
    )
    func strangers(_ text: String) throws {
        var metrics = Self.run().metrics
        metrics.carry(try MetricSample.samples(of: text)) { _, _ in true }
        #expect(metrics.text == Self.run().metrics.text)
    }

    @Test(
        "a text that isn't an exposition is refused with the line's number",
        arguments: [
            "root:x:0:0:root:/:/bin/sh", "a", "a b", "{x=\"y\"} 1", "a{x=y} 1", "a{x=\"y} 1", "a{x=\"y\" 1",
            "a{x=\"\\q\"} 1",
            "a{x=\"y\"z=\"w\"} 1", "1a 5", "a 1 2 3", "a{x} 1",
        ]
    )
    func refused(_ line: String) {
        let error = #expect(throws: TelemetryError.self) { try MetricSample.samples(of: "fine 1\n\(line)\n") }
        #expect(error?.message.contains("line 2") == true)
    }

    @Test("timestamps, spaces, comments and empty lines are read past")
    func tolerant() throws {
        let samples = try MetricSample.samples(of: "\n# HELP a b\n  a { x = \"y\" , } 1.5e3 1700000000\n\nb\t+Inf\r\n")
        #expect(
            samples == [
                MetricSample(name: "a", labels: ["x": "y"], value: 1500),
                MetricSample(name: "b", labels: [:], value: .infinity),
            ]
        )
    }
}
