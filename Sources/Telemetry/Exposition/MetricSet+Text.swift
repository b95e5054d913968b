// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

extension MetricSet {
    /// Prometheus' text exposition format, version 0.0.4.
    ///
    /// Families by name, series by the values of their labels: two runs that know the same write the same bytes.
    package var text: String {
        let bySeries = Dictionary(grouping: values.keys, by: \.family)
        return families.values.sorted { $0.name < $1.name }.reduce(into: "") { text, family in
            guard let series = bySeries[family.name], !series.isEmpty else { return }
            text += "# HELP \(family.name) \(Self.escapedHelp(family.help))\n"
            text += "# TYPE \(family.name) \(family.kind.word)\n"
            for one in series.sorted(by: { $0.labelValues.lexicographicallyPrecedes($1.labelValues) }) {
                if let value = values[one] { text += Self.lines(of: one, value, family) }
            }
        }
    }

    private static func lines(of series: Series, _ value: Value, _ family: MetricFamily) -> String {
        let labels = Array(zip(family.labels, series.labelValues))
        switch value {
        case .number(let number):
            return line(family.name, labels, number)
        case .histogram(let counts, let sum):
            guard case .histogram(let buckets) = family.kind else { return "" }
            var below = 0.0
            var lines = ""
            for (bound, count) in zip(buckets + [.infinity], counts) {
                below += count
                lines += line("\(family.name)_bucket", labels + [("le", self.number(bound))], below)
            }
            return lines + line("\(family.name)_sum", labels, sum) + line("\(family.name)_count", labels, below)
        }
    }

    private static func line(_ name: String, _ labels: [(String, String)], _ value: Double) -> String {
        let inner = labels.map { "\($0)=\"\(escapedLabel($1))\"" }.joined(separator: ",")
        return "\(name)\(inner.isEmpty ? "" : "{\(inner)}") \(number(value))\n"
    }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        // Whole numbers as such, as far as a Double tells one from the next.
        if value == value.rounded(), abs(value) < 9_007_199_254_740_992 { return "\(Int64(value))" }
        return "\(value)"
    }

    static func escapedHelp(_ text: String) -> String { escaped(text, ["\\": "\\\\", "\n": "\\n"]) }

    static func escapedLabel(_ text: String) -> String {
        escaped(text, ["\\": "\\\\", "\n": "\\n", "\"": "\\\""])
    }

    /// Scalar by scalar: to Swift a quote with an accent on it is one character, and so is a carriage return with its line feed.
    private static func escaped(_ text: String, _ escapes: [Unicode.Scalar: String]) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            if let escape = escapes[scalar] { result += escape } else { result.unicodeScalars.append(scalar) }
        }
    }
}

extension MetricFamily.Kind {
    fileprivate var word: String {
        switch self {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram: "histogram"
        }
    }
}
