// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import PartitionMap

/// One version of a map, in one line.
struct WatchLine: Encodable {
    struct Coverage: Encodable {
        @Nullable var start: String?
        @Nullable var end: String?
    }

    struct Change: Encodable {
        var change: String
        var partition: String
        @Nullable var before: String?
        @Nullable var after: String?
    }

    let schemaVersion = 1
    let command = "watch"
    var table: ResolveResult.NameOnly
    var version: Int64
    var checksum: String
    var partitions: Int
    @Nullable var coverage: Coverage?
    /// Against the version before; empty for the first one.
    var changes: [Change]

    /// - Parameter last: the version that was printed before; nil for none.
    init(_ document: PartitionMapDocument, version: Int64, after last: PartitionMapDocument?) {
        let name = document.table
        table = ResolveResult.NameOnly(
            schema: name.schema,
            name: name.table,
            qualified: NamedTables.qualified(name)
        )
        self.version = version
        checksum = document.checksum
        partitions = document.entries.count
        coverage = document.coverage.map { Coverage(start: $0.start, end: $0.end) }
        changes =
            last.map { last in
                MapDifference(from: last, to: document).changes.map {
                    Change(
                        change: $0.word,
                        partition: NamedTables.qualified($0.partition),
                        before: $0.before,
                        after: $0.after
                    )
                }
            } ?? []
    }

    var text: String {
        let signs = ["added": "+", "removed": "-"]
        let covered = coverage.map { ", \($0.start ?? "the beginning") to \($0.end ?? "the end")" } ?? ""
        let changed = changes.map { "  \(signs[$0.change] ?? "~") \($0.partition)" }.joined()
        return "version \(version): \(counted(partitions, "partition"))\(covered)\(changed)"
    }
}
