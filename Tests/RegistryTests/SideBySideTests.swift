// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LocalPostgres
import PartitionMap
import PartitionRegistryHTTP
import PartitionRegistryPostgres
import PartitionRegistryRedis
import PartitionRouter
import TestSupport
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A Swift and a Python router on one live registry whose map changes all the time.
@Suite("A Python router beside a Swift one", .temporaryDatabase, .timeLimit(.minutes(30)))
struct SideBySideTests {
    /// For how long maps change: seconds, or as many as `make soak` says.
    private static var duration: Duration {
        .seconds(ProcessEnvironment.current["PARTITION_CLI_SOAK_SECONDS"].flatMap(Int64.init) ?? 5)
    }

    private static var seed: UInt64 {
        ProcessEnvironment.current["PARTITION_CLI_SOAK_SEED"].flatMap(UInt64.init) ?? 1
    }

    @Test("answers the same for the same version, in Redis")
    func redis() async throws {
        try await withRedis { server, registry in
            try await compare("redis://127.0.0.1:\(server.port)", "redis", registry)
        }
    }

    @Test("answers the same for the same version, in etcd and Consul", arguments: [StoreServer.Program.etcd, .consul])
    func store(program: StoreServer.Program) async throws {
        try await withStoreServer(program) { server in
            let url = "\(program)://127.0.0.1:\(server.port)"
            let registry = try HTTPRegistry(try RegistryURL(parsing: url), logger: .test)
            try await compare(url, program.rawValue, registry)
        }
    }

    @Test("answers the same for the same version, in PostgreSQL")
    func postgres() async throws {
        let database = try TemporaryDatabase.current
        let registry = try PostgresRegistry(conninfo: database.conninfo(), logger: .test)
        try await registry.install()
        let cluster = database.cluster
        let place = "host=\(cluster.socketDirectory)&port=\(cluster.port)&user=postgres"
        try await compare("postgres:///\(database.name)?\(place)", "postgres", registry)
    }

    /// Publishes random maps, and holds against each other what both routers say of each version that both were served.
    private func compare(_ url: String, _ store: String, _ registry: any Registry) async throws {
        let keys = RandomMaps.keys
        let last: Int64 = 1_000_000_000
        let python = Task { try await Self.python(url, last, keys) }
        let router = Router(entity: events, registry: registry, logger: .test)
        let running = Task { await router.run() }
        let swift = Task { await Self.answers(of: router, keys, until: last) }

        var random = SplitMix64(seed: Self.seed)
        let end = ContinuousClock.now + Self.duration
        var replaced: PartitionMapHeader?
        var version: Int64 = 0
        repeat {
            version = ContinuousClock.now < end ? version + 1 : last
            let map = try map(try RandomMaps.document(&random), version: version)
            #expect(try await registry.publish(map, replacing: replaced) == .published)
            replaced = map.header
            // Now and then faster than anybody reads.
            let pause = Duration.milliseconds(Int64.random(in: 0...100, using: &random))
            try await Task.sleep(for: Bool.random(using: &random) ? pause : .zero)
        } while version < last

        let ours = await swift.value
        running.cancel()
        let theirs = try await python.value
        var compared = 0
        for (version, answers) in theirs {
            guard let own = ours[version] else { continue }
            compared += 1
            let differences = zip(zip(own, answers), keys).filter { $0.0.0 != $0.0.1 }
            let shown = differences.prefix(5).map { "\($0.1): \($0.0.0), \($0.0.1)" }
            #expect(own.count == answers.count && shown.isEmpty, "version \(version): \(shown)")
        }
        // Both see what is published last; of the others as many as they are quick enough for.
        #expect(ours[last] != nil && theirs[last] != nil && compared >= 3)
        print("side by side on \(store): \(compared) versions, \(compared * keys.count) answers")
    }

    private static func answers(of router: Router, _ keys: [[KeyValue]], until last: Int64) async -> [Int64: [String]] {
        var found: [Int64: [String]] = [:]
        for await _ in router.versions() {
            let reader = router.reader()
            let routed = reader.group(keys.indices, by: { keys[$0] })
            var answers = [String](repeating: "", count: keys.count)
            for group in routed.groups {
                for row in group.rows { answers[row] = "=\(group.partition.schema).\(group.partition.name)" }
            }
            for (row, miss) in routed.misses { answers[row] = miss.reason.description }
            found[reader.version] = answers
            if reader.version >= last { break }
        }
        return found
    }

    private static func python(_ url: String, _ last: Int64, _ keys: [[KeyValue]]) async throws -> [Int64: [String]] {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        let program = ProcessEnvironment.current["PARTITION_CLI_PYTHON"] ?? "python3"
        // A limit, so that a failure before the last version leaves nobody waiting.
        let limit = duration.components.seconds + 300
        let output = try await RedisServer.run([
            "timeout", "\(limit)", "env", "PYTHONPATH=\(root)/clients/python/src", program,
            "\(root)/clients/python/tests/side_by_side.py", url, events.description, "\(last)", RandomMaps.json(keys),
        ])
        var found: [Int64: [String]] = [:]
        for line in output.split(separator: "\n") {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            found[try #require(Int64(fields[0]), "\(line)")] = Array(fields.dropFirst())
        }
        return found
    }
}
