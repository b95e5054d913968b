// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

/// What the marker says of a partition that is to be retired, from the moment on in which it is decided: in the catalog, so that a crash between any
/// two steps loses nothing.
package struct RetiringMarker: Hashable, Codable, Sendable {
    /// When a read showed a published map in which the partition is draining.
    package struct Sighting: Hashable, Codable, Sendable {
        /// Of the map.
        package var version: Int64
        /// Of the log when that map was made, as PostgreSQL writes positions.
        package var lsn: String
        package var at: Instant

        package init(version: Int64, lsn: String, at: Instant) {
            self.version = version
            self.lsn = lsn
            self.at = at
        }
    }

    package var drainingSince: Instant
    package var sighting: Sighting?
    /// Until when a map promised to keep the partition.
    package var keptUntil: Instant?

    package init(drainingSince: Instant, sighting: Sighting? = nil, keptUntil: Instant? = nil) {
        self.drainingSince = drainingSince
        self.sighting = sighting
        self.keptUntil = keptUntil
    }
}
