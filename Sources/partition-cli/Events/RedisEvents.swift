// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import Logging
import PartitionRegistryRedis
import PartitionRouter

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Entries of a Redis Stream, which keeps them until they are acknowledged.
struct RedisEvents: EventSource {
    /// Longer than a run takes: another process that still works on an event isn't robbed of it.
    private static let abandoned = Duration.seconds(600)
    private static let patience = Duration.seconds(5)

    let description: String
    private let queue: RedisEventQueue

    /// - Parameters:
    ///   - text: `redis://host/STREAM` or `redis://host/DATABASE/STREAM`.
    ///   - environment: for what the URL refers to.
    /// - Throws: ``CommandFailure`` of status `usage`; its text holds no part of the URL that could be secret.
    init(_ text: String, environment: [String: String], logger: Logger) throws(CommandFailure) {
        let query = text.firstIndex(of: "?") ?? text.endIndex
        let address = text[..<query]
        guard let scheme = address.firstRange(of: "://"), let slash = address.lastIndex(of: "/"),
            slash >= scheme.upperBound, case let stream = address[address.index(after: slash)...], !stream.isEmpty,
            !stream.contains("%")
        else {
            throw CommandFailure(
                .usage,
                "--on-event names no stream",
                remedy: "write redis://host:6379/STREAM, or redis://host:6379/DATABASE/STREAM"
            )
        }
        do {
            let url = try RegistryURL(
                parsing: String(address[..<slash]) + String(text[query...]),
                environment: environment
            )
            queue = try RedisEventQueue(url, stream: String(stream), consumer: Self.consumer, logger: logger)
            description = "the stream \(stream) of \(url.redactedDescription)"
        } catch let error as RegistryURLError {
            throw CommandFailure(.usage, "--on-event: \(error)")
        } catch let error as RegistryError {
            throw CommandFailure(.usage, "--on-event: \(error.message)", remedy: error.hint)
        } catch {
            throw CommandFailure(error)
        }
    }

    /// This process' name among the consumers.
    private static var consumer: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "\(getpid())" }
        let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return "\(String(decoding: bytes, as: UTF8.self))-\(getpid())"
    }

    func next() async throws -> EventBurst? {
        var entries = try await queue.entries(within: Self.patience, abandoned: Self.abandoned)
        guard !entries.isEmpty else { return nil }
        // What was left behind is judged by itself: it may have been tried often.
        while entries.allSatisfy({ $0.deliveries == 1 }), entries.count < EventWatch.burst {
            let more = try await queue.entries(within: EventWatch.quiet, abandoned: Self.abandoned)
            if more.isEmpty { break }
            entries += more
        }
        return EventBurst(entries)
    }

    func done(_ burst: EventBurst) async throws { try await queue.acknowledge(burst.entries) }

    func failed(_ burst: EventBurst, reason: String) async throws -> EventBurst? {
        guard burst.attempt < EventWatch.attempts else {
            try await queue.bury(burst.entries, reason: reason)
            return nil
        }
        let left = try await queue.again(burst.entries)
        return left.isEmpty ? nil : EventBurst(left)
    }

    func close() async { await queue.close() }
}

extension EventBurst {
    fileprivate init(_ entries: [RedisEventQueue.Entry]) {
        self.init(
            ids: entries.map(\.id),
            count: entries.count,
            attempt: Int(entries.map(\.deliveries).max() ?? 1)
        )
    }

    fileprivate var entries: [RedisEventQueue.Entry] {
        ids.map { RedisEventQueue.Entry(id: $0, deliveries: Int64(attempt)) }
    }
}
