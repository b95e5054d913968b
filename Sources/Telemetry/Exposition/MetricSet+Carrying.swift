// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension MetricSet {
    /// Takes over what an earlier run wrote, so that a process that lives for a minute counts like one that lives for ever.
    ///
    /// Prometheus takes a counter that is lower than before for a restarted one, and a counter that begins at the same
    /// number every night for one that stands still: totals therefore go on where the last run left them.
    ///
    /// - Parameters:
    ///   - samples: of the earlier exposition. What isn't a declared metric with its labels is left out.
    ///   - isWanted: asked for each; counters are added to, gauges only filled where this run has no value.
    package mutating func carry(
        _ samples: [MetricSample],
        where isWanted: (MetricFamily, [String: String]) -> Bool
    ) {
        let byName = Dictionary(grouping: samples, by: \.name)
        for family in families.values {
            switch family.kind {
            case .counter, .gauge:
                for sample in byName[family.name] ?? [] where isWanted(family, sample.labels) {
                    guard let series = series(of: family, sample.labels) else { continue }
                    if family.kind == .counter, !(sample.value >= 0 && sample.value.isFinite) { continue }
                    carry(.number(sample.value), into: series)
                }
            case .histogram(let buckets):
                let parts = ["_bucket", "_sum", "_count"].map { byName[family.name + $0] ?? [] }
                carry(histograms: parts, buckets: buckets, of: family, where: isWanted)
            }
        }
    }

    private func series(of family: MetricFamily, _ labels: [String: String]) -> Series? {
        let values = family.labels.compactMap { labels[$0] }
        guard values.count == family.labels.count, labels.count == values.count else { return nil }
        return Series(family: family.name, labelValues: values)
    }

    /// Only where all parts are there and the buckets are the same: another version's can't be added to.
    private mutating func carry(
        histograms parts: [[MetricSample]],
        buckets: [Double],
        of family: MetricFamily,
        where isWanted: (MetricFamily, [String: String]) -> Bool
    ) {
        for sum in parts[1] where isWanted(family, sum.labels) && sum.value.isFinite {
            guard let series = series(of: family, sum.labels) else { continue }
            let below = (buckets + [.infinity]).compactMap { bound in
                var labels = sum.labels
                labels["le"] = Self.number(bound)
                return parts[0].first { $0.labels == labels }?.value
            }
            guard below.count == buckets.count + 1, below.allSatisfy({ $0.isFinite && $0 >= 0 }) else { continue }
            let counts = zip(below, [0] + below).map { $0 - $1 }
            guard counts.allSatisfy({ $0 >= 0 }) else { continue }
            carry(.histogram(counts: counts, sum: sum.value), into: series)
        }
    }
}
