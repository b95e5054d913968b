// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Logging
import PartitionMap
import PartitionRouter

/// Many tables in one process, each with a router of its own: they share a client, and neither a map nor a reading of it.
struct FeedBenchmark {
    struct Result: Codable {
        var store: String
        var feeds: Int
        /// Milliseconds, medians: until the last of the publishes, one of each table, was answered.
        var published: Double
        /// Until the last router served its new version, from the same beginning.
        var served: Double
    }

    static let feeds = 1_000
    private static let rounds = 5

    let store: String
    let writer: any Registry
    let client: any Registry

    func run() async throws -> Result {
        let tables = (0..<Self.feeds).map { EntityName(schema: "public", table: "feed_\($0)") }
        let grid = Grid(.regular, count: SwapBenchmark.partitions)
        let logger = Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() }
        let routers = tables.map { Router(entity: $0, registry: client, logger: logger) }
        var replaced: [EntityName: PartitionMapHeader] = [:]
        var (published, served): ([Double], [Double]) = ([], [])
        let running = routers.map { router in Task { await router.run() } }
        defer { for task in running { task.cancel() } }
        for version in 1...Int64(Self.rounds) + 1 {
            let maps = try tables.map { table in
                try Grid.published(try grid.document(of: table, prefix: "v\(version)_"), version: version)
            }
            let began = ContinuousClock.now
            for map in maps {
                let table = map.document.table
                guard try await writer.publish(map, replacing: replaced[table]) == .published else {
                    throw LookupBenchmark.Failure(description: "somebody else publishes to the benchmark's store")
                }
                replaced[table] = map.header
            }
            let answered = ContinuousClock.now
            while !routers.allSatisfy({ $0.version == version }) { try await Task.sleep(for: .milliseconds(1)) }
            // The first time they begin to listen, too.
            guard version > 1 else { continue }
            published.append((answered - began) / .milliseconds(1))
            served.append((ContinuousClock.now - began) / .milliseconds(1))
        }
        return Result(
            store: store,
            feeds: Self.feeds,
            published: SwapBenchmark.median(published),
            served: SwapBenchmark.median(served)
        )
    }
}
