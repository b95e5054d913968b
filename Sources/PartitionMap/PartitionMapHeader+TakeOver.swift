// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// Why a publish would overwrite the map of another database, or of this one's future.
public enum TakeOverReason: String, Sendable, Hashable, CustomStringConvertible {
    case otherCluster, otherDatabase, olderTimeline, olderLSN

    public var description: String {
        switch self {
        case .otherCluster: "the published map comes from another database cluster (system identifier)"
        case .otherDatabase: "the published map comes from another database of this cluster"
        case .olderTimeline: "the published map comes from a later timeline of this cluster"
        case .olderLSN: "the published map comes from a later log position of this cluster"
        }
    }
}

extension PartitionMapHeader {
    /// Why this header may not replace the other one without `--take-over`: a clone, a restore or an upgrade publishes
    /// under the original's name. Nil when it may.
    public func refusal(replacing current: PartitionMapHeader) -> TakeOverReason? {
        origin.refusal(replacing: current)
    }

    package var origin: MapOrigin {
        MapOrigin(systemIdentifier: systemIdentifier, database: database, timeline: timeline, lsn: lsn)
    }
}

extension MapOrigin {
    /// Why a map from here may not replace that one without `--take-over`. Nil when it may.
    package func refusal(replacing current: PartitionMapHeader) -> TakeOverReason? {
        if systemIdentifier != current.systemIdentifier { return .otherCluster }
        // By bytes, as PostgreSQL compares names.
        if !database.utf8.elementsEqual(current.database.utf8) { return .otherDatabase }
        if timeline < current.timeline { return .olderTimeline }
        return lsn < current.lsn ? .olderLSN : nil
    }

    /// Whether a map of the right content may stay as it is: it is this database's, and of its present timeline. One of an earlier timeline
    /// is published once more, since routers may have a later one, of what was lost with the failover or before the restore.
    package func isCurrentOrigin(of header: PartitionMapHeader) -> Bool {
        refusal(replacing: header) == nil && timeline == header.timeline
    }
}
