// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

import LibPQ
import PartitionMap
import Partitioning

/// Keeps a map from being published before the standbys that are connected have replayed what it says: a reader sent to one would find no such
/// partition.
struct ReplayGate: Sendable {
    let replication: ReplicationGuard
    let end: ContinuousClock.Instant

    /// Waits until it is replayed.
    ///
    /// - Returns: those that haven't when the time is up.
    func laggards(_ position: LogSequenceNumber, _ connection: Connection) async throws -> [Laggard] {
        try await replication.replay(of: position, connection, until: end)
    }

    /// Whether routers are about to run out of the map that they have, so that a late standby is the lesser harm. Where nothing is
    /// published yet nobody routes by it.
    ///
    /// - Returns: the days left in the published map, where it is so.
    func urgency(of published: PartitionMapDocument?, _ policy: GrowthPolicy, now: Instant) -> Double? {
        guard let published, let days = published.daysLeft(policy, now: now), days < RunGuards.lagWaiverDays(of: policy)
        else { return nil }
        return days
    }
}

extension PartitionMapDocument {
    /// Days of 24 hours from now to the first key that the map has no partition for, the default one aside; 0 where now has none; nil
    /// where there is no end.
    fileprivate func daysLeft(_ policy: GrowthPolicy, now: Instant) -> Double? {
        let ranges = entries.compactMap { entry -> KeyRange? in
            guard entry.state == .active, case .range(let start, let end)? = entry.path.first,
                let lower = start.first?.coordinate, let upper = end.first?.coordinate
            else { return nil }
            return KeyRange(lower: lower, upper: upper)
        }
        let today = policy.coordinate(of: now)
        guard let end = Partitioning.Coverage(ranges).contiguousEnd(from: today) else { return 0 }
        let (distance, overflow) = end.subtractingReportingOverflow(today)
        return end == .max || overflow ? nil : Double(distance) / 86_400_000_000
    }
}

extension PartitionMapDocument.RangeDatum {
    fileprivate var coordinate: Int64? {
        switch self {
        case .minValue: .min
        case .maxValue: .max
        case .date(let coordinate), .timestamp(let coordinate), .instant(let coordinate, _): coordinate
        case .integer, .text: nil
        }
    }
}
