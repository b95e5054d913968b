// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Foundation
import LocalPostgres
import Logging
import PartitionRegistryPostgres
import PartitionRegistryRedis
import PartitionRouter

/// `make bench-router`: measures, prints JSON, and writes the table into the file that is named. Exits 1, having written both, where a
/// promise is missed.
///
/// Usage: `RouterBenchmarks --redis redis://… --python-script FILE --markdown FILE`
@main
enum RouterBenchmarks {
    static let partitionCounts = [12, 60, 1_000, 100_000]
    static let routers = 1_000

    static func main() async throws {
        let arguments = CommandLine.arguments
        func argument(_ name: String) throws -> String {
            guard let index = arguments.firstIndex(of: name), index + 1 < arguments.count else {
                throw LookupBenchmark.Failure(description: "\(name) is missing: run make bench-router")
            }
            return arguments[index + 1]
        }
        let (redis, markdown, script) = (
            try argument("--redis"), try argument("--markdown"), try argument("--python-script")
        )
        let machine = Report.machine()
        var lookups: [LookupBenchmark.Result] = []
        for kind in Grid.Kind.allCases {
            for count in partitionCounts {
                for threads in [1, 2] {
                    note("\(count) \(kind.rawValue) partitions, \(threads) thread(s)")
                    lookups.append(
                        try await LookupBenchmark(grid: Grid(kind, count: count), threads: threads).run()
                    )
                }
            }
        }
        note("Python")
        let python = try PythonBaseline.run(script: script, partitions: partitionCounts)
        note("reloading")
        let reload = try ReloadBenchmark.run(partitions: 100_000)
        let report = Report(
            date: ISO8601DateFormatter().string(from: Date()),
            machine: machine,
            lookups: lookups,
            python: python,
            reload: reload,
            swaps: try await swaps(redis: redis),
            feeds: try await feeds(redis: redis)
        )
        print(String(decoding: try report.json, as: UTF8.self))
        try report.markdown().write(toFile: markdown, atomically: true, encoding: .utf8)
        let missed = try report.targets().filter { !$0.isMet }
        for target in missed {
            note("missed: \(target.name) is \(target.measured), and was to be at most \(target.limit)")
        }
        guard missed.isEmpty else { exit(1) }
    }

    private static func swaps(redis: String) async throws -> [SwapBenchmark.Result] {
        let memory = MemoryRegistry()
        var results = [try await swap("memory", clients: 1, { memory }, floor: TransportFloor.memory)]
        let url = try RegistryURL(parsing: redis)
        guard case .redis(let target) = url.kind, let port = target.endpoints.first?.port else {
            throw LookupBenchmark.Failure(description: "--redis is no redis:// URL: run make bench-router")
        }
        for clients in [1, 20] {
            results.append(
                try await swap("Redis", clients: clients) {
                    try RedisRegistry(url, logger: silent)
                } floor: {
                    try await TransportFloor.redis(port: port)
                }
            )
        }
        guard let installation = PostgresInstallation.find().first else {
            throw LookupBenchmark.Failure(description: "no PostgreSQL server programs: run make setup")
        }
        let cluster = try await Cluster.start(installation)
        do {
            let conninfo = cluster.conninfo()
            let installer = try PostgresRegistry(conninfo: conninfo, logger: silent)
            try await installer.install()
            await installer.close()
            for clients in [1, 20] {
                results.append(
                    try await swap("PostgreSQL \(installation.majorVersion)", clients: clients) {
                        try PostgresRegistry(conninfo: conninfo, logger: silent)
                    } floor: {
                        try await TransportFloor.postgres(conninfo)
                    }
                )
            }
            await cluster.remove()
        } catch {
            await cluster.remove()
            throw error
        }
        return results
    }

    private static func swap(
        _ store: String,
        clients: Int,
        _ makeClient: @escaping @Sendable () throws -> any Registry,
        floor: @escaping @Sendable () async throws -> [Double]
    ) async throws -> SwapBenchmark.Result {
        note("\(routers) routers on \(clients) client(s) of \(store)")
        return try await SwapBenchmark(
            store: store,
            routers: routers,
            clients: clients,
            makeClient: makeClient,
            floor: floor
        ).run()
    }

    private static func feeds(redis: String) async throws -> FeedBenchmark.Result {
        note("\(FeedBenchmark.feeds) tables on one client of Redis")
        let url = try RegistryURL(parsing: redis)
        return try await FeedBenchmark(
            store: "Redis",
            writer: try RedisRegistry(url, logger: silent),
            client: try RedisRegistry(url, logger: silent)
        ).run()
    }

    private static let silent = Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() }

    private static func note(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }
}
