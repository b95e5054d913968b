// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import CoreMetrics
package import Logging
import NIOConcurrencyHelpers

/// Keeps metrics in memory, to be written as Prometheus' text.
///
/// A handle whose type or dimensions aren't those of its metric is one that does nothing; it is counted in
/// ``MetricSet/rejections`` and logged, never the end of the process.
package final class PrometheusMetricsFactory: MetricsFactory {
    private let state: NIOLockedValueBox<MetricSet>
    private let logger: Logger

    /// - Parameter families: what is known beforehand; other metrics are declared by their first use.
    package init(_ families: [MetricFamily] = [], logger: Logger) {
        state = NIOLockedValueBox(MetricSet(families))
        self.logger = logger
    }

    /// Everything that was counted so far.
    package var metrics: MetricSet { state.withLockedValue(\.self) }

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        handle(label, .counter, dimensions, begins: true)
    }

    package func makeFloatingPointCounter(
        label: String,
        dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        handle(label, .counter, dimensions, begins: true)
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        handle(label, .gauge, dimensions)
    }

    package func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        aggregate
            ? handle(label, .histogram(buckets: MetricFamily.usualBuckets), dimensions, begins: true)
            : handle(label, .gauge, dimensions)
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        handle(label, .histogram(buckets: MetricFamily.usualBuckets), dimensions, begins: true)
    }

    // What was counted stays: a series that vanishes is worse than one that doesn't move any more.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    private func handle(
        _ label: String,
        _ kind: MetricFamily.Kind,
        _ dimensions: [(String, String)],
        begins: Bool = false
    ) -> SeriesHandler {
        let series = state.withLockedValue { set in
            let series = set.series(label, kind, dimensions)
            if begins, let series { set.begin(series) }
            return series
        }
        if series == nil {
            logger.warning(
                "a metric was dropped: it was declared with another type or other labels",
                metadata: ["metric": "\(label)", "labels": "\(dimensions.map(\.0).joined(separator: ","))"]
            )
        }
        return SeriesHandler(state, series, kind)
    }
}

/// One series of a metric, as swift-metrics' handles see it; one without a series does nothing.
private final class SeriesHandler: CounterHandler, FloatingPointCounterHandler, MeterHandler, RecorderHandler,
    TimerHandler
{
    private let state: NIOLockedValueBox<MetricSet>
    private let series: MetricSet.Series?
    private let kind: MetricFamily.Kind

    init(_ state: NIOLockedValueBox<MetricSet>, _ series: MetricSet.Series?, _ kind: MetricFamily.Kind) {
        self.state = state
        self.series = series
        self.kind = kind
    }

    private func change(_ body: (inout MetricSet, MetricSet.Series) -> Void) {
        guard let series else { return }
        state.withLockedValue { body(&$0, series) }
    }

    func increment(by amount: Int64) { increment(by: Double(amount)) }

    func increment(by amount: Double) {
        change { set, series in
            if kind == .gauge {
                set.set(series, to: (set.values[series]?.number ?? 0) + amount)
            } else {
                set.add(amount, to: series)
            }
        }
    }

    func decrement(by amount: Double) {
        change { set, series in set.set(series, to: (set.values[series]?.number ?? 0) - amount) }
    }

    /// A counter is never reset: to Prometheus that would be a restart.
    func reset() {}

    func set(_ value: Int64) { set(Double(value)) }

    func set(_ value: Double) { change { set, series in set.set(series, to: value) } }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        change { set, series in
            if kind == .gauge { set.set(series, to: value) } else { set.observe(value, in: series) }
        }
    }

    func recordNanoseconds(_ duration: Int64) {
        change { set, series in set.observe(Double(duration) / 1_000_000_000, in: series) }
    }
}
