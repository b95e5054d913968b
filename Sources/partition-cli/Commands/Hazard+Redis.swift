// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionRegistryRedis
import Partitioning
import Provisioning

extension Hazard {
    /// What becomes of the maps when Redis restarts, and when its memory is full.
    static func hazards(of redis: RedisDurability, registry: String) -> [Hazard] {
        [persistence(redis, registry), eviction(redis, registry), blindSpot(redis, registry)].compactMap(\.self)
    }

    private static func persistence(_ redis: RedisDurability, _ registry: String) -> Hazard? {
        if redis.lastWriteFailed == true {
            return Hazard(
                .error,
                .redisPersistence,
                object: registry,
                "Redis' last write to its disk failed",
                evidence: ["INFO persistence: rdb_last_bgsave_status or aof_last_write_status isn't ok"],
                remedy: "see Redis' log and the space on its disk"
            )
        }
        guard redis.appendsToFile == false, let snapshots = redis.snapshots else { return nil }
        return Hazard(
            snapshots.isEmpty ? .warning : .note,
            .redisPersistence,
            object: registry,
            snapshots.isEmpty
                ? "Redis keeps nothing over a restart"
                : "Redis keeps snapshots alone: what was written since the last one is lost in a crash",
            evidence: ["appendonly is no", snapshots.isEmpty ? "save is empty" : "save is \(snapshots)"],
            remedy: "CONFIG SET appendonly yes, and CONFIG REWRITE"
        )
    }

    private static func eviction(_ redis: RedisDurability, _ registry: String) -> Hazard? {
        guard let policy = redis.evictionPolicy, policy.hasPrefix("allkeys") else { return nil }
        let limit = redis.memoryLimit ?? 0
        return Hazard(
            limit > 0 ? .warning : .note,
            .redisEviction,
            object: registry,
            limit > 0
                ? "Redis throws away any key, the maps too, when its memory is full"
                : "Redis would throw away any key, the maps too, if its memory were limited",
            evidence: [
                "maxmemory-policy is \(policy)", limit > 0 ? "maxmemory is \(limit) bytes" : "maxmemory isn't set",
            ],
            remedy:
                "CONFIG SET maxmemory-policy volatile-lru, or noeviction (maps have no expiry); or a Redis of their own"
        )
    }

    private static func blindSpot(_ redis: RedisDurability, _ registry: String) -> Hazard? {
        guard !redis.forbidden.isEmpty else { return nil }
        return Hazard(
            .note,
            .notExamined,
            object: registry,
            "whether Redis keeps the maps can't be seen: its user may not \(redis.forbidden.joined(separator: ", "))",
            remedy: "ACL SETUSER … " + redis.forbidden.map { "+\($0)" }.joined(separator: " ")
        )
    }
}
