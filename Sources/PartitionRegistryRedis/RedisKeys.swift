// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap

/// Where a table's map lies in Redis. REGISTRY.md, "Layout per store".
struct RedisKeys {
    /// The pattern's sorted set.
    let members: String
    /// The hash with header and document. The braces put it into the sorted set's slot of a Redis Cluster.
    let meta: String
    /// The pattern's channel.
    let channel: String

    init(_ entity: EntityName, prefix: String) {
        members = "\(prefix)partition_map:\(entity.storeKey)"
        meta = "{\(members)}:meta"
        channel = Self.channelPrefix(prefix) + entity.storeKey
    }

    /// What matches every ``meta``. A prefix holds no character with a meaning in patterns.
    static func metaPattern(_ prefix: String) -> String { "{\(prefix)partition_map:*}:meta" }

    static func channelPattern(_ prefix: String) -> String { channelPrefix(prefix) + "*" }

    /// The table behind a ``meta``; nil for a foreign key.
    static func entity(meta: String, prefix: String) -> EntityName? {
        entity(meta, from: "{\(prefix)partition_map:", to: "}:meta")
    }

    /// The table behind a ``channel``; nil for a foreign one.
    static func entity(channel: String, prefix: String) -> EntityName? {
        entity(channel, from: channelPrefix(prefix), to: "")
    }

    private static func channelPrefix(_ prefix: String) -> String { "\(prefix)partition_map_updated:" }

    private static func entity(_ key: String, from head: String, to tail: String) -> EntityName? {
        let (bytes, head, tail) = (Array(key.utf8), Array(head.utf8), Array(tail.utf8))
        guard bytes.count > head.count + tail.count, bytes.starts(with: head),
            bytes.suffix(tail.count).elementsEqual(tail)
        else { return nil }
        return try? EntityName(
            storeKey: String(decoding: bytes[head.count..<bytes.count - tail.count], as: UTF8.self)
        )
    }
}
