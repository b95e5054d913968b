// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

package import PartitionMap

/// Where everybody who follows the write-ahead log stands, at one moment.
package struct ReplicationReading: Hashable, Sendable {
    /// A physical standby that is connected and says how far it has replayed. Archivers and `pg_receivewal` never say, and aren't here.
    package struct Standby: Hashable, Sendable {
        /// Its `application_name`; several may have the same.
        package var name: String
        /// nil over a Unix socket.
        package var address: String?
        package var replayed: LogSequenceNumber
        /// `replay_lag`: what it took at the last report. It reads small while replay stands still, so a small one proves nothing.
        package var reportedLag: Duration?

        package init(
            name: String,
            address: String? = nil,
            replayed: LogSequenceNumber,
            reportedLag: Duration? = nil
        ) {
            self.name = name
            self.address = address
            self.replayed = replayed
            self.reportedLag = reportedLag
        }
    }

    /// A logical slot of this database.
    package struct Slot: Hashable, Sendable {
        package var name: String
        /// Bytes of log that its subscriber hasn't confirmed.
        package var unconfirmed: Int64
        /// Whether a subscriber is connected.
        package var isActive: Bool

        package init(name: String, unconfirmed: Int64, isActive: Bool) {
            self.name = name
            self.unconfirmed = unconfirmed
            self.isActive = isActive
        }
    }

    /// How far the log is flushed on the primary.
    package var flushed: LogSequenceNumber
    package var standbys: [Standby]
    package var slots: [Slot]
    /// The statement without which this role can't see how far standbys are, where there is somebody to be seen.
    package var missingGrant: String?

    package init(
        flushed: LogSequenceNumber,
        standbys: [Standby] = [],
        slots: [Slot] = [],
        missingGrant: String? = nil
    ) {
        self.flushed = flushed
        self.standbys = standbys
        self.slots = slots
        self.missingGrant = missingGrant
    }
}
