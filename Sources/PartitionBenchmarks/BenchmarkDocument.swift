// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import BenchmarkReport

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Results as JSON, one file for each part.
struct ResultStore: Sendable {
    static let stalls = "stalls"
    static let throughput = "throughput"
    static let idle = "idle"

    let directory: String

    private func path(_ part: String) -> String { "\(directory)/\(part).json" }

    func keep(_ results: some Encodable, as part: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(results).write(to: URL(filePath: path(part)))
    }

    /// nil where the part was never measured.
    func results<Results: Decodable>(_ part: String, as type: Results.Type) throws -> Results? {
        guard let data = FileManager.default.contents(atPath: path(part)) else { return nil }
        return try JSONDecoder().decode(type, from: data)
    }
}

/// `docs/benchmarks.md`: the prose is written by hand, the figures by this.
struct BenchmarkDocument {
    let path: String
    let store: ResultStore

    /// Writes what was measured into the document, and the plot beside it.
    ///
    /// - Returns: what must hold, and whether it did.
    func write() throws -> [Verdict] {
        var document = MarkedDocument(Machine.text(path))
        var verdicts: [Verdict] = []
        if let stalls = try store.results(ResultStore.stalls, as: StallResults.self) {
            let picture = "benchmarks/stalls.svg"
            let directory = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
                separator: "/"
            )
            try FileManager.default.createDirectory(
                atPath: "\(directory)/benchmarks",
                withIntermediateDirectories: true
            )
            try stalls.chart.svg.document.write(toFile: "\(directory)/\(picture)", atomically: true, encoding: .utf8)
            try replace(ResultStore.stalls, with: stalls.markdown(picture: picture), in: &document)
            verdicts += stalls.verdicts
        }
        if let throughput = try store.results(ResultStore.throughput, as: ThroughputResults.self) {
            try replace(ResultStore.throughput, with: throughput.markdown, in: &document)
            verdicts += throughput.verdicts
        }
        if let idle = try store.results(ResultStore.idle, as: IdleResults.self) {
            try replace(ResultStore.idle, with: idle.markdown, in: &document)
            verdicts += idle.verdicts
        }
        try document.text.write(toFile: path, atomically: true, encoding: .utf8)
        return verdicts
    }

    private func replace(_ part: String, with text: String, in document: inout MarkedDocument) throws {
        guard document.replace(part, with: text) else {
            throw BenchmarkError("\(path) has no part \(part): see MarkedDocument")
        }
    }
}
