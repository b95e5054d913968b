// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// One line of an exposition, as it was read.
package struct MetricSample: Hashable, Sendable {
    package var name: String
    package var labels: [String: String]
    package var value: Double

    package init(name: String, labels: [String: String], value: Double) {
        self.name = name
        self.labels = labels
        self.value = value
    }

    /// What a text of Prometheus' exposition format says.
    ///
    /// - Throws: ``TelemetryError`` with the line's number, where it isn't one.
    package static func samples(of text: String) throws(TelemetryError) -> [MetricSample] {
        var samples: [MetricSample] = []
        let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            var reader = LineReader(rest: line)
            reader.skipSpace()
            if reader.rest.isEmpty || reader.rest.first == "#" { continue }
            guard let sample = reader.sample() else {
                throw TelemetryError("line \(index + 1) isn't one of Prometheus' text format")
            }
            samples.append(sample)
        }
        return samples
    }
}

/// Reads one line from its beginning, scalar by scalar: to Swift a quote with an accent on it is one character.
private struct LineReader {
    var rest: Substring.UnicodeScalarView

    mutating func skipSpace() { rest = rest.drop { $0 == " " || $0 == "\t" } }

    mutating func sample() -> MetricSample? {
        guard let name = name() else { return nil }
        skipSpace()
        guard let labels = labels() else { return nil }
        skipSpace()
        // A timestamp may follow; whose value is the newest doesn't matter to us.
        let words = rest.split { $0 == " " || $0 == "\t" || $0 == "\r" }
        guard (1...2).contains(words.count), let value = Self.number(Substring(words[0])) else { return nil }
        return MetricSample(name: name, labels: labels, value: value)
    }

    private mutating func name() -> String? {
        let name = rest.prefix {
            Self.isDigit($0) || ("a"..."z").contains($0) || ("A"..."Z").contains($0) || $0 == "_" || $0 == ":"
        }
        guard let first = name.first, !Self.isDigit(first) else { return nil }
        rest = rest[name.endIndex...]
        return String(name)
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard rest.first == scalar else { return false }
        rest = rest.dropFirst()
        return true
    }

    /// Empty where there are no braces; nil where they aren't as they must be.
    private mutating func labels() -> [String: String]? {
        guard take("{") else { return [:] }
        var labels: [String: String] = [:]
        while true {
            skipSpace()
            if take("}") { return labels }
            guard let label = name() else { return nil }
            skipSpace()
            guard take("=") else { return nil }
            skipSpace()
            guard take("\""), let value = quoted() else { return nil }
            labels[label] = value
            skipSpace()
            if take(",") { continue }
            return take("}") ? labels : nil
        }
    }

    /// After the opening quote, to the closing one.
    private mutating func quoted() -> String? {
        var value = String.UnicodeScalarView()
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\"": return String(value)
            case "\\":
                switch rest.popFirst() {
                case "n": value.append("\n")
                case "\\": value.append("\\")
                case "\"": value.append("\"")
                default: return nil
                }
            default: value.append(scalar)
            }
        }
        return nil
    }

    private static func number(_ text: Substring) -> Double? {
        switch text.lowercased() {
        case "+inf", "inf": .infinity
        case "-inf": -.infinity
        case "nan": .nan
        default: Double(text)
        }
    }
}
