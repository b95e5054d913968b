// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import Partitioning

/// A table that belongs to no partitioned table and looks as if it should.
package struct OrphanTable: Hashable, Sendable {
    package var name: RelationName
    /// The partitioned table with the same columns, whose name begins this one's; or whose marker it carries.
    package var parent: RelationName?
    package var marker: PartitionMarker?
    /// Rows by the statistics; nil where nothing was ever counted.
    package var rows: Int64?

    package init(name: RelationName, parent: RelationName?, marker: PartitionMarker? = nil, rows: Int64? = nil) {
        self.name = name
        self.parent = parent
        self.marker = marker
        self.rows = rows
    }
}

extension Hazard {
    package static func hazards(of orphans: [OrphanTable]) -> [Hazard] {
        orphans.map { orphan in
            let parent = orphan.parent?.description ?? orphan.marker?.parent ?? "a partitioned table"
            let hasRows = (orphan.rows ?? 0) > 0
            var evidence = [
                hasRows ? "about \(orphan.rows ?? 0) rows, by the statistics" : "no rows, by the statistics"
            ]
            if let marker = orphan.marker {
                evidence.insert(
                    "its comment says that partition-cli made it for \(marker.parent) at \(marker.createdAt)",
                    at: 0
                )
            } else {
                evidence.insert("it has the columns of \(parent) and a name that begins like it", at: 0)
            }
            return Hazard(
                hasRows || orphan.marker?.isUnattached == true ? .warning : .note,
                .orphanTable,
                table: orphan.parent,
                object: orphan.name.description,
                orphan.marker?.isUnattached == true
                    ? "\(orphan.name) was built for \(parent) and never attached"
                    : "\(orphan.name) looks like a partition of \(parent) and isn't attached",
                evidence: evidence,
                remedy: remedy(for: orphan, parent: parent, hasRows: hasRows)
            )
        }
    }

    private static func remedy(for orphan: OrphanTable, parent: String, hasRows: Bool) -> String {
        if orphan.marker?.isUnattached == true, !hasRows {
            return "partition-cli rotate attaches or removes it"
        }
        let attach = "ALTER TABLE \(parent) ATTACH PARTITION \(orphan.name) FOR VALUES FROM (…) TO (…)"
        return hasRows
            ? "where its rows are wanted: \(attach); else move or drop it on purpose"
            : "\(attach), or DROP TABLE \(orphan.name)"
    }
}
