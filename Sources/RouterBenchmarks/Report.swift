// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation

/// What was measured, where, and when.
struct Report: Codable {
    struct Machine: Codable {
        var processor: String
        var cores: Int
        var system: String
        var swift: String
        var loadBefore: String
    }

    var date: String
    var machine: Machine
    var lookups: [LookupBenchmark.Result]
    var python: PythonBaseline.Run
    var reload: ReloadBenchmark.Result
    var swaps: [SwapBenchmark.Result]
    var feeds: FeedBenchmark.Result

    /// A promise and what was measured.
    struct Target: Codable {
        var name: String
        var limit: Double
        var measured: Double
        var isMet: Bool { measured <= limit }
    }

    /// - Throws: where a result that a promise is about is missing.
    func targets() throws -> [Target] {
        func result(_ kind: Grid.Kind, _ threads: Int) throws -> LookupBenchmark.Result {
            let found = lookups.first {
                $0.grid == kind.rawValue && $0.threads == threads && $0.partitions == 100_000
            }
            guard let found else {
                throw LookupBenchmark.Failure(
                    description: "nothing was measured of 100,000 \(kind.rawValue) partitions on \(threads) thread(s)"
                )
            }
            return found
        }
        var targets: [Target] = []
        for (kind, limit) in [(Grid.Kind.regular, 0.2), (.irregular, 0.4)] {
            let (one, two) = (try result(kind, 1), try result(kind, 2))
            let name = "100,000 \(kind.rawValue) partitions"
            targets += [
                Target(
                    name: "\(name): lookup ÷ bare search",
                    limit: limit,
                    measured: one.lookup / one.bareBinarySearch
                ),
                Target(name: "\(name): lookup on two threads ÷ on one", limit: 1.3, measured: two.lookup / one.lookup),
                Target(
                    name: "\(name): lookup and name ÷ bare search",
                    limit: 0.5,
                    measured: one.lookupAndName / one.bareBinarySearch
                ),
            ]
        }
        let allocations = lookups.map { max($0.allocationsPerLookup, $0.allocationsPerName) }
        targets.append(
            Target(name: "allocations per lookup and name", limit: 0, measured: allocations.max() ?? .infinity)
        )
        return targets
    }
}

extension Report {
    static func machine() -> Machine {
        func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
        let processor = text("/proc/cpuinfo").split(separator: "\n").first { $0.hasPrefix("model name") }
        let system = text("/proc/sys/kernel/osrelease").trimmingCharacters(in: .whitespacesAndNewlines)
        #if swift(>=6.4)
            let swift = "6.4 or newer"
        #elseif swift(>=6.3)
            let swift = "6.3"
        #else
            let swift = "6.2"
        #endif
        return Machine(
            processor: processor?.split(separator: ":").last?.trimmingCharacters(in: .whitespaces) ?? "unknown",
            cores: ProcessInfo.processInfo.activeProcessorCount,
            system: "Linux \(system)",
            swift: swift,
            loadBefore: text("/proc/loadavg").split(separator: " ").prefix(3).joined(separator: " ")
        )
    }

    var json: Data {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            return try encoder.encode(self)
        }
    }
}
