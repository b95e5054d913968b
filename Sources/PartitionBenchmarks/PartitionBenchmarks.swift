// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import ArgumentParser
import BenchmarkReport
import LocalPostgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@main
struct PartitionBenchmarks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures what docs/benchmarks.md says, and writes it there. Run by make bench."
    )

    enum Part: String, CaseIterable, ExpressibleByArgument {
        case stalls, throughput, idle
    }

    @Argument(help: "What to measure: stalls, throughput, idle. (default: all)")
    var parts: [Part] = []

    @Flag(help: "Smaller and once, for trying it.")
    var quick = false

    @Flag(help: "Measure nothing: write the document from the results that are there.")
    var renderOnly = false

    @Option(help: "The release binary to measure.")
    var program: String

    @Option(help: "Where results are kept.")
    var results: String

    @Option(help: "The document to write the results into; plots go into a directory of its name beside it.")
    var document: String

    @Option(help: "The commit of the sources, for the document.")
    var commit: String

    @Option(help: "The compiler, for the document.")
    var compiler: String

    func run() async throws {
        let store = ResultStore(directory: results)
        if !renderOnly { try await measure(into: store) }
        let verdicts = try BenchmarkDocument(path: document, store: store).write()
        print("\nwritten: \(document)")
        for verdict in verdicts { print(verdict.line, terminator: "") }
        if verdicts.contains(where: { !$0.isMet }) { throw ExitCode.failure }
    }

    private func measure(into store: ResultStore) async throws {
        guard let installation = PostgresInstallation.find(preferring: 15).first, installation.majorVersion == 15 else {
            throw BenchmarkError("PostgreSQL 15 is missing: run scripts/setup.sh --bench")
        }
        let bench = Bench(
            mode: quick ? .quick : .full,
            installation: installation,
            program: program,
            directory: results,
            commit: commit,
            compiler: compiler
        )
        for part in parts.isEmpty ? Part.allCases : parts {
            switch part {
            case .stalls: try store.keep(try await StallBenchmark(bench: bench).run(), as: ResultStore.stalls)
            case .throughput:
                try store.keep(try await ThroughputBenchmark(bench: bench).run(), as: ResultStore.throughput)
            case .idle: try store.keep(try await IdleBenchmark(bench: bench).run(), as: ResultStore.idle)
            }
        }
    }
}
