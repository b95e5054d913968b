// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import Partitioning

/// What was read of the server's clock, against this machine's.
package struct ClockReading: Hashable, Sendable {
    /// Seconds by which the server is ahead of this machine; negative where it is behind.
    package var skew: Double
    /// Seconds by which that may be wrong: half of the round trip.
    package var uncertainty: Double

    package init(skew: Double, uncertainty: Double) {
        self.skew = skew
        self.uncertainty = uncertainty
    }
}

/// One of `pg_replication_slots`.
package struct ReplicationSlot: Hashable, Sendable {
    package var name: String
    package var isActive: Bool
    /// Transactions since the oldest that it could still see, in tables or in the catalog; nil where it holds none.
    package var snapshotAge: Int64?
    /// Bytes of WAL kept for it; nil where that isn't known.
    package var retainedBytes: Int64?
    /// `wal_status`: `reserved`, `extended`, `unreserved` or `lost`.
    package var walStatus: String?

    package init(
        name: String,
        isActive: Bool,
        snapshotAge: Int64? = nil,
        retainedBytes: Int64? = nil,
        walStatus: String? = nil
    ) {
        self.name = name
        self.isActive = isActive
        self.snapshotAge = snapshotAge
        self.retainedBytes = retainedBytes
        self.walStatus = walStatus
    }
}

/// A table of which an autovacuum against wraparound is due soon, or already.
package struct AgingTable: Hashable, Sendable {
    /// For people.
    package var name: String
    /// The partitioned table for whose new partitions it is locked.
    package var root: String
    /// `default partition`, or `target of a foreign key`.
    package var part: String
    package var age: Int64
    /// The age at which the vacuum starts.
    package var limit: Int64

    package init(name: String, root: String, part: String, age: Int64, limit: Int64) {
        self.name = name
        self.root = root
        self.part = part
        self.age = age
        self.limit = limit
    }
}

extension Hazard {
    /// A client this much off may not retire anything, in seconds.
    package static let toleratedSkew: Double = 60

    package static func hazard(of clock: ClockReading) -> Hazard? {
        guard abs(clock.skew) - clock.uncertainty > toleratedSkew else { return nil }
        return Hazard(
            .error,
            .clockSkew,
            "the server's clock is \(whole(abs(clock.skew))) s \(clock.skew > 0 ? "ahead of" : "behind") this machine's",
            evidence: ["measured to \(whole(clock.uncertainty.rounded(.up))) s"],
            remedy: "let both be set by NTP; timedatectl says whether a machine is"
        )
    }

    package static func hazard(ofStandby server: ServerFacts) -> Hazard? {
        guard server.isInRecovery else { return nil }
        return Hazard(
            .note,
            .standby,
            "the server is a standby",
            evidence: ["pg_is_in_recovery() is true"],
            remedy:
                "give rotate the primary's address; with several hosts in DB_URL, target_session_attrs=read-write finds it"
        )
    }

    /// Slots of which the consumer is away, and those for which WAL is running out.
    package static func hazards(of slots: [ReplicationSlot]) -> [Hazard] {
        slots.compactMap { slot in
            let isLost = slot.walStatus == "lost" || slot.walStatus == "unreserved"
            let holdsSnapshot = slot.snapshotAge != nil
            let retains = (slot.retainedBytes ?? 0) >= 1 << 30
            guard isLost || (!slot.isActive && (holdsSnapshot || retains)) else { return nil }
            var evidence = [slot.isActive ? "it is in use" : "nobody is connected to it"]
            if let age = slot.snapshotAge { evidence.append("its oldest snapshot is \(age) transactions old") }
            if let bytes = slot.retainedBytes { evidence.append("\(bytes >> 20) MiB of WAL are kept for it") }
            if let status = slot.walStatus { evidence.append("wal_status is \(status)") }
            return Hazard(
                isLost ? .error : .warning,
                .replicationSlot,
                object: slot.name,
                isLost
                    ? "the WAL that the replication slot \(slot.name) needs is gone, or going"
                    : "the replication slot \(slot.name) is not in use and holds \(holdsSnapshot ? "a snapshot" : "WAL") back",
                evidence: evidence,
                remedy:
                    "start its consumer; or, where there is none any more, SELECT pg_drop_replication_slot(\(literal(slot.name)))"
                    + (isLost ? ", and set the consumer up anew" : "")
            )
        }
    }

    package static func hazards(of aging: [AgingTable]) -> [Hazard] {
        aging.map { table in
            Hazard(
                .warning,
                .wraparoundVacuum,
                object: table.name,
                "\(table.name), \(table.part) of \(table.root), is \(table.age >= table.limit ? "" : "nearly ")due for an autovacuum against wraparound",
                evidence: ["it is \(table.age) transactions old, the vacuum begins at \(table.limit)"],
                remedy: "VACUUM (FREEZE) \(table.name) at an hour when rotate doesn't run"
            )
        }
    }

    static func literal(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    }
}
