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
    private static let patience = Duration.seconds(5)

    let description: String
    private let queue: RedisEventQueue
    /// How long an event may lie untouched before another process takes it over.
    private let abandoned: Duration

    /// - Parameters:
    ///   - text: `redis://host/STREAM` or `redis://host/DATABASE/STREAM`.
    ///   - deadline: how long a run may take.
    ///   - environment: for what the URL refers to.
    /// - Throws: ``CommandFailure`` of status `usage`; its text holds no part of the URL that could be secret.
    init(
        _ text: String,
        deadline: Duration,
        environment: [String: String],
        logger: Logger
    ) throws(CommandFailure) {
        abandoned = Self.abandoned(after: deadline)
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

    /// Longer than a run takes, with what it does after its deadline and a pause: another process that still works on an event isn't robbed of it.
    static func abandoned(after deadline: Duration) -> Duration { max(.seconds(600), deadline + .seconds(120)) }

    func next() async throws -> EventBurst? {
        // By itself: it may have been tried often, and what is new has nothing to do with that.
        let left = try await queue.abandoned(for: abandoned)
        guard left.isEmpty else { return EventBurst(left) }
        var entries = try await queue.fresh(within: Self.patience)
        guard !entries.isEmpty else { return nil }
        while entries.count < EventWatch.burst {
            let more = try await queue.fresh(within: EventWatch.quiet)
            if more.isEmpty { break }
            entries += more
        }
        return EventBurst(entries)
    }

    func done(_ burst: EventBurst) async throws { try await queue.acknowledge(burst.entries) }

    func keep(_ burst: EventBurst) async throws -> EventBurst? {
        EventBurst(try await queue.keep(burst.entries))
    }

    func again(_ burst: EventBurst) async throws -> EventBurst? {
        EventBurst(try await queue.again(burst.entries))
    }

    func giveUp(_ burst: EventBurst, reason: String) async throws {
        try await queue.bury(burst.entries, reason: reason)
    }

    func close() async { await queue.close() }
}

extension EventBurst {
    /// nil without entries.
    fileprivate init?(_ entries: [RedisEventQueue.Entry]) {
        guard !entries.isEmpty else { return nil }
        self.init(events: entries.map { Event(id: $0.id, tries: Int(clamping: $0.deliveries)) })
    }

    fileprivate var entries: [RedisEventQueue.Entry] {
        events.map { RedisEventQueue.Entry(id: $0.id, deliveries: Int64($0.tries)) }
    }
}
