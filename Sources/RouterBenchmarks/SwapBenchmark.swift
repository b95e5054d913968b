// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Logging
import PartitionMap
import PartitionRouter

/// From the publish to the moment in which the last of many routers serves the new version, against the floor of the transport.
struct SwapBenchmark {
    struct Result: Codable {
        var store: String
        var routers: Int
        /// How many connections to the store the routers share.
        var clients: Int
        /// Milliseconds, medians: of ``TransportFloor``, and of the whole.
        var floor: Double
        var allRoutersSwapped: Double
    }

    static let partitions = 60
    private static let publishes = 40

    let store: String
    let routers: Int
    let clients: Int
    let makeClient: @Sendable () throws -> any Registry
    /// Milliseconds, once a map is published.
    let floor: @Sendable () async throws -> [Double]

    func run() async throws -> Result {
        let writer = try makeClient()
        let current = try await writer.header(Grid.table)
        var publisher = try Publisher(registry: writer, replaced: current)
        try await publisher.publish(try publisher.next())
        let before = try await floor()
        let swapped = try await swap(&publisher)
        let after = try await floor()
        return Result(
            store: store,
            routers: routers,
            clients: clients,
            floor: Self.median(before + after),
            allRoutersSwapped: Self.median(swapped)
        )
    }

    private func swap(_ publisher: inout Publisher) async throws -> [Double] {
        let objects = try (0..<clients).map { _ in try makeClient() }
        let logger = Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() }
        let all = (0..<routers).map { Router(entity: Grid.table, registry: objects[$0 % clients], logger: logger) }
        let running = all.map { router in Task { await router.run() } }
        defer { for task in running { task.cancel() } }
        let (versions, seen) = AsyncStream.makeStream(of: Int64.self)
        // One listener for each client object says when to look; then every router is looked at.
        let watching = all.prefix(clients).map { router in
            Task {
                for await version in router.versions() { seen.yield(version) }
            }
        }
        defer { for task in watching { task.cancel() } }
        func allServe(_ version: Int64) async {
            var count = 0
            for await found in versions where found == version {
                count += 1
                if count == clients { break }
            }
            while !all.allSatisfy({ $0.version == version }) { await Task.yield() }
        }
        await allServe(publisher.version)
        try await Task.sleep(for: .milliseconds(500))
        var times: [Double] = []
        for _ in 0..<Self.publishes {
            // Making it is no part of what it takes.
            let map = try publisher.next()
            let began = ContinuousClock.now
            try await publisher.publish(map)
            await allServe(publisher.version)
            times.append((ContinuousClock.now - began) / .milliseconds(1))
        }
        return times
    }

    static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    /// Publishes one version after the other, each of its own content.
    private struct Publisher {
        let registry: any Registry
        var replaced: PartitionMapHeader?
        private let grid = Grid(.regular, count: SwapBenchmark.partitions)

        init(registry: any Registry, replaced: PartitionMapHeader?) throws {
            self.registry = registry
            self.replaced = replaced
        }

        var version: Int64 { replaced?.version ?? 0 }

        func next() throws -> PublishedMap {
            try Grid.published(try grid.document(prefix: "v\(version + 1)_"), version: version + 1)
        }

        mutating func publish(_ map: PublishedMap) async throws {
            guard try await registry.publish(map, replacing: replaced) == .published else {
                throw LookupBenchmark.Failure(description: "somebody else publishes to the benchmark's store")
            }
            replaced = map.header
        }
    }
}
