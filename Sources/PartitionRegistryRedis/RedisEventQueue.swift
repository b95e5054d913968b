// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import Logging
import NIOPosix
package import PartitionRouter

/// Events in a stream of Redis (6.2 or later), taken by a consumer group: each is given to one consumer, stays its own until it is acknowledged, and goes to
/// a stream of dead letters when that doesn't come about.
///
/// One task uses it at a time. It connects on first use and again after a failure.
package actor RedisEventQueue {
    /// Of every process that takes these events; whatever one of them has left unacknowledged another one takes over.
    static let group = "partition-cli"
    /// Taken at once; more are there the next time.
    static let batch = 1000

    /// Redis' name of an event.
    package struct Entry: Hashable, Sendable {
        package var id: String
        /// How often it was given to somebody, this time included.
        package var deliveries: Int64

        package init(id: String, deliveries: Int64) {
            self.id = id
            self.deliveries = deliveries
        }
    }

    package nonisolated let stream: String
    /// Where events go that were tried too often.
    package nonisolated var deadLetters: String { stream + ":dead" }

    private let registry: RedisRegistry
    private let consumer: String
    private var link: RedisConnection?

    /// - Parameters:
    ///   - url: of the server, as for a registry.
    ///   - stream: the stream's key.
    ///   - consumer: a name of this process' own.
    /// - Throws: `RegistryError` for a URL that isn't one of Redis.
    package init(_ url: RegistryURL, stream: String, consumer: String, logger: Logger) throws(RegistryError) {
        registry = try RedisRegistry(url, logger: logger)
        self.stream = stream
        self.consumer = consumer
    }

    package func close() {
        link?.close()
        link = nil
    }

    /// New events, waiting for the first.
    ///
    /// - Returns: empty when none came within the time.
    /// - Throws: `RegistryError`; the next call connects again.
    package func fresh(within timeout: Duration) async throws(RegistryError) -> [Entry] {
        try await mended { link throws(RegistryError) in
            let wait = Self.milliseconds(timeout)
            var read = RedisCommand("XREADGROUP", "GROUP", Self.group, self.consumer)
            for word in ["COUNT", "\(Self.batch)", "BLOCK", wait, "STREAMS", self.stream, ">"] { read.append(word) }
            let reply = try await link.send(read, within: timeout + .seconds(10)).orThrow()
            return Self.ids(inStreams: reply).map { Entry(id: $0, deliveries: 1) }
        }
    }

    /// Takes over events that nobody has touched for that long: they were given to somebody who is gone, or whose connection was.
    package func abandoned(for idle: Duration) async throws(RegistryError) -> [Entry] {
        try await mended { link throws(RegistryError) in
            var claim = RedisCommand("XAUTOCLAIM", self.stream, Self.group, self.consumer)
            for word in [Self.milliseconds(idle), "0-0", "COUNT", "\(Self.batch)"] { claim.append(word) }
            let reply = try await link.send(claim).orThrow().elements ?? []
            return try await self.deliveries(link, of: reply.count > 1 ? Self.ids(inEntries: reply[1]) : [])
        }
    }

    /// Takes events of this consumer's once more, which counts as a delivery.
    ///
    /// - Returns: those that are still there to be taken.
    package func again(_ entries: [Entry]) async throws(RegistryError) -> [Entry] {
        try await claimed(entries) { Self.ids(inEntries: $0) }
            .map { Entry(id: $0.id, deliveries: $0.deliveries + 1) }
    }

    /// Says that events are still this consumer's, so that they aren't abandoned. It counts as no delivery.
    ///
    /// - Returns: those that are still there.
    package func keep(_ entries: [Entry]) async throws(RegistryError) -> [Entry] {
        try await claimed(entries, "JUSTID") { ($0.elements ?? []).compactMap(\.text) }
    }

    private func claimed(
        _ entries: [Entry],
        _ options: String...,
        ids: @Sendable (RESPValue) -> [String]
    ) async throws(RegistryError) -> [Entry] {
        guard !entries.isEmpty else { return [] }
        return try await mended { link throws(RegistryError) in
            var claim = RedisCommand("XCLAIM", self.stream, Self.group, self.consumer, "0")
            for word in entries.map(\.id) + options { claim.append(word) }
            let claimed = Set(ids(try await link.send(claim).orThrow()))
            return entries.filter { claimed.contains($0.id) }
        }
    }

    /// They are done.
    package func acknowledge(_ entries: [Entry]) async throws(RegistryError) {
        guard !entries.isEmpty else { return }
        _ = try await mended { link throws(RegistryError) in
            var command = RedisCommand("XACK", self.stream, Self.group)
            for entry in entries { command.append(entry.id) }
            return try await link.send(command).orThrow()
        }
    }

    /// Moves them, with why, to the stream of dead letters, in one step: nothing is lost or there twice.
    package func bury(_ entries: [Entry], reason: String) async throws(RegistryError) {
        for entry in entries {
            _ = try await mended { link throws(RegistryError) in
                var command = RedisCommand(script: Self.burial, keys: [self.stream, self.deadLetters])
                for word in [Self.group, entry.id, "\(entry.deliveries)", reason] { command.append(word) }
                return try await link.send(command).orThrow()
            }
        }
    }

    private static let burial = """
        local found = redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2])
        if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 1 then
            local fields = {'id', ARGV[2], 'tries', ARGV[3], 'reason', ARGV[4]}
            if found[1] then
                for _, word in ipairs(found[1][2]) do fields[#fields + 1] = word end
            end
            redis.call('XADD', KEYS[2], 'MAXLEN', '~', '10000', '*', unpack(fields))
        end
        return 1
        """

    // MARK: - Talking

    /// On the connection there is, or a new one; one that fails is closed.
    private func mended<R: Sendable>(
        _ body: (RedisConnection) async throws(RegistryError) -> R
    ) async throws(RegistryError) -> R {
        let link = try await connected()
        do {
            return try await body(link)
        } catch {
            link.close()
            self.link = nil
            throw error
        }
    }

    private func connected() async throws(RegistryError) -> RedisConnection {
        if let link, link.isOpen { return link }
        let fresh = try await registry.connect(messages: nil)
        // From the stream's beginning: what was written before anybody listened counts.
        let create = RedisCommand("XGROUP", "CREATE", stream, Self.group, "0", "MKSTREAM")
        let reply = try await fresh.send(create)
        if case .error(let text) = reply, !text.hasPrefix("BUSYGROUP") {
            fresh.close()
            _ = try reply.orThrow()
        }
        link = fresh
        return fresh
    }

    /// With the count that Redis keeps, in which taking one over is a delivery too.
    private func deliveries(_ link: RedisConnection, of ids: [String]) async throws(RegistryError) -> [Entry] {
        guard var first = ids.first, let last = ids.last else { return [] }
        let wanted = Set(ids)
        var entries: [Entry] = []
        // Others of this consumer's may lie between them: page by page, each beginning after the one before it.
        while entries.count < ids.count {
            let pending = RedisCommand("XPENDING", stream, Self.group, first, last, "\(Self.batch)", consumer)
            let rows = try await link.send(pending).orThrow().elements ?? []
            for row in rows {
                guard let columns = row.elements, columns.count == 4, let id = columns[0].text else { continue }
                if wanted.contains(id), case .integer(let count) = columns[3] {
                    entries.append(Entry(id: id, deliveries: count))
                }
                first = "(\(id)"
            }
            if rows.isEmpty { break }
        }
        return entries
    }

    /// RESP3 answers with a map of streams, RESP2 with an array of pairs.
    private static func ids(inStreams reply: RESPValue) -> [String] {
        let parts = reply.elements ?? []
        let lists: [RESPValue] =
            if case .map = reply { stride(from: 1, to: parts.count, by: 2).map { parts[$0] } } else {
                parts.compactMap { $0.elements?.last }
            }
        return lists.flatMap(ids(inEntries:))
    }

    private static func ids(inEntries list: RESPValue) -> [String] {
        (list.elements ?? []).compactMap { $0.elements?.first?.text }
    }

    private static func milliseconds(_ duration: Duration) -> String { "\(Int64(duration / .milliseconds(1)))" }
}
