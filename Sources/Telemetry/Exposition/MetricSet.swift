// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Metrics and their values: a value itself, to be changed, written and compared.
///
/// What doesn't fit its family (another type, other labels, a counter that goes down) is dropped and counted: a metric is
/// never worth the run it is about.
package struct MetricSet: Sendable {
    /// One line of numbers: a family's name and the values of its labels, in the family's order.
    package struct Series: Hashable, Sendable {
        var family: String
        var labelValues: [String]
    }

    enum Value: Hashable, Sendable {
        case number(Double)
        /// `counts` has one more element than the family has buckets, each without those below.
        case histogram(counts: [Double], sum: Double)
    }

    /// Counts what was dropped, by the name of the metric.
    package static let rejections = MetricFamily(
        "partition_metrics_rejected_total",
        .counter,
        labels: ["metric"],
        help: "Values that were dropped because they didn't fit their metric's type or labels."
    )

    private(set) var families: [String: MetricFamily] = [:]
    private(set) var values: [Series: Value] = [:]

    package init(_ declared: [MetricFamily] = []) {
        for family in declared + [Self.rejections] { families[family.name] = family }
    }

    // MARK: - Series

    /// The series of these dimensions, whatever their order. A family that nobody declared becomes what its first use makes it.
    ///
    /// - Returns: nil where the dimensions or the type aren't those of the family; that is counted.
    mutating func series(
        _ name: String,
        _ kind: MetricFamily.Kind,
        _ dimensions: [(String, String)]
    ) -> Series? {
        let name = MetricFamily.legalName(name)
        var labels: [String: String] = [:]
        for (label, value) in dimensions {
            guard let legal = MetricFamily.legalLabel(label, in: kind), labels[legal] == nil else {
                return reject(name)
            }
            labels[legal] = value
        }
        let family = families[name] ?? MetricFamily(name, kind, labels: labels.keys.sorted(), help: name)
        guard family.kind.isLike(kind), labels.count == family.labels.count else { return reject(name) }
        let values = family.labels.compactMap { labels[$0] }
        guard values.count == family.labels.count else { return reject(name) }
        families[name] = family
        return Series(family: name, labelValues: values)
    }

    /// A counter and a histogram are there from the start, with nothing in them: the first increment is then an increase.
    mutating func begin(_ series: Series) {
        guard values[series] == nil, let family = families[series.family] else { return }
        values[series] = family.zero
    }

    @discardableResult
    mutating func reject(_ name: String) -> Series? {
        let series = Series(family: Self.rejections.name, labelValues: [name])
        values[series] = .number((values[series]?.number ?? 0) + 1)
        return nil
    }

    // MARK: - Values

    mutating func add(_ amount: Double, to series: Series) {
        guard amount >= 0, amount.isFinite else {
            reject(series.family)
            return
        }
        values[series] = .number((values[series]?.number ?? 0) + amount)
    }

    mutating func set(_ series: Series, to value: Double) {
        values[series] = .number(value)
    }

    mutating func observe(_ value: Double, in series: Series) {
        guard case .histogram(let buckets) = families[series.family]?.kind, value.isFinite else {
            reject(series.family)
            return
        }
        begin(series)
        guard case .histogram(var counts, let sum) = values[series] else { return }
        counts[buckets.firstIndex { value <= $0 } ?? buckets.count] += 1
        values[series] = .histogram(counts: counts, sum: sum + value)
    }

    /// Adds to a series what an earlier run had counted in it, or gives a gauge the value it had; a gauge of this run's stays.
    mutating func carry(_ earlier: Value, into series: Series) {
        switch (families[series.family]?.kind, values[series], earlier) {
        case (.counter, let now, .number(let before)):
            values[series] = .number((now?.number ?? 0) + before)
        case (.gauge, nil, .number):
            values[series] = earlier
        case (.histogram, nil, .histogram):
            values[series] = earlier
        case (.histogram, .histogram(let counts, let sum), .histogram(let before, let earlierSum)):
            guard counts.count == before.count else { return }
            values[series] = .histogram(counts: zip(counts, before).map(+), sum: sum + earlierSum)
        default: break
        }
    }
}

extension MetricSet.Value {
    var number: Double? {
        if case .number(let value) = self { value } else { nil }
    }
}

extension MetricFamily {
    fileprivate var zero: MetricSet.Value {
        if case .histogram(let buckets) = kind {
            .histogram(counts: Array(repeating: 0, count: buckets.count + 1), sum: 0)
        } else {
            .number(0)
        }
    }
}

extension MetricFamily.Kind {
    /// The same type; buckets are the family's own.
    fileprivate func isLike(_ other: MetricFamily.Kind) -> Bool {
        switch (self, other) {
        case (.counter, .counter), (.gauge, .gauge), (.histogram, .histogram): true
        default: false
        }
    }
}
