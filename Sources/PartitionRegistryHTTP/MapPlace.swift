// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap

/// Where a table's map lies in etcd and Consul: the header, and each version's document in pieces.
struct MapPlace: Sendable {
    /// Begins every key of the table.
    let folder: String

    init(_ entity: EntityName, prefix: String) {
        folder = Self.root(prefix) + entity.storeKey + "/"
    }

    /// Begins every key of every table. A prefix and a store key hold no slash.
    static func root(_ prefix: String) -> String { "\(prefix)partition_map/" }

    var header: String { folder + "header" }

    /// Begins the key of every piece of that version.
    func version(_ version: Int64) -> String { "\(folder)\(version)/" }

    /// Pieces are counted from 0.
    func chunk(_ number: Int, of version: Int64) -> String { self.version(version) + String(number) }

    /// The version whose piece a key names; nil for another key.
    func version(ofChunk key: String) -> Int64? {
        guard key.utf8.starts(with: folder.utf8) else { return nil }
        let parts = key.utf8.dropFirst(folder.utf8.count).split(
            separator: UInt8(ascii: "/"),
            omittingEmptySubsequences: false
        )
        guard parts.count == 2, let text = String(parts[0]), let version = Int64(text), String(version) == text else {
            return nil
        }
        return version
    }

    /// The table whose header a key names; nil for another key.
    static func entity(ofHeader key: String, prefix: String) -> EntityName? {
        let (root, tail) = (root(prefix).utf8, "/header".utf8)
        guard key.utf8.starts(with: root), key.utf8.count > root.count + tail.count,
            key.utf8.suffix(tail.count).elementsEqual(tail),
            let name = String(key.utf8.dropFirst(root.count).dropLast(tail.count))
        else { return nil }
        return try? EntityName(storeKey: name)
    }
}
