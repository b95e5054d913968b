// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Logging
import PartitionLoading
import PartitionMap
import PartitionRegistryHTTP
import PartitionRegistryRedis
import PartitionRouter

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A process with a router of the table `public.events`, whose key is an integer: it looks random keys up for ever, loads a row
/// straight into the partition that it is given, and writes a line about each to standard output:
///
/// - `took VERSION`
/// - `found PARTITION VERSION AT`: a lookup, and the nanoseconds of the system's monotonic clock just before it
/// - `loaded PARTITION NUMBER`: the row is committed
/// - `refused PARTITION SQLSTATE`: the server didn't take it
/// - `miss REASON`
///
/// Usage: `RouterProbe NAME REGISTRY-URL CONNINFO KEYS BOUND-MILLISECONDS`; keys are from 0 to below KEYS.
@main
struct RouterProbe {
    let name: String
    let router: Router
    let loader: PartitionLoader
    let keys: Int64

    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 6, let keys = Int64(arguments[4]), let bound = Int64(arguments[5]) else {
            throw Usage()
        }
        let logger = Logger(label: "probe") { _ in SwiftLogNoOpLogHandler() }
        var timing = ReloadMachine.Timing()
        timing.bound = .milliseconds(bound)
        timing.interval = .milliseconds(bound / 3)
        timing.firstRetry = .milliseconds(50)
        let probe = RouterProbe(
            name: arguments[1],
            router: Router(
                entity: EntityName(schema: "public", table: "events"),
                registry: try registry(arguments[2], logger),
                timing: timing,
                logger: logger
            ),
            loader: try PartitionLoader(
                conninfo: arguments[3],
                columns: ["id", "writer", "number"],
                logger: logger
            ),
            keys: keys
        )
        await probe.run()
    }

    private static func registry(_ text: String, _ logger: Logger) throws -> any Registry {
        let url = try RegistryURL(parsing: text)
        if case .redis = url.kind { return try RedisRegistry(url, logger: logger) }
        return try HTTPRegistry(url, logger: logger)
    }

    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await router.run() }
            group.addTask {
                for await version in router.versions() { Self.say("took \(version)") }
            }
            group.addTask { await load() }
        }
    }

    private func load() async {
        let reader = router.reader()
        var number = 0
        while !Task.isCancelled {
            number += 1
            await load(key: Int64.random(in: 0..<keys), number: number, reader)
            try? await Task.sleep(for: .milliseconds(10))
        }
    }

    private func load(key: Int64, number: Int, _ reader: Reader) async {
        let at = MonotonicTime.now().nanoseconds
        let routed = reader.group([key], by: { (key: Int64) in key })
        if let miss = routed.misses.first?.miss { return Self.say("miss \(miss.reason)") }
        guard let group = routed.groups.first else { return }
        Self.say("found \(group.partition.name) \(group.partition.version) \(at)")
        do throws(LoadingError) {
            let name = name
            _ = try await loader.load(routed.groups) { [String($0), name, String(number)] }
            Self.say("loaded \(group.partition.name) \(number)")
        } catch {
            Self.say("refused \(group.partition.name) \(error.sqlState ?? "-")")
        }
    }

    /// In one piece, at once: the process may be killed in any moment.
    private static func say(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        _ = bytes.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
    }

    private struct Usage: Error {}
}
