// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// What a metric is, apart from its values: declared once, so that every run writes the same name, type and labels.
package struct MetricFamily: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case counter
        case gauge
        /// Upper bounds of the buckets, inclusive and ascending, without the last one, which has no end.
        case histogram(buckets: [Double])
    }

    package var name: String
    package var help: String
    package var kind: Kind
    /// In the order in which they are written.
    package var labels: [String]

    package init(_ name: String, _ kind: Kind, labels: [String] = [], help: String) {
        self.name = name
        self.help = help
        self.kind = kind
        self.labels = labels
    }

    /// Seconds, for what nobody declared buckets of.
    static let usualBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    /// A name of Prometheus: what isn't allowed in it becomes an underscore.
    static func legalName(_ name: String) -> String {
        let legal = name.map { character in
            let isLegal = character.isASCII && (character.isLetter || character.isNumber || "_:".contains(character))
            return isLegal ? character : "_"
        }
        guard let first = legal.first else { return "_" }
        return (first.isNumber ? "_" : "") + String(legal)
    }

    /// A label's name, or nil where it can't be one: names with two underscores before are Prometheus' own, and so is
    /// `le` of a histogram.
    static func legalLabel(_ label: String, in kind: Kind) -> String? {
        let legal = legalName(label).replacing(":", with: "_")
        guard !label.isEmpty, !legal.hasPrefix("__") else { return nil }
        if case .histogram = kind, legal == "le" { return nil }
        return legal
    }
}
