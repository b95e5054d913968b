// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import PartitionRouter

/// What a Redis does to keep what is written to it: over a restart, and when its memory is full.
package struct RedisDurability: Hashable, Sendable {
    /// Every write goes to a file.
    package var appendsToFile: Bool?
    /// The setting `save`: seconds and writes after which a snapshot is taken; empty for never.
    package var snapshots: String?
    /// The last write to a file, or the last snapshot, failed.
    package var lastWriteFailed: Bool?
    /// Bytes; 0 for no limit.
    package var memoryLimit: Int64?
    /// `maxmemory-policy`, such as `noeviction` and `allkeys-lru`.
    package var evictionPolicy: String?
    /// Commands that this user may not give, as ACL SETUSER names them.
    package var forbidden: [String]

    package init(
        appendsToFile: Bool? = nil,
        snapshots: String? = nil,
        lastWriteFailed: Bool? = nil,
        memoryLimit: Int64? = nil,
        evictionPolicy: String? = nil,
        forbidden: [String] = []
    ) {
        self.appendsToFile = appendsToFile
        self.snapshots = snapshots
        self.lastWriteFailed = lastWriteFailed
        self.memoryLimit = memoryLimit
        self.evictionPolicy = evictionPolicy
        self.forbidden = forbidden
    }
}

extension RedisRegistry {
    /// Asks `INFO` and `CONFIG GET`, as far as the user may; changes nothing.
    ///
    /// - Throws: ``RegistryError`` where the server can't be asked at all.
    package func durability() async throws(RegistryError) -> RedisDurability {
        let link = try await connected()
        var durability = RedisDurability()
        var facts: [String: String] = [:]
        for section in ["persistence", "memory"] {
            // Without a section of its own for the ACL: both are refused, or neither.
            guard let text = try await allowed(RedisCommand("INFO", section), "info", link, &durability)?.text else {
                continue
            }
            for line in text.split(whereSeparator: \.isNewline) {
                let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                if parts.count == 2 { facts[String(parts[0])] = String(parts[1]) }
            }
        }
        durability.appendsToFile = facts["aof_enabled"].map { $0 == "1" }
        let writes = [facts["rdb_last_bgsave_status"], facts["aof_last_write_status"]].compactMap(\.self)
        durability.lastWriteFailed = writes.isEmpty ? nil : writes.contains { $0 != "ok" }
        durability.memoryLimit = facts["maxmemory"].flatMap { Int64($0) }
        durability.evictionPolicy = facts["maxmemory_policy"]
        let save = try await allowed(RedisCommand("CONFIG", "GET", "save"), "config|get", link, &durability)
        if let pair = save?.elements, pair.count == 2 { durability.snapshots = pair[1].text }
        return durability
    }

    /// A command's reply; nil where this user, or this server, has no such command.
    private func allowed(
        _ command: RedisCommand,
        _ name: String,
        _ link: RedisConnection,
        _ durability: inout RedisDurability
    ) async throws(RegistryError) -> RESPValue? {
        let reply = try await link.send(command)
        guard case .error = reply else { return reply }
        if !durability.forbidden.contains(name) { durability.forbidden.append(name) }
        return nil
    }
}
